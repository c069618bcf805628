"""What a confirmed declaration does to the contracts. First it is written down what is to be done and how much goes
back, since Stripe tells that of a running contract alone; then each step is made under a key of its own, so that
whoever is interrupted begins again and nothing is done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.tasks import task
from django.utils import timezone
from django.utils.translation import gettext as _

from subscriptions.account.sentences import day_of, name_of
from subscriptions.agreed.agreements import wished_to_begin
from subscriptions.alerts import raise_alert
from subscriptions.answers import moment
from subscriptions.contracts.changing import drop_planned
from subscriptions.leaving.declarations import customer_of, running_of
from subscriptions.leaving.reasons import UNSAID, Reason
from subscriptions.models import (
    AlertKind,
    Declaration,
    DeclarationKind,
    DeclarationState,
    DeclaredContract,
    DeclaredEnd,
    DeclaredOutcome,
    Group,
    Subscription,
)
from subscriptions.models.plan import money
from subscriptions.money_back.refunds import Share, refund, refund_preview
from subscriptions.outgoing import queue_mail
from subscriptions.retries import put_off
from subscriptions.stripe_gateway import Answer, Gateway, StripeFailed
from subscriptions.sync import SyncBusy, mark_dirty, sync_customer

logger = logging.getLogger(__name__)

WAITS = (
    timedelta(seconds=20),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
HAS_ENDED = ("canceled", "incomplete_expired")


def carry_out(declaration: Declaration, gateway: Gateway) -> None:
    """Do all that is not done yet. Raises StripeFailed, and then the rest is left for another time."""
    if declaration.state != DeclarationState.CONFIRMED or declaration.user is None:
        return
    for contract in planned(declaration, gateway):
        if contract.outcome == DeclaredOutcome.PLANNED:
            do(contract, gateway)
    finish(declaration)


def carry_out_or_queue(declaration: Declaration) -> None:
    """While somebody waits: now or, where Stripe does not answer, by the queue."""
    try:
        carry_out(declaration, Gateway(in_request=True))
    except StripeFailed as error:
        logger.warning("declaration %s is put off: %s", declaration.pk, error)
        carry_out_later.enqueue(uuid=str(declaration.pk))


@task
def carry_out_later(*, uuid: str, attempt: int = 0) -> None:
    """Until Stripe has done it; after the last try a person is told."""
    declaration = Declaration.objects.select_related("user").get(pk=uuid)
    try:
        carry_out(declaration, Gateway())
    except StripeFailed as error:
        if not put_off(carry_out_later, attempt, waits=WAITS, uuid=uuid):
            raise_alert(
                AlertKind.LEAVING,
                f"{uuid}:failed",
                f"Declaration {uuid} is confirmed, and Stripe did not carry it out: {error}. Do it by hand.",
                customer_of(declaration.user),
            )


def planned(declaration: Declaration, gateway: Gateway) -> list[DeclaredContract]:
    """What is to be done to each contract that is meant, fixed once. Raises StripeFailed."""
    rows = declaration.contracts.select_related(
        "declaration", "subscription__customer", "subscription__plan", "subscription__user"
    )
    found = list(rows)
    if found:
        return found
    plans = [plan_for(declaration, subscription, gateway) for subscription in meant(declaration)]
    with transaction.atomic():
        Declaration.objects.select_for_update().get(pk=declaration.pk)
        if not declaration.contracts.exists():  # else another request was faster
            DeclaredContract.objects.bulk_create(plans)
    return list(rows.all())


def meant(declaration: Declaration) -> list[Subscription]:
    """All that runs, or those of the plan that was named; who has one contract alone means that one."""
    if declaration.user is None:
        return []
    running = list(running_of(declaration.user))
    named = [row for row in running if row.plan is not None and row.plan.key == declaration.contract]
    if not declaration.contract or len(running) == 1:
        return running
    return named


def plan_for(declaration: Declaration, subscription: Subscription, gateway: Gateway) -> DeclaredContract:
    in_time = is_withdrawn_in_time(declaration, subscription)
    wants_now = declaration.end == DeclaredEnd.AT_ONCE and settings.REFUND_WHEN_LEAVING
    contract = DeclaredContract(
        declaration=declaration,
        subscription=subscription,
        is_withdrawal=in_time,
        is_at_once=in_time or wants_now,
        currency=subscription.currency,
    )
    if contract.is_at_once:
        # Article 14(3) of Directive 2011/83/EU: who asked for it to begin at once pays for the time until now, and else
        # nothing.
        everything = in_time and not wished_to_begin(subscription)
        preview = refund_preview(subscription, gateway, everything=everything)
        contract.due_minor = preview.amount_minor
        contract.shares = [asdict(share) for share in preview.shares]
    return contract


def is_withdrawn_in_time(declaration: Declaration, subscription: Subscription) -> bool:
    """Up to the end of the last day, counted from the one after the contract; what counts is when it was declared."""
    if declaration.kind != DeclarationKind.WITHDRAW:
        return False
    began = timezone.localdate(subscription.started_at)
    return timezone.localdate(declaration.received_at) <= began + timedelta(days=settings.WITHDRAWAL_DAYS)


def do(contract: DeclaredContract, gateway: Gateway) -> None:
    """End it, give back what is due, and have the new state brought here. Raises StripeFailed."""
    subscription = contract.subscription
    answer = gateway.subscription(subscription.stripe_id)
    reason = Reason(contract.declaration.feedback, contract.declaration.reason)
    if contract.is_at_once:
        end_now(answer, gateway, key=f"leaving:{contract.pk}", reason=reason)
        shares = [Share(**share) for share in contract.shares]
        contract.returned_minor = refund(shares, gateway, key=f"leaving:{contract.pk}")
        contract.outcome, contract.ends_at = DeclaredOutcome.ENDED, timezone.now()
        tell_unreturned(subscription, contract.due_minor, contract.returned_minor, f"leaving:{contract.pk}")
    else:
        contract.canceled_at = moment(end_with_period(answer, gateway, reason).get("canceled_at"))
        contract.outcome = DeclaredOutcome.ENDS
    bring_now(subscription, gateway)
    if contract.outcome == DeclaredOutcome.ENDS:
        contract.ends_at = subscription.ends_at or subscription.ended_at or subscription.period_end
    contract.save(update_fields=["outcome", "returned_minor", "ends_at", "canceled_at"])


def bring_now(subscription: Subscription, gateway: Gateway) -> None:
    try:
        sync_customer(subscription.customer, gateway)
    except (SyncBusy, StripeFailed):
        mark_dirty(subscription.customer_id)
    subscription.refresh_from_db()


def drop_plans(answer: Answer, gateway: Gateway) -> None:
    """A change that is planned stands in the way of every end, and falls with the contract."""
    if answer.get("schedule"):
        drop_planned(gateway, answer["id"])


def end_now(answer: Answer, gateway: Gateway, *, key: str, reason: Reason = UNSAID) -> None:
    """Without a credit: what goes back is returned to the card. Ended already is as good."""
    if answer["status"] in HAS_ENDED:
        return
    drop_plans(answer, gateway)
    gateway.cancel_subscription(answer["id"], key=f"{settings.STRIPE_APP}:{key}", why=reason.params)


def end_with_period(answer: Answer, gateway: Gateway, reason: Reason = UNSAID) -> Answer:
    """As it is then. What ends anyway is left as it is, but for the reason."""
    if answer["status"] in HAS_ENDED:
        return answer
    if answer.get("cancel_at") or answer.get("cancel_at_period_end"):
        return gateway.update_subscription(answer["id"], reason.params) if reason.params else answer
    drop_plans(answer, gateway)
    return gateway.update_subscription(answer["id"], {"cancel_at_period_end": True, **reason.params})


def tell_unreturned(subscription: Subscription, due_minor: int, returned_minor: int, key: str) -> None:
    """What could not be given back is somebody's work."""
    missing = due_minor - returned_minor
    if missing > 0:
        raise_alert(
            AlertKind.NOT_RETURNED,
            key,
            f"{subscription.stripe_id} has ended, and of {money(due_minor, subscription.currency)} that are due "
            f"{money(missing, subscription.currency)} could not be returned ({key}). Return them by hand.",
            subscription.customer,
        )


