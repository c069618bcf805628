"""Another plan or interval for a subscription that runs: what can be chosen, what it costs to the minor unit, and how
it is carried out. Amounts are Stripe's own; whether a change is one up or down is said by `ranks.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from subscriptions.answers import id_of, items_of, period_end_of
from subscriptions.catalogue import current_price
from subscriptions.contracts.ranks import is_upgrade, months_of, rank_of
from subscriptions.models import PlanKind, PlanPrice, Subscription
from subscriptions.stripe_gateway import Answer, Gateway, StripeFailed, StripeRefused

FORM_SECONDS = 15 * 60  # for which a form with its figures holds
SALT = "subscriptions.change"
CHANGEABLE = ("active", "trialing")


class ChangeRefused(Exception):
    """The sentence that says why."""


class FormStale(Exception):
    """The form is too old, not ours, or its figures are not those of now."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a change costs, in minor units. `credit_minor`: for time that is paid and not used; `left_minor`: what of it
    is more than is due, and is taken off later payments. `next_at`, `counted_at`: seconds since 1970, the latter the
    moment from which shares of a period are counted (0: none are).
    """

    is_now: bool
    currency: str
    due_minor: int
    credit_minor: int
    left_minor: int
    next_minor: int
    next_at: int
    counted_at: int = 0
    is_trial: bool = False
    restarts: bool = False

    @property
    def next_on(self) -> datetime:
        return datetime.fromtimestamp(self.next_at, UTC)

    def agrees_with(self, other: Quote) -> bool:
        """Whether a reader who agreed to one has agreed to the other. A period that begins anew begins a little later
        than when it was asked for.
        """
        return self.figures() == other.figures()

    def figures(self) -> dict[str, Any]:
        figures = asdict(self)
        return figures | {"next_at": 0} if self.restarts else figures


@dataclass(frozen=True, slots=True)
class Contract:
    """The subscription as Stripe has it now, and the item and price that a change is about."""

    answer: Answer
    item: Answer
    price: PlanPrice

    @property
    def quantity(self) -> int:
        return int(self.item.get("quantity") or 1)

    @property
    def is_trial(self) -> bool:
        return bool(self.answer["status"] == "trialing")

    @property
    def period_end(self) -> int:
        end = period_end_of(self.answer)
        return 0 if end is None else int(end.timestamp())


def why_not(subscription: Subscription) -> str:
    """Why it cannot be changed or paused now, for its reader; empty where it can."""
    if subscription.status in ("past_due", "unpaid"):
        return _("The last payment did not go through. Please update your card first.")
    if subscription.status not in CHANGEABLE:
        return _("This subscription does not run at present.")
    if subscription.ends_at is not None:
        return _("This subscription is cancelled. Take the cancellation back first.")
    if subscription.pending_update_until is not None:
        return _("A change of your plan waits for its payment. Pay it first, or let it lapse.")
    if subscription.schedule_id:
        return _("A change of your plan is coming already. Keep the present plan first.")
    if subscription.paused_from is not None:
        return _("This subscription is paused. Resume it first.")
    if subscription.is_collection_paused:
        return _("Payments are paused at present. It can be changed once they go on.")
    if subscription.plan is None:
        return _("This subscription is not of a plan that is offered here. Please write to us to change it.")
    return ""


def choices_for(subscription: Subscription) -> list[PlanPrice]:
    """What one can change to: sold now, in the currency that is paid in, lowest first. A plan by its link alone is no
    choice but for who is on it, and seats are no choice for who has none.
    """
    present = subscription.plan
    if present is None:
        return []
    of_kind = PlanPrice.objects.filter(
        is_active=True,
        currency=subscription.currency,
        plan__kind=PlanKind.RECURRING,
        plan__is_offered=True,
        plan__is_group=present.is_group,
    ).select_related("plan")
    choices = [
        price
        for price in of_kind
        if (price.plan_id, price.interval) != (present.pk, subscription.interval)
        and (not price.plan.is_by_link or price.plan_id == present.pk)
        and current_price(price.plan, price.currency, price.interval) == price
    ]
    return sorted(choices, key=lambda price: (*rank_of(price), price.pk))


def has_cheaper(subscription: Subscription) -> bool:
    """Whether there is less to be had than to have nothing."""
    present = PlanPrice.objects.filter(stripe_id=subscription.price_id).select_related("plan").first()
    return present is not None and any(rank_of(price) < rank_of(present) for price in choices_for(subscription))


def contract_of(gateway: Gateway, subscription: Subscription) -> Contract:
    """Raises ChangeRefused where Stripe has something else in mind than what is shown, StripeFailed."""
    answer = gateway.subscription(subscription.stripe_id)
    items = {item["price"]["id"]: item for item in items_of(answer)}
    known = PlanPrice.objects.filter(stripe_id__in=items).select_related("plan")
    price = max(known, key=rank_of, default=None)
    if price is None or answer["status"] not in CHANGEABLE:
        raise ChangeRefused(_("This subscription cannot be changed now."))
    if answer.get("schedule"):
        raise ChangeRefused(_("A change of your plan is coming already. Keep the present plan first."))
    return Contract(answer, items[price.stripe_id], price)


def quote(gateway: Gateway, contract: Contract, wanted: PlanPrice, counted_at: int = 0) -> Quote:
    """What the change costs, from Stripe's previews; shares of a period as of `counted_at`, if given, else as of now.

    Raises StripeRefused also where `counted_at` is in a period that is over.
    """
    later = gateway.preview_invoice(preview_of(contract, wanted, {"proration_behavior": "none"}))
    currency = str(later["currency"]).upper()
    restarts = months_of(wanted.interval) != months_of(contract.price.interval)
    if contract.is_trial or not is_upgrade(contract.price, wanted):
        is_now = contract.is_trial  # nothing is paid yet, and the trial keeps its end
        next_minor = due_with(later, balance_before(later))
        return Quote(is_now, currency, 0, 0, 0, next_minor, contract.period_end, is_trial=contract.is_trial)
    details: dict[str, Any] = {"proration_behavior": "always_invoice"}
    if counted_at:
        details["proration_date"] = counted_at
    today = gateway.preview_invoice(preview_of(contract, wanted, details))
    left = min(0, int(today["total"]) + balance_before(today))
    return Quote(
        is_now=True,
        currency=currency,
        due_minor=int(today["amount_due"]),
        credit_minor=-sum(line["amount"] for line in lines_of(today) if line["amount"] < 0),
        left_minor=-left,
        next_minor=due_with(later, left),
        next_at=max(line["period"]["end"] for line in lines_of(later)) if restarts else contract.period_end,
        counted_at=counted_at or counted_at_of(today),
        restarts=restarts,
    )


def preview_of(contract: Contract, wanted: PlanPrice, details: dict[str, Any]) -> dict[str, Any]:
    items = [{"id": contract.item["id"], "price": wanted.stripe_id, "quantity": contract.quantity}]
    return {"subscription": contract.answer["id"], "subscription_details": {"items": items, **details}}


def balance_before(invoice: Answer) -> int:
    """What is on the customer's account before this invoice, in minor units; below zero what is to their credit. What
    is on it afterwards Stripe says in final invoices alone, never in a preview.
    """
    return int(invoice.get("starting_balance") or 0)


def due_with(invoice: Answer, balance: int) -> int:
    return max(0, int(invoice["total"]) + balance)


def lines_of(invoice: Answer) -> list[Answer]:
    return list(invoice["lines"]["data"])


def counted_at_of(preview: Answer) -> int:
    """From when Stripe counted shares: by its own clock, which the site's need not agree with to the second."""
    details = (preview.get("parent") or {}).get("subscription_details") or {}
    told = details.get("subscription_proration_date")
    starts = [line["period"]["start"] for line in lines_of(preview) if is_share(line)]
    return int(told or min(starts, default=0))


