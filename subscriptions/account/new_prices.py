"""That a subscription costs something else, or soon will, though its reader did not ask for that here: seen by the
sync, as where somebody changes the price of subscribers at Stripe. What a reader has changed, and what the site has
told before it did it (`subscriptions/contracts/price_moves.py`), is not told again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from subscriptions.account.notices import tell_found_price
from subscriptions.account.sentences import price_label
from subscriptions.models import Agreement, AgreementKind, MoveState, PlanPrice, PriceMove, StripeCustomer, Subscription
from subscriptions.stripe_gateway import Answer, Gateway

PAYING = ("active", "trialing", "past_due")


@dataclass(frozen=True, slots=True)
class Former:
    """What was stored before the sync. `label` is the price in words."""

    price_id: str
    terms: tuple[int, str, str]
    label: str
    period_end: datetime | None
    pending_price_id: str


type Formers = dict[str, Former]  # by the subscription's id at Stripe


def fetch_former(_gateway: Gateway, customer: StripeCustomer, _subscriptions: list[Answer]) -> Formers:
    """Nobody is asked, and nobody else writes these rows while the lease holds."""
    return {
        row.stripe_id: Former(row.price_id, terms_of(row), price_label(row), row.period_end, row.pending_price_id)
        for row in Subscription.objects.filter(customer=customer)
    }


def terms_of(row: Subscription) -> tuple[int, str, str]:
    return row.amount_minor, row.currency, row.interval


def save_told_prices(customer: StripeCustomer, former: Formers, now: datetime) -> list[str]:
    """Queue the mails. It changes no record, so there is nothing to report."""
    rows = Subscription.objects.filter(customer=customer, stripe_id__in=former, status__in=PAYING)
    for subscription in rows.select_related("user", "plan", "customer", "card"):
        if subscription.ends_at is None:
            tell_changed(subscription, former[subscription.stripe_id], now)
            tell_planned(subscription, now)
    return []


def tell_changed(subscription: Subscription, before: Former, now: datetime) -> None:
    """What is charged at the next renewal or, where a period has begun with it, was charged already."""
    if subscription.price_id == before.price_id or terms_of(subscription) == before.terms:
        return
    was_told_ahead = before.pending_price_id == subscription.price_id and subscription.plan is not None
    if was_told_ahead or is_expected(subscription, subscription.price_id):
        return
    end = subscription.period_end
    on = end if end is not None and end == before.period_end and end > now else now
    tell_found_price(subscription, before.label, terms_of(subscription), on, now)


def tell_planned(subscription: Subscription, now: datetime) -> None:
    """A schedule's next price. Of one that no plan has ever had nothing is known until it has come."""
    on = subscription.pending_from
    if on is None or on <= now or is_expected(subscription, subscription.pending_price_id):
        return
    known = PlanPrice.objects.in_bulk([subscription.price_id, subscription.pending_price_id], field_name="stripe_id")
    present, coming = known.get(subscription.price_id), known.get(subscription.pending_price_id)
    if coming is None:
        return
    quantity = subscription.amount_minor // present.amount_minor if present is not None and present.amount_minor else 1
    terms = (coming.amount_minor * max(quantity, 1), coming.currency, coming.interval)
    if terms != terms_of(subscription):
        tell_found_price(subscription, price_label(subscription), terms, on, now)


def is_expected(subscription: Subscription, price_id: str) -> bool:
    """Whether the reader agreed to this price last, or was told of it."""
    agreed = Agreement.objects.filter(kind=AgreementKind.CHANGE, subscription=subscription).order_by("-made_at", "-pk")
    if agreed.values_list("price__stripe_id", flat=True).first() == price_id:
        return True
    told = PriceMove.objects.filter(subscription=subscription, price__stripe_id=price_id)
    return told.filter(state__in=(MoveState.TOLD, MoveState.DONE)).exists()
