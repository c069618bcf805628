"""A reader's own data in this app: what an export of it holds, and what erasing the account does to it.

Subscriptions, invoices, purchases and agreements stay, as the law on books asks, without a link to anybody; addresses
in what stays are blanked. At Stripe the customer is removed, and with it whatever runs.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.erasure import ErasurePutOff
from accounts.export import Table
from accounts.models import User
from subscriptions.leaving.deeds import end_now, tell_unreturned
from subscriptions.models import (
    LIVE_STATES,
    Agreement,
    AttemptState,
    Card,
    CheckoutAttempt,
    Declaration,
    Dispute,
    Gift,
    Grant,
    Group,
    Invoice,
    Lead,
    OutgoingMail,
    Purchase,
    Seat,
    SeatState,
    StripeCustomer,
    Subscription,
    SyncJob,
    TrialUse,
)
from subscriptions.money_back.refunds import RefundPreview, refund, refund_preview
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeMissing, StripeRefused
from subscriptions.sync import SyncBusy, mark_dirty, sync_customer

logger = logging.getLogger(__name__)

ERASED = "erased@erased.invalid"  # stands for the address in leads that something hangs on
UNPAID = ("open", "uncollectible")  # as Stripe spells invoices that wait for money


# --- Export ---------------------------------------------------------------------------------------------------------
def export_tables(user: User) -> list[Table]:
    """Of gifts, groups and seats the reader's own side alone: no address of anybody else."""
    gifts = Gift.objects.order_by("pk")
    leads = Lead.objects.filter(user=user).order_by("pk").annotate(option=F("plan__name"))
    return [
        Table("addresses_given", _("Addresses given at the gate"), rows(leads, *LEAD)),
        Table(
            "agreements", _("What you agreed to"), rows(Agreement.objects.of_reader(user).order_by("pk"), *AGREEMENT)
        ),
        Table("subscriptions", _("Your subscriptions"), rows(own_subscriptions(user), *SUBSCRIPTION)),
        Table("cards", _("What your subscriptions are paid with"), rows(own_cards(user), *CARD)),
        Table("disputes", _("Payments that were contested"), rows(own_disputes(user), *DISPUTE)),
        Table("invoices", _("Your invoices"), rows(own_invoices(user), *INVOICE)),
        Table("purchases", _("What you paid for once"), rows(own_purchases(user), *PURCHASE)),
        Table("access", _("Access that was given to you"), rows(Grant.objects.filter(user=user), *GRANT)),
        Table("trials", _("Your trials"), rows(TrialUse.objects.filter(user=user), "began_at", "refused_at")),
        Table(
            "gifts_bought", _("Gift subscriptions that you bought"), rows(gifts.filter(purchase__user=user), *BOUGHT)
        ),
        Table("gifts_redeemed", _("Gift subscriptions that you got"), rows(gifts.filter(redeemed_by=user), *GOT)),
        Table("groups", _("Groups that you pay for"), rows(Group.objects.filter(owner=user), "name", "seats")),
        Table("seats", _("Your seats in groups"), rows(Seat.objects.filter(user=user), *SEAT)),
        Table("checkouts", _("Your ways to the payment page"), rows(own_attempts(user), *ATTEMPT)),
        Table("declarations", _("What you declared"), rows(Declaration.objects.filter(user=user), *DECLARATION)),
        Table("mails", _("Mails about your subscription"), rows(OutgoingMail.objects.filter(user=user), *MAIL)),
    ]