def is_share(line: Answer) -> bool:
    parent = line.get("parent") or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    return bool(details.get("proration"))


def signed(subscription: Subscription, wanted: PlanPrice, quoted: Quote) -> str:
    """What the confirming form carries: to which figures the reader agrees."""
    return signing.dumps({"of": subscription.pk, "to": wanted.pk, "quote": asdict(quoted)}, salt=SALT)


def read_signed(token: str, subscription: Subscription, wanted: PlanPrice) -> Quote:
    """Raises FormStale."""
    try:
        held = signing.loads(token, salt=SALT, max_age=FORM_SECONDS)
    except signing.BadSignature as error:  # also of one that has expired
        raise FormStale from error
    if (held["of"], held["to"]) != (subscription.pk, wanted.pk):
        raise FormStale
    return Quote(**held["quote"])


def check(gateway: Gateway, contract: Contract, wanted: PlanPrice, agreed: Quote) -> None:
    """Raises FormStale unless it costs what was agreed to; StripeFailed."""
    try:
        current = quote(gateway, contract, wanted, agreed.counted_at)
    except StripeRefused as error:
        raise FormStale from error
    if not agreed.agrees_with(current):
        raise FormStale


def carry_out(gateway: Gateway, contract: Contract, wanted: PlanPrice, agreed: Quote, token: str) -> None:
    """What was checked and written down. The same form sent twice changes it once. Raises StripeFailed."""
    key = key_of("change", token)
    if agreed.is_now:
        change_now(gateway, contract, wanted, agreed, key)
    else:
        change_at_period_end(gateway, contract, wanted, key)


