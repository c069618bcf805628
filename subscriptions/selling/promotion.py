"""Promotion codes: asked for at Stripe before anything is made, refused or promised in a sentence each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
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
from subscriptions.selling.plans import days_free
from subscriptions.stripe_gateway import Answer, Gateway

CODE = re.compile(r"[A-Za-z0-9-]{1,60}")  # what Stripe lets a code be made of


class CodeRefused(Exception):
    """The code gives nothing here; says why in a sentence for the reader."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """`stripe_id` is the promotion code's. `sentence` says what it gives; `is_gift`: nothing is ever charged."""

    stripe_id: str
    code: str
    sentence: str
    is_gift: bool


def find_promotion(
    gateway: Gateway, typed: str, price: PlanPrice, user: User | None, *, trial_days: int = 0, quantity: int = 1
) -> Promotion:
    """What the code that was typed gives on so many of this price. Raises CodeRefused, or StripeFailed."""
    full = price.amount_minor * quantity
    customer = customers_of(user).first() if user is not None else None
    code = usable_code(gateway, typed.strip(), customer)
    coupon = code["promotion"]["coupon"]
    refuse_by_terms(code, coupon, price, full)
    if code["restrictions"]["first_time_transaction"] and has_paid(customer):
        raise CodeRefused(_("The code “%(code)s” counts for a first payment alone.") % {"code": code["code"]})
    left = full - taken_off(coupon, full)
    is_gift = left == 0 and coupon["duration"] == "forever" and bool(price.interval)
    return Promotion(code["id"], code["code"], what_it_gives(coupon, price, full, left, trial_days), is_gift)


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
    if coupon["amount_off"] is not None and coupon["currency"].upper() != price.currency:
        raise CodeRefused(_("The code “%(code)s” does not count for payments in %(currency)s.") % told)
    least, currency = code["restrictions"]["minimum_amount"], code["restrictions"]["minimum_amount_currency"]
    if least is None:
        return
    if currency.upper() != price.currency:
        raise CodeRefused(_("The code “%(code)s” does not count for payments in %(currency)s.") % told)
    if full < least:
        told["least"] = money(least, price.currency)
        raise CodeRefused(_("The code “%(code)s” counts for payments from %(least)s.") % told)


def has_paid(customer: StripeCustomer | None) -> bool:
    return customer is not None and Invoice.objects.filter(customer=customer, paid_minor__gt=0).exists()


def taken_off(coupon: Answer, amount_minor: int) -> int:
    """In minor units; a part of one is rounded as Stripe rounds, half up."""
    if coupon["percent_off"] is None:
        return min(int(coupon["amount_off"]), amount_minor)
    part = amount_minor * Decimal(str(coupon["percent_off"])) / 100
    return int(part.quantize(Decimal(1), ROUND_HALF_UP))


def what_it_gives(coupon: Answer, price: PlanPrice, full: int, left: int, trial_days: int) -> str:
    """What is charged with the code and after it, in one sentence."""
    told = {
        "less": money(left, price.currency) if left else _("nothing"),
        "full": f"{money(full, price.currency)} {interval_label(price.interval)}".strip(),
    }
    if not price.interval:
        sentence = _("You pay %(less)s instead of %(full)s.") % told
    elif coupon["duration"] == "forever":
        each = told["less"] if not left else f"{told['less']} {interval_label(price.interval)}"
        sentence = _("You pay %(each)s instead of %(full)s, until you cancel.") % {"each": each, "full": told["full"]}
    else:
        told["time"] = times(periods(coupon, price), price.interval)
        sentence = _("You pay %(less)s for %(time)s, then %(full)s until you cancel.") % told
    return f"{_('First')} {days_free(trial_days)}. {sentence}" if trial_days else sentence


def periods(coupon: Answer, price: PlanPrice) -> int:
    """How many payments the coupon lowers. Stripe counts its months from the day of the checkout."""
    if coupon["duration"] == "once":
        return 1
    months = int(coupon["duration_in_months"])
    return months if price.interval == PlanInterval.MONTH else -(-months // 12)


def times(number: int, interval: str) -> str:
    if interval == PlanInterval.YEAR:
        return ngettext("the first year", "each of the first %(number)d years", number) % {"number": number}
    return ngettext("the first month", "each of the first %(number)d months", number) % {"number": number}