@transaction.atomic
def finish(declaration: Declaration) -> None:
    """All is done: say so to the reader, once."""
    locked = Declaration.objects.select_for_update(of=("self",)).select_related("user").get(pk=declaration.pk)
    if locked.state != DeclarationState.CONFIRMED or locked.user is None:
        declaration.refresh_from_db()
        return
    rows = list(outcomes_of(locked))
    if any(row.outcome == DeclaredOutcome.PLANNED for row in rows):
        return
    if not rows:
        raise_alert(
            AlertKind.LEAVING,
            f"{locked.pk}:none",
            f"Declaration {locked.pk} is confirmed, and none of the reader's contracts is the one that it names "
            f"({locked.contract or 'all'}). Ask them, and settle it.",
            customer_of(locked.user),
        )
        return
    locked.state = DeclarationState.DONE
    locked.save(update_fields=["state"])
    context = {"declaration": locked, "contracts": rows, "sentences": list(sentences_of(rows))}
    queue_mail(f"leaving_done:{locked.pk}", locked.user, "leaving_done", context)
    declaration.refresh_from_db()


def outcomes_of(declaration: Declaration) -> Iterable[DeclaredContract]:
    return declaration.contracts.select_related("subscription__plan", "declaration").order_by("pk")


def sentences_of(rows: Iterable[DeclaredContract]) -> Iterable[str]:
    """What became of each contract, in words for the reader."""
    for row in rows:
        told = {"name": name_of(row.subscription), "day": day_of(row.ends_at) if row.ends_at else ""}
        if row.outcome == DeclaredOutcome.ENDED:
            yield _("%(name)s has ended on %(day)s. Nothing more is charged.") % told
            yield from money_sentences(row)
        elif row.outcome == DeclaredOutcome.ENDS and row.ends_at:
            yield _("%(name)s ends on %(day)s. You read until then, and nothing more is charged.") % told
        elif row.outcome == DeclaredOutcome.ENDS:
            yield _("%(name)s ends with the time that is paid for. Nothing more is charged.") % told
        else:
            yield _("%(name)s is being ended. A mail follows as soon as that is done.") % told
        if Group.objects.filter(subscription=row.subscription_id).exists():
            yield _("The seats of your group end with it.")
        if row.declaration.kind == DeclarationKind.WITHDRAW and not row.is_withdrawal:
            yield _("The time in which you could withdraw was over, so we took your declaration for a cancellation.")


def money_sentences(row: DeclaredContract) -> Iterable[str]:
    told = {"amount": money(row.due_minor, row.currency)}
    if not row.due_minor:
        yield _("There was nothing to give back.")
    elif row.returned_minor == row.due_minor:
        yield _("%(amount)s goes back to you, the way you paid. A bank may take up to ten days to show it.") % told
    else:
        yield _("%(amount)s goes back to you. A person here sees to it, and writes to you.") % told