def key_of(what: str, token: str) -> str:
    """The idempotency key of what a signed form asks for: sent twice, it is done once."""
    return f"{what}:{hashlib.sha256(token.encode()).hexdigest()}"


def change_now(gateway: Gateway, contract: Contract, wanted: PlanPrice, agreed: Quote, key: str) -> None:
    """The plan changes once it is paid for; until then, and if it never is, the present one stays."""
    params: dict[str, Any] = {
        "items": [{"id": contract.item["id"], "price": wanted.stripe_id, "quantity": contract.quantity}],
        "payment_behavior": "pending_if_incomplete",
        "proration_behavior": "always_invoice",
    }
    if agreed.counted_at:
        params["proration_date"] = agreed.counted_at
    gateway.update_subscription(contract.answer["id"], params, key=key)


def change_at_period_end(gateway: Gateway, contract: Contract, wanted: PlanPrice, key: str) -> None:
    """By a schedule of two phases: the present one to its end, then one period of the other, and no schedule more."""
    schedule = gateway.create_schedule(contract.answer["id"], key=key)
    present = next(
        phase for phase in schedule["phases"] if phase["start_date"] == schedule["current_phase"]["start_date"]
    )
    kept = [*items_in(present)]
    items = [item | {"price": wanted.stripe_id} if item["price"] == contract.price.stripe_id else item for item in kept]
    following: dict[str, Any] = {
        "items": items,
        "proration_behavior": "none",
        "duration": {"interval": wanted.interval, "interval_count": 1},
    }
    dates = {"start_date": present["start_date"], "end_date": present["end_date"]}
    phases = [{"items": kept, "proration_behavior": "none", **dates}, following]
    discounts = [{"discount": id_of(row["discount"])} for row in present["discounts"] or [] if id_of(row["discount"])]
    if discounts:
        phases = [phase | {"discounts": discounts} for phase in phases]
    params = {"end_behavior": "release", "proration_behavior": "none", "phases": phases}
    try:
        gateway.update_schedule(schedule["id"], params)
    except StripeFailed:
        gateway.release_schedule(schedule["id"])  # one without a second phase would only be in the way
        raise


def items_in(phase: Answer) -> Iterator[dict[str, Any]]:
    for item in phase["items"]:
        yield {"price": id_of(item["price"]), "quantity": int(item.get("quantity") or 1)}


def drop_planned(gateway: Gateway, stripe_id: str) -> None:
    """Whatever a schedule would make of the subscription is not to be. Ending one that has a schedule is refused by
    Stripe, so this comes before. Raises StripeFailed.
    """
    schedule = id_of(gateway.subscription(stripe_id).get("schedule"))
    if schedule:
        gateway.release_schedule(schedule)