LEAD = ("email", "option", "consent_wording", "consent_version", "source_path", "created_at", "confirmed_at")
AGREEMENT = (
    *("made_at", "kind", "plan_name", "amount_minor", "currency", "interval", "quantity", "wording"),
    *("wording_version", "small_print", "terms_version", "begins_at_once"),
)
SUBSCRIPTION = (
    *("stripe_id", "plan__name", "status", "amount_minor", "currency", "interval", "started_at", "period_end"),
    *("trial_end", "cancel_at", "cancel_at_period_end", "ended_at"),
)
CARD = ("subscription__stripe_id", "kind", "brand", "last4", "exp_month", "exp_year")
DISPUTE = ("stripe_id", "amount_minor", "currency", "reason", "status", "opened_at", "closed_at")
INVOICE = (
    "stripe_id",
    "number",
    "status",
    "currency",
    "total_minor",
    "tax_minor",
    "paid_minor",
    "finalized_at",
    "paid_at",
)
PURCHASE = (
    "price__plan__name",
    "scope",
    "amount_minor",
    "tax_minor",
    "refunded_minor",
    "currency",
    "paid_at",
    "ends_at",
)
BOUGHT = ("months", "giver_name", "message", "sends_on", "created_at", "expires_at", "redeemed_at")
GOT = ("months", "redeemed_at", "begun_at")
GRANT = ("source", "scope", "starts_at", "ends_at", "revoked_at", "reason")
SEAT = ("state", "invited_at", "taken_at")
ATTEMPT = ("uuid", "price__plan__name", "quantity", "scope", "state", "created_at", "paid_at")
DECLARATION = (
    "uuid",
    "received_at",
    "kind",
    "end",
    "contract",
    "name",
    "email",
    "reason",
    "message",
    "state",
    "confirmed_at",
)
MAIL = ("recipient", "subject", "text", "created_at", "sent_at")


def rows(found: QuerySet[Any], *names: str) -> list[dict[str, object]]:
    return [dict(row) for row in found.values(*names)]


def own_subscriptions(user: User) -> QuerySet[Subscription]:
    return Subscription.objects.filter(user=user).order_by("pk")


def own_cards(user: User) -> QuerySet[Card]:
    return Card.objects.filter(subscription__user=user).order_by("pk")


def own_disputes(user: User) -> QuerySet[Dispute]:
    return Dispute.objects.filter(Q(subscription__user=user) | Q(purchase__user=user)).order_by("pk")


def own_invoices(user: User) -> QuerySet[Invoice]:
    return Invoice.objects.filter(subscription__user=user).order_by("pk")


def own_purchases(user: User) -> QuerySet[Purchase]:
    return Purchase.objects.filter(user=user).order_by("pk")


def own_attempts(user: User) -> QuerySet[CheckoutAttempt]:
    return CheckoutAttempt.objects.filter(user=user).order_by("created_at")


# --- Erasure --------------------------------------------------------------------------------------------------------
def refusal(user: User) -> str:
    """Why the account cannot be erased yet; empty where it can."""
    if Invoice.objects.filter(subscription__user=user, status__in=UNPAID, total_minor__gt=F("paid_minor")).exists():
        return _("An invoice of yours is not paid yet. Please pay it first, or write to us about it.")
    members = Seat.objects.filter(group__owner=user, state=SeatState.TAKEN).exclude(user=user)
    if members.filter(group__subscription__status__in=LIVE_STATUSES).exists():
        return _("Others read in a group that you pay for. Please take their seats back first, or cancel the group.")
    return ""


def end_at_stripe(user: User) -> None:
    """End what runs, give back what the setting says, and have the customer removed. Each step may be made again.

    Raises ErasurePutOff.
    """
    gateway = Gateway(in_request=True)
    try:
        for customer in customers_at_stripe(user):
            close_pages(customer, gateway)
            for subscription in running_of(customer):
                end_one(subscription, gateway)
            remove_customer(customer, gateway)
    except StripeFailed as error:
        logger.warning("the erasure of account %d is put off: %s", user.pk, error)
        raise ErasurePutOff(
            _("The payment service does not answer just now. Your account is not erased yet: please try again soon.")
        ) from None


def customers_at_stripe(user: User) -> list[StripeCustomer]:
    """The reader's own, and further ones with whom they paid before it was known who they are."""
    if not settings.STRIPE_SECRET_KEY:
        return []
    theirs = Q(user=user) | Q(subscriptions__user=user) | Q(checkout_attempts__user=user) | Q(purchases__user=user)
    held = StripeCustomer.objects.filter(theirs, livemode=settings.STRIPE_LIVEMODE, deleted_at=None)
    return list(held.distinct().order_by("pk"))


def running_of(customer: StripeCustomer) -> list[Subscription]:
    running = Subscription.objects.filter(customer=customer, status__in=LIVE_STATUSES)
    return list(running.select_related("customer").order_by("pk"))


