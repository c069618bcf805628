"""Promotion codes: asked for at Stripe before anything is made, refused or promised in a sentence each."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from subscriptions.account.sentences import day_of
from subscriptions.answers import id_of, moment
from subscriptions.mirroring.customers import customers_of
from subscriptions.models import Invoice, PlanInterval, PlanPrice, StripeCustomer
from subscriptions.models.plan import interval_label, money
from subscriptions.paid_once.subscription_gifts import after_months
from subscriptions.selling.plans import days_free, goes_on_with_card
from subscriptions.stripe_gateway import Answer, Gateway

CODE = re.compile(r"[A-Za-z0-9-]{1,60}")  # what Stripe lets a code be made of


class CodeRefused(Exception):
    """The code gives nothing here; says why in a sentence for the reader."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """`stripe_id` is the promotion code's. `sentence` says what it gives; `is_gift`: nothing is ever charged, so there
    is no trial either, whose end would be the end of all where no card is asked for.
    """

    stripe_id: str
    code: str
    sentence: str
    is_gift: bool


@dataclass(frozen=True, slots=True)
class Before:
    """What comes before the first payment: free days, for which the payment page asks for a card or not, or a gift."""

    days: int = 0
    needs_card: bool = True
    begins_at: datetime | None = None


DUE_AT_ONCE = Before()


def find_promotion(
    gateway: Gateway,
    typed: str,
    price: PlanPrice,
    user: User | None,
    *,
    before: Before = DUE_AT_ONCE,
    quantity: int = 1,
) -> Promotion:
    """What the code that was typed gives on so many of this price. Raises CodeRefused, or StripeFailed."""
    full = price.amount_minor * quantity
    customer = customers_of(user).first() if user is not None else None
    code = usable_code(gateway, typed.strip(), customer)
    coupon = code["promotion"]["coupon"]
    refuse_by_terms(code, coupon, price, full)
    if code["restrictions"]["first_time_transaction"] and has_paid(customer):
        raise CodeRefused(_("The code “%(code)s” counts for a first payment alone.") % {"code": code["code"]})
    left = full - taken_off(coupon, full, price.currency)
    is_gift = left == 0 and coupon["duration"] == "forever" and bool(price.interval)
    number = periods(coupon, price, before)
    if not number:
        told = {"code": code["code"], "months": coupon["duration_in_months"]}
        raise CodeRefused(
            _("The code “%(code)s” counts for %(months)d months from today. Your first payment is later.") % told
        )
    sentence = what_it_gives(coupon, price, full, left, number)
    return Promotion(code["id"], code["code"], sentence if is_gift else behind(before, sentence), is_gift)


def usable_code(gateway: Gateway, typed: str, customer: StripeCustomer | None) -> Answer:
    """Raises CodeRefused. A code that is one customer's own does not exist for anybody else."""
    own = customer.stripe_id if customer is not None else ""
    found = gateway.promotion_codes(typed) if CODE.fullmatch(typed) else []
    codes = [code for code in found if id_of(code["customer"]) in ("", own)]
    if not codes:
        raise CodeRefused(_("We do not know the code “%(code)s”. Is it spelled rightly?") % {"code": typed})
    active = [code for code in codes if code["active"] and code["promotion"]["coupon"]["valid"]]
    if not active:
        raise CodeRefused(why_inactive(codes[0], timezone.now()))
    return max(active, key=lambda code: id_of(code["customer"]) == own)


def why_inactive(code: Answer, now: datetime) -> str:
    told = {"code": code["code"]}
    coupon = code["promotion"]["coupon"]
    if any(
        one["max_redemptions"] is not None and one["times_redeemed"] >= one["max_redemptions"] for one in (code, coupon)
    ):
        return _("The code “%(code)s” has been used up.") % told
    end = min(filter(None, (moment(code["expires_at"]), moment(coupon["redeem_by"]))), default=None)
    if end is not None and end <= now:
        return _("The code “%(code)s” counted until %(day)s.") % (told | {"day": day_of(end)})
    return _("The code “%(code)s” does not count any more.") % told


