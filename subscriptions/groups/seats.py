"""Adding and reducing the seats of a group: what is due is asked of Stripe beforehand, shown, and agreed to by a signed
form. The number of seats changes here when a sync has seen it at Stripe.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.account.sentences import day_of
from subscriptions.answers import items_of
from subscriptions.contracts.changing import why_not
from subscriptions.groups.groups import SeatRefused
from subscriptions.models import Group, PlanPrice, Seat, SeatState
from subscriptions.models.plan import interval_label, money
from subscriptions.stripe_gateway import Answer, Gateway

SALT = "subscriptions.groups.seats"
GOOD_FOR = timedelta(minutes=30)
WORDING_VERSION = "2026-11-24"  # of templates/subscriptions/group_seats.html


@dataclass(frozen=True, slots=True)
class Quote:
    """What a change of seats brings, as Stripe says. `due_minor`: now, for more seats; `next_minor`: the next payment,
    for fewer, with what goes back and any credit taken off; below zero the credit that is left then. `suspended`: seats
    whose readers would be put on hold, newest first.
    """

    group: int
    former: int
    seats: int
    at: int  # seconds since 1970; amounts are of that moment
    due_minor: int
    next_minor: int
    currency: str
    suspended: tuple[int, ...]

    @property
    def is_more(self) -> bool:
        return self.seats > self.former

    @property
    def due_label(self) -> str:
        return money(self.due_minor, self.currency)

    @property
    def next_label(self) -> str:
        return money(abs(self.next_minor), self.currency)

    @property
    def is_credit(self) -> bool:
        return self.next_minor < 0

    @property
    def signed(self) -> str:
        return signing.dumps(asdict(self), salt=SALT)


def read_quote(text: str) -> Quote:
    """What was shown and agreed to. Raises SeatRefused where it was changed or is too old."""
    try:
        fields: dict[str, Any] = signing.loads(text, salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        raise SeatRefused(_("The amounts were shown too long ago. Please look at them once more.")) from None
    return Quote(**{**fields, "suspended": tuple(fields["suspended"])})


def wished_seats(group: Group, typed: str) -> int:
    """Raises SeatRefused, in a sentence, for what is no number of seats of this plan."""
    plan = group.subscription.plan
    if plan is None or not plan.is_group:
        raise SeatRefused(_("This subscription has no seats that could be changed."))
    if objection := why_not(group.subscription):
        raise SeatRefused(objection)
    least, most = min(plan.least_seats, group.seats), max(plan.most_seats, group.seats)
    seats = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0
    if not least <= seats <= most:
        told = {"least": least, "most": most}
        raise SeatRefused(_("Please write a number of seats from %(least)d to %(most)d.") % told)
    if seats == group.seats:
        raise SeatRefused(_("That is how many seats you have."))
    return seats


def quote(group: Group, seats: int, gateway: Gateway, at: int | None = None) -> Quote:
    """What Stripe says of the change as of a moment (seconds since 1970; now, unless told); nothing is changed. Raises
    StripeFailed.
    """
    subscription = group.subscription
    item = item_of(gateway, group)
    # Stripe takes no moment outside the period, and its clock is not ours.
    moment = at or min(max(int(timezone.now().timestamp()), item["current_period_start"]), item["current_period_end"])
    is_more = seats > group.seats
    invoice = gateway.preview_invoice(
        {
            "customer": subscription.customer.stripe_id,
            "subscription": subscription.stripe_id,
            "subscription_details": {**wish(group, item, seats), "proration_date": moment},
        }
    )
    # In a trial nothing is due before its end, so what Stripe previews is the first payment.
    is_due_now = is_more and subscription.status != "trialing"
    return Quote(
        group=group.pk,
        former=group.seats,
        seats=seats,
        at=moment,
        due_minor=int(invoice["amount_due"]) if is_due_now else 0,
        next_minor=0 if is_due_now else int(invoice["total"]) + int(invoice.get("starting_balance") or 0),
        currency=str(invoice["currency"]).upper(),
        suspended=tuple(seat.pk for seat in newest_taken(group, seats)),
    )


def price_of(group: Group) -> PlanPrice:
    """What each seat costs. Raises SeatRefused where this price is not known here any more."""
    known = PlanPrice.objects.filter(stripe_id=group.subscription.price_id).select_related("plan").first()
    if known is None:
        raise SeatRefused(_("This subscription has no seats that could be changed."))
    return known


def agreed_words(agreed: Quote, group: Group) -> str:
    """As templates/subscriptions/group_seats.html says it, without the readers who would be put on hold: the ledger
    outlives them.
    """
    subscription = group.subscription
    told = {"due": agreed.due_label, "amount": agreed.next_label, "seats": agreed.seats}
    told["price"] = money(subscription.amount_minor // max(group.seats, 1), subscription.currency)
    told |= {"interval": interval_label(subscription.interval), "day": ""}
    if subscription.period_end is not None:
        told["day"] = day_of(subscription.period_end)
    after = _("After that each seat costs %(price)s %(interval)s.")
    if subscription.status == "trialing":
        lines = [_("Nothing is due now. From the first payment on each seat costs %(price)s %(interval)s.")]
    elif agreed.is_more:
        lines = [_("%(due)s is due now: the new seats from today to the end of the time that is paid for.")]
        lines += [_("From %(day)s all %(seats)s seats cost %(price)s %(interval)s each.")]
    elif agreed.is_credit:
        lines = [
            _(
                "Nothing is due now, and nothing at the next payment: %(amount)s of what you have paid stays to your "
                "credit."
            ),
            after,
        ]
    else:
        lines = [
            _(
                "Nothing is due now. Your next payment, on %(day)s, is %(amount)s: what you have paid for and not used "
                "is taken off."
            ),
            after,
        ]
    lines = [ngettext("%(seats)s seat?", "%(seats)s seats?", agreed.seats), *lines, f"[{button_of(agreed)}]"]
    return "\n".join(line % told for line in lines)


def button_of(agreed: Quote) -> str:
    if agreed.due_minor:
        return _("Pay %(due)s and add the seats")
    return _("Add the seats") if agreed.is_more else _("Reduce the seats")


def wish(group: Group, item: Answer, seats: int) -> dict[str, Any]:
    """More seats are charged for at once; the unused time of fewer is taken off the next payment."""
    behaviour = "always_invoice" if seats > group.seats else "create_prorations"
    return {"items": [{"id": item["id"], "quantity": seats}], "proration_behavior": behaviour}


def item_of(gateway: Gateway, group: Group) -> Answer:
    """That with the seats, as Stripe has it now."""
    items = items_of(gateway.subscription(group.subscription.stripe_id))
    return next((item for item in items if item["price"]["id"] == group.subscription.price_id), items[0])


def newest_taken(group: Group, seats: int) -> list[Seat]:
    """The readers for whom there would be no seat, newest first."""
    taken = group.places.filter(state=SeatState.TAKEN).select_related("user").order_by("-taken_at", "-pk")
    return list(taken)[: max(0, taken.count() - seats)]


def carry_out(agreed: Quote, group: Group, gateway: Gateway) -> Answer:
    """Make the change that was agreed to, once however often it is sent; the subscription as it is then. Where more
    seats could not be paid it stays as it was, with a `pending_update`. Raises StripeFailed.
    """
    params = {**wish(group, item_of(gateway, group), agreed.seats), "proration_date": agreed.at}
    if agreed.is_more:
        params["payment_behavior"] = "pending_if_incomplete"
    key = f"{settings.STRIPE_APP}:seats:{group.subscription.stripe_id}:{agreed.former}:{agreed.seats}:{agreed.at}"
    return gateway.update_subscription(group.subscription.stripe_id, params, key=key)
