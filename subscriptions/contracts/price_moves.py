"""The publisher moves the subscribers of former prices of a plan to the one that is sold now: who is meant, from which
renewal on, told once and in time, and then another price on the item at Stripe. Nothing is charged by that, and no time
that is paid for costs more: the renewal that follows is at the price that the item has by then.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.tasks import TaskResultStatus, task
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from subscriptions.account.notices import PRICE_NOTICE, tell_price_change
from subscriptions.answers import items_of, moment, period_end_of, terms_of
from subscriptions.catalogue import amounts_of, current_price
from subscriptions.contracts.changing import CHANGEABLE
from subscriptions.contracts.pausing import boundaries
from subscriptions.contracts.ranks import months_of
from subscriptions.models import MoveState, Plan, PlanPrice, PriceMove, Subscription
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Answer, Gateway, StripeFailed, StripeRefused
from subscriptions.sync import mark_dirty

logger = logging.getLogger(__name__)

LONGEST_NOTICE = 365  # days
AT_ONCE = 50  # moves of one task
MONTHS_AHEAD = 36  # beyond every notice and the longest period
MARGIN = timedelta(days=2)  # before the renewal, or before the mail that announces it, in which the item is changed
LATE = timedelta(hours=1)  # by which the queue may tell later than was asked, and still of the day that was shown
MOMENT = timedelta(minutes=1)  # by which clocks may differ


@dataclass(frozen=True, slots=True)
class Moving:
    """The subscriptions at one former price. Their first and last renewal at the new one (UTC) are as far as can be
    said without asking Stripe: where a month is too short for the day of the renewal, up to three days early.
    """

    former: PlanPrice
    price: PlanPrice
    subscriptions: tuple[Subscription, ...]
    first_at: datetime
    last_at: datetime


# --- Who is meant ----------------------------------------------------------------------------------------------------
def steady() -> QuerySet[Subscription]:
    """Those that go on as they are: nothing about them is ended, planned or waited for."""
    own = Subscription.objects.of_this_mode().filter(user__isnull=False, status__in=CHANGEABLE, ended_at=None)
    own = own.filter(cancel_at=None, cancel_at_period_end=False, schedule_id="", pending_update_until=None)
    return own.filter(period_end__gt=timezone.now())


def to_move(plan: Plan) -> Iterator[tuple[Subscription, PlanPrice, PlanPrice]]:
    """Each with its former price and the new one, unless it is on its way to that already."""
    known = [current_price(plan, amount.currency, amount.interval) for amount in amounts_of(plan)]
    sold = {(price.currency, price.interval): price for price in known if price is not None}
    former = {price.stripe_id: price for price in PlanPrice.objects.filter(plan=plan, is_active=False)}
    under_way = dict(PriceMove.objects.under_way().filter(price__plan=plan).values_list("subscription_id", "price_id"))
    rows = steady().filter(plan=plan, price_id__in=former).select_related("user", "plan", "customer", "card", "group")
    for subscription in rows.order_by("pk"):
        present = former[subscription.price_id]
        price = sold.get((present.currency, present.interval))
        if price is None or price.amount_minor == present.amount_minor or under_way.get(subscription.pk) == price.pk:
            continue
        yield subscription, present, price


def preview(plan: Plan, days: int, now: datetime) -> list[Moving]:
    """What would be asked for with a notice of so many days. Asks nobody and changes nothing."""
    groups: dict[tuple[PlanPrice, PlanPrice], list[Subscription]] = {}
    for subscription, former, price in to_move(plan):
        groups.setdefault((former, price), []).append(subscription)
    earliest = now + timedelta(days=days) + LATE
    return [moving(former, price, rows, earliest) for (former, price), rows in groups.items()]


def moving(former: PlanPrice, price: PlanPrice, rows: list[Subscription], earliest: datetime) -> Moving:
    ends = [row.period_end for row in rows if row.period_end is not None]
    renewals = [first_renewal(end, end, price.interval, earliest) for end in ends]
    return Moving(former, price, tuple(rows), min(renewals), max(renewals))


def first_renewal(anchor: datetime, period_end: datetime, interval: str, earliest: datetime) -> datetime:
    """The first end of a period at `earliest` (UTC) or later, counted from the end of the present one."""
    ends = [period_end, *boundaries(anchor, period_end, MONTHS_AHEAD)][:: months_of(interval)]
    return next(end for end in ends if end >= earliest)


# --- Asked for in admin -----------------------------------------------------------------------------------------------
@transaction.atomic
def ask(plan: Plan, days: int) -> int:
    """Have them moved with at least so many days of notice; how many. Whoever was on the way to a price that is former
    by now goes to the new one instead.
    """
    Plan.objects.select_for_update().get(pk=plan.pk)  # two who press at once ask for it once
    now = timezone.now()
    not_before = now + timedelta(days=days) + LATE
    wanted = [(subscription.pk, price) for subscription, _former, price in to_move(plan)]
    for some in batched(wanted, 1000, strict=False):
        PriceMove.objects.under_way().filter(subscription__in=[pk for pk, _price in some]).update(
            state=MoveState.DROPPED
        )
        PriceMove.objects.bulk_create(
            PriceMove(subscription_id=pk, price=price, asked_at=now, not_before=not_before) for pk, price in some
        )
    move_prices.enqueue()
    return len(wanted)


# --- Carried out by the queue -----------------------------------------------------------------------------------------
def queue_moves() -> None:
    """Have the moves of this hour made, unless that is waiting already or there are none."""
    gone = PriceMove.objects.under_way().exclude(subscription__status__in=LIVE_STATUSES)
    gone.update(state=MoveState.DROPPED)
    waiting = DBTaskResult.objects.filter(task_path=move_prices.module_path, status=TaskResultStatus.READY)
    if due(timezone.now()).exists() and not waiting.exists():
        move_prices.enqueue()


def due(now: datetime) -> QuerySet[PriceMove]:
    """Those to be told, and those whose renewal is near."""
    to_be_told = Q(state=MoveState.ASKED)
    latest = now + max(notice_of_renewal(), notice_of_trial()) + MARGIN
    near = Q(state=MoveState.TOLD, subscription__period_end__lte=latest)
    near &= Q(subscription__period_end__gte=F("begins_at") - MOMENT)
    rows = PriceMove.objects.filter(to_be_told | near, subscription__in=steady())
    return rows.select_related("subscription__user", "subscription__plan", "price__plan").order_by("pk")


@task
def move_prices(*, after: int = 0) -> None:
    """One step for each that is due, in the order of their keys, beginning behind `after`. Twice does no harm: each
    mail has a key, and an item that has its price is left as it is. Where Stripe is away the next hour goes on.
    """
    gateway = Gateway()
    page = list(due(timezone.now()).filter(pk__gt=after)[:AT_ONCE])
    for move in page:
        try:
            step(move, gateway)
        except StripeRefused as error:
            logger.error("%s was not moved to another price: %s", move.subscription.stripe_id, error)
        except StripeFailed as error:
            logger.warning("moving subscribers to another price was put off: %s", error)
            return
    if len(page) == AT_ONCE:
        move_prices.enqueue(after=page[-1].pk)


def step(move: PriceMove, gateway: Gateway) -> None:
    """Tell its reader or, once the renewal is near, change the item. Raises StripeFailed."""
    answer = gateway.subscription(move.subscription.stripe_id)
    prices = {item["price"]["id"]: item for item in items_of(answer)}
    former = PlanPrice.objects.filter(
        plan=move.price.plan, currency=move.price.currency, interval=move.price.interval, stripe_id__in=prices
    ).first()
    is_sold = current_price(move.price.plan, move.price.currency, move.price.interval) == move.price
    if former == move.price:
        settle(move, MoveState.DONE)
    elif former is None or not is_sold:
        settle(move, MoveState.DROPPED)  # the reader changed the plan, or the publisher the price
    elif is_steady(answer):
        item = prices[former.stripe_id]
        if move.state == MoveState.ASKED:
            tell(move, answer, int(item.get("quantity") or 1))
        elif is_near(move, answer, timezone.now()):
            carry_out(move, answer, item, gateway)


def is_steady(answer: Answer) -> bool:
    """As `steady`, of what Stripe says now."""
    terms = terms_of(answer)
    stands = not any(terms[name] for name in ("cancel_at", "cancel_at_period_end", "schedule_id"))
    return stands and terms["pending_update_until"] is None and terms["status"] in CHANGEABLE


@transaction.atomic
def tell(move: PriceMove, answer: Answer, quantity: int) -> None:
    """Queue the mail. A worker that comes late moves the day, never the notice."""
    asked = PriceMove.objects.select_for_update().filter(pk=move.pk, state=MoveState.ASKED).first()
    end = period_end_of(answer)
    if asked is None or end is None:
        return
    earliest = max(asked.not_before, timezone.now() + PRICE_NOTICE + MOMENT)
    price, anchor = move.price, moment(answer["billing_cycle_anchor"]) or end
    asked.begins_at = first_renewal(anchor, end, price.interval, earliest)
    asked.state = MoveState.TOLD
    asked.save(update_fields=["begins_at", "state"])
    tell_price_change(move.subscription, price.amount_minor * quantity, price.currency, price.interval, asked.begins_at)


def is_near(move: PriceMove, answer: Answer, now: datetime) -> bool:
    """Whether the period that runs is the last one at the former price, and near its end. Before a renewal or a trial's
    end that is announced the item is changed earlier, so that the mail says what will be charged.
    """
    end = period_end_of(answer)
    if end is None or move.begins_at is None or end < move.begins_at - MOMENT:
        return False
    notice = timedelta()
    if answer["status"] == "trialing":
        notice = notice_of_trial()
    elif months_of(move.price.interval) > 1:
        notice = notice_of_renewal()
    return end <= now + notice + MARGIN


def notice_of_renewal() -> timedelta:
    return timedelta(days=settings.RENEWAL_NOTICE_DAYS)


def notice_of_trial() -> timedelta:
    return timedelta(days=settings.TRIAL_NOTICE_DAYS)


def carry_out(move: PriceMove, answer: Answer, item: Answer, gateway: Gateway) -> None:
    """Raises StripeFailed."""
    wanted = {"id": item["id"], "price": move.price.stripe_id, "quantity": int(item.get("quantity") or 1)}
    params: dict[str, Any] = {"items": [wanted], "proration_behavior": "none"}
    gateway.update_subscription(answer["id"], params)
    settle(move, MoveState.DONE)


@transaction.atomic
def settle(move: PriceMove, state: MoveState) -> None:
    PriceMove.objects.under_way().filter(pk=move.pk).update(state=state)
    mark_dirty(move.subscription.customer_id)