def refuse_by_terms(code: Answer, coupon: Answer, price: PlanPrice, full: int) -> None:
    """Raise CodeRefused where the code is for something else than this."""
    told = {"code": code["code"], "plan": price.plan.name, "currency": price.currency}
    products = (coupon.get("applies_to") or {}).get("products")
    if products and price.product_id not in products:
        raise CodeRefused(_("The code “%(code)s” does not count for “%(plan)s”.") % told)
    limits = code["restrictions"]
    off = amount_in(price.currency, coupon, "amount_off", coupon["currency"])
    least = amount_in(price.currency, limits, "minimum_amount", limits["minimum_amount_currency"])
    if (coupon["amount_off"] is not None and off is None) or (limits["minimum_amount"] is not None and least is None):
        raise CodeRefused(_("The code “%(code)s” does not count for payments in %(currency)s.") % told)
    if least is not None and full < least:
        told["least"] = money(least, price.currency)
        raise CodeRefused(_("The code “%(code)s” counts for payments from %(least)s.") % told)


def amount_in(currency: str, thing: Answer, name: str, own: str | None) -> int | None:
    """An amount that Stripe keeps in `own` and, in `currency_options`, in others; None where not in this one."""
    if (own or "").upper() == currency:
        return int(thing[name])
    options = (thing.get("currency_options") or {}).get(currency.lower()) or {}
    amount = options.get(name)
    return None if amount is None else int(amount)


def has_paid(customer: StripeCustomer | None) -> bool:
    return customer is not None and Invoice.objects.filter(customer=customer, paid_minor__gt=0).exists()


def taken_off(coupon: Answer, amount_minor: int, currency: str) -> int:
    """In minor units; a part of one is rounded as Stripe rounds, half up."""
    if coupon["percent_off"] is None:
        return min(amount_in(currency, coupon, "amount_off", coupon["currency"]) or 0, amount_minor)
    part = amount_minor * Decimal(str(coupon["percent_off"])) / 100
    return int(part.quantize(Decimal(1), ROUND_HALF_UP))


def what_it_gives(coupon: Answer, price: PlanPrice, full: int, left: int, number: int) -> str:
    """What is charged with the code, for so many payments, and after it, in one sentence."""
    told = {
        "less": money(left, price.currency) if left else _("nothing"),
        "full": f"{money(full, price.currency)} {interval_label(price.interval)}".strip(),
    }
    if not price.interval:
        return _("You pay %(less)s instead of %(full)s.") % told
    if coupon["duration"] == "forever":
        each = told["less"] if not left else f"{told['less']} {interval_label(price.interval)}"
        return _("You pay %(each)s instead of %(full)s, until you cancel.") % {"each": each, "full": told["full"]}
    told["time"] = times(number, price.interval)
    return _("You pay %(less)s for %(time)s, then %(full)s until you cancel.") % told


def behind(before: Before, sentence: str) -> str:
    """What a code gives once free days or a gift are over. A trial that nobody gave a card for may end with them."""
    if before.begins_at is not None:
        first = _("The first payment is on %(day)s, after your gift.") % {"day": day_of(before.begins_at)}
        return f"{first} {sentence}"
    if not before.days:
        return sentence
    first = f"{_('First')} {days_free(before.days)}."
    return " ".join(filter(None, [first, goes_on_with_card(before.needs_card), sentence]))


def periods(coupon: Answer, price: PlanPrice, before: Before) -> int:
    """How many payments the coupon lowers. Stripe counts its months from the day of the checkout, also where nothing is
    paid for a while: 0 where they are over by the first payment.
    """
    if coupon["duration"] != "repeating":
        return 1
    now = timezone.now()
    first, end = before.begins_at or now + timedelta(days=before.days), after_months(now, coupon["duration_in_months"])
    step = 1 if price.interval == PlanInterval.MONTH else 12
    return next(number for number in itertools.count() if after_months(first, number * step) >= end)


def times(number: int, interval: str) -> str:
    if interval == PlanInterval.YEAR:
        return ngettext("the first year", "each of the first %(number)d years", number) % {"number": number}
    return ngettext("the first month", "each of the first %(number)d months", number) % {"number": number}
