"""The way to the payment page for what is paid once. What the buyer may buy is decided by who calls; what it costs is
looked up here, and a form that promised something else is refused.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.models import User
from subscriptions.catalogue import current_price, sync_plans_soon
from subscriptions.leads import capture_lead
from subscriptions.mirroring.customers import customers_of
from subscriptions.models import PAID_ONCE, Plan, PlanKind, PlanPrice
from subscriptions.models.plan import money
from subscriptions.paid_once.gift_cards import GiftDetails, order_gift
from subscriptions.selling.checkout import AlreadyPaid, Order, open_checkout
from subscriptions.selling.currencies import mixed_sentence
from subscriptions.selling.passes import add_pass
from subscriptions.selling.shown import shown_once
from subscriptions.selling.welcome import welcome_path
from subscriptions.sources import Source
from subscriptions.stripe_gateway import StripeFailed, StripeRefused

logger = logging.getLogger(__name__)


class NotBought(Exception):
    """Nothing was charged; says why in a sentence for the reader. `may_retry`: whether the same form may be sent again,
    with what was wrong put right.
    """

    def __init__(self, sentence: str, status: int, *, may_retry: bool = False) -> None:
        super().__init__(sentence)
        self.status = status
        self.may_retry = may_retry


@dataclass(frozen=True, slots=True)
class OnceOffer:
    """Something that is paid once, as pages show it. `terms` is what the form repeats."""

    key: str
    name: str
    price_label: str
    lines: tuple[str, ...]
    button: str
    small_print: str
    terms: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to buy once. `scope` is the article's; `terms` what the form promised, where it did."""

    plan: Plan
    email: str
    next_path: str
    source: Source
    terms: str
    scope: str = ""
    gift: GiftDetails | None = None


def offers_of(kind: PlanKind) -> list[OnceOffer]:
    """In the editors' order, at the plans' own prices, which are the same for everybody. One query."""
    return [once_offer(plan) for plan in Plan.objects.sold_once(kind)]


def offers_once() -> dict[str, list[OnceOffer]]:
    """All that is paid once, by its kind. One query."""
    found: dict[str, list[OnceOffer]] = {}
    for plan in Plan.objects.sold_once(*PAID_ONCE):
        found.setdefault(plan.kind, []).append(once_offer(plan))
    return found


def once_offer(plan: Plan, price: PlanPrice | None = None) -> OnceOffer:
    """At this price or, without one, at the plan's own."""
    amount, currency = (plan.amount_minor, plan.currency) if price is None else (price.amount_minor, price.currency)
    label = money(amount, currency)
    return OnceOffer(
        plan.key,
        plan.name,
        label,
        tuple(line.replace("{price}", label) for line in plan.lines),
        plan.button,
        plan.small_print.replace("{price}", label),
        f"{plan.key} {currency} {amount}",
    )


def price_of(plan: Plan, user: User | None) -> PlanPrice:
    """In the currency that the buyer is kept in, else the plan's own. Raises NotBought."""
    held = customers_of(user).values_list("currency", flat=True).first() or "" if user is not None else ""
    price = current_price(plan, held or plan.currency) if settings.STRIPE_SECRET_KEY else None
    if price is not None:
        return price
    if settings.STRIPE_SECRET_KEY and held and held != plan.currency:
        raise NotBought(mixed_sentence(held, is_sold=False), 409)
    raise NotBought(_("Payments for this are not open on this site just now. Nothing was charged."), 409)


def to_payment(request: HttpRequest, wanted: Wanted) -> HttpResponse:
    """On to the payment page. Raises NotBought; once the price is agreed the lead is kept all the same."""
    user = request.user if isinstance(request.user, User) else None
    price = price_of(wanted.plan, user)
    offer = once_offer(wanted.plan, price)
    if wanted.terms and wanted.terms != offer.terms:
        told = _("The price has changed since this page was shown. It is now %(price)s. Nothing was charged.")
        raise NotBought(told % {"price": offer.price_label}, 409, may_retry=True)
    path = wanted.next_path.partition("#")[0]
    shown, is_asked = shown_once(offer, price), user is None
    lead = capture_lead(wanted.email, wanted.plan, shown, source_path=path, source=wanted.source, is_asked=is_asked)
    scope = wanted.scope if wanted.gift is None else wanted.gift.mark
    try:
        attempt = open_checkout(request, lead, Order(price, scope=scope), shown, wanted.next_path)
    except AlreadyPaid as paid:
        return redirect(welcome_path(paid.attempt))
    except StripeRefused as error:
        logger.error("checkout of plan %s refused: %s", wanted.plan.key, error)
        sync_plans_soon.enqueue()
        sentence = _("The payment service did not accept it. That is our mistake and not yours. Nothing was charged.")
        raise NotBought(sentence, 409) from None
    except StripeFailed as error:
        logger.warning("checkout of plan %s not opened: %s", wanted.plan.key, error)
        sentence = _("The payment service does not answer just now. Nothing was charged. Please try again in a minute.")
        raise NotBought(sentence, 503, may_retry=True) from None
    if wanted.gift is not None:
        order_gift(attempt, wanted.gift)
    response = HttpResponseRedirect(attempt.session_url, status=303)
    if attempt.user is None:  # who is logged in needs none, and it would outlast their logging out
        add_pass(request, response, attempt.uuid)
    return response