def close_pages(customer: StripeCustomer, gateway: Gateway) -> None:
    """No payment page may stay open that somebody could still pay on."""
    waiting = CheckoutAttempt.objects.filter(customer=customer, state=AttemptState.OPEN)
    for attempt in waiting.exclude(session_id=None):
        try:
            gateway.expire_session(attempt.session_id or "")
        except StripeRefused:  # it is paid, or expired by itself: the customer goes in any case
            continue


def end_one(subscription: Subscription, gateway: Gateway) -> None:
    answer = gateway.subscription(subscription.stripe_id)
    key = f"erasure:{subscription.stripe_id}"
    preview = None
    if settings.REFUND_WHEN_LEAVING and answer["status"] in LIVE_STATUSES:
        preview = refund_preview(subscription, gateway, everything=False)
    end_now(answer, gateway, key=key)
    if preview is not None:
        tell_unreturned(subscription, preview.amount_minor, returned_now(preview, gateway, key), key)


def returned_now(preview: RefundPreview, gateway: Gateway, key: str) -> int:
    """It has ended, so another try would not know any more what is due: what fails is told to a person."""
    try:
        return refund(preview.shares, gateway, key=key)
    except StripeFailed as error:
        logger.warning("what %s gives back is not certain: %s", key, error)
        return 0


def remove_customer(customer: StripeCustomer, gateway: Gateway) -> None:
    with suppress(StripeMissing):  # where a former try came as far as this
        gateway.delete_customer(customer.stripe_id)
    try:
        sync_customer(customer, gateway)
    except (SyncBusy, StripeFailed):
        mark_dirty(customer.pk)


def unlink(user: User, emails: frozenset[str]) -> None:
    """Rows are locked in the order of docs/billing.md; a sync that has fetched before finds the generation moved on."""
    theirs = Q(user=user) | Q(subscriptions__user=user) | Q(checkout_attempts__user=user) | Q(purchases__user=user)
    customers = list(StripeCustomer.objects.filter(theirs).distinct().values_list("pk", flat=True))
    list(SyncJob.objects.select_for_update().filter(customer_id__in=customers).order_by("customer_id"))
    for pk in sorted(customers):
        mark_dirty(pk)
    StripeCustomer.objects.filter(pk__in=customers).update(user=None, billing_email="")
    own = Q(user=user) | Q(lead__user=user) | Q(lead__email__in=emails) | Q(customer__in=customers)
    attempts = list(CheckoutAttempt.objects.filter(own).values_list("pk", flat=True))
    forget_words(user, emails)
    unlink_attempts(attempts)
    Card.objects.filter(Q(subscription__user=user) | Q(subscription__customer__in=customers)).delete()
    Subscription.objects.filter(user=user).update(user=None)
    Purchase.objects.filter(user=user).update(user=None)
    Group.objects.filter(owner=user).update(owner=None, name="")
    for address in sorted(emails):
        Seat.objects.filter(email__iexact=address).exclude(state=SeatState.ENDED).update(
            state=SeatState.ENDED, email="", user=None, taken_at=None
        )
    Seat.objects.filter(user=user).update(state=SeatState.ENDED, email="", user=None, taken_at=None)


def unlink_attempts(attempts: list[UUID]) -> None:
    own = CheckoutAttempt.objects.filter(pk__in=attempts)
    own.filter(state__in=LIVE_STATES).update(state=AttemptState.EXPIRED)
    own.update(user=None, browser="", next_path="/", session_url="")


def forget_words(user: User, emails: frozenset[str]) -> None:
    """What was typed or sent: gone where nothing hangs on it, blank where something does."""
    leads = Lead.objects.filter(Q(user=user) | Q(email__in=emails))
    leads.filter(checkout_attempts=None).delete()
    leads.update(user=None, email=ERASED, source_path="")
    OutgoingMail.objects.filter(Q(user=user) | Q(recipient__in=emails)).delete()
    # A gift that nobody has redeemed yet stays good, without the name of who gave it.
    Gift.objects.filter(attempt__user=user).update(giver_name="")
    redeemed = Gift.objects.filter(Q(redeemed_by=user) | Q(attempt__user=user), redeemed_at__isnull=False)
    redeemed.update(recipient_name="", recipient_email="", message="")
    declared = Declaration.objects.filter(Q(user=user) | Q(email__in=emails))
    declared.update(user=None, name="", email="", reason="", message="", code_seal="")
