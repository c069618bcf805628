"""The POST of the gate: an address and an option.

It stands on pages that caches keep, so it has no CSRF token: it believes the browser's own word on where the form was,
and does nothing that a stranger could not do anyway.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.addresses import AddressRefused, normalise
from accounts.codes import start_code
from accounts.models import User
from accounts.next_path import NextRefused, local_path
from accounts.origin import is_own_origin
from subscriptions.catalogue import current_price, sync_plans_soon
from subscriptions.leads import capture_lead
from subscriptions.models import Lead, Plan, PlanPrice
from subscriptions.selling.checkout import AlreadyPaid, AlreadySubscribed, Order, open_checkout
from subscriptions.selling.currencies import currency_at_stripe, mixed_sentence
from subscriptions.selling.passes import add_pass
from subscriptions.selling.plans import OfferedPlan, Shelf, Wish, priced_option, shelf
from subscriptions.selling.promotion import Before, CodeRefused, Promotion, find_promotion
from subscriptions.selling.shown import shown_option
from subscriptions.selling.welcome import welcome_path
from subscriptions.sources import LONGEST_HOST, Source, from_where
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeRefused

logger = logging.getLogger(__name__)


LONGEST_CODE = 80
LONGEST_NUMBER = 6  # digits
LONGEST_FIELD = 400
KEPT = ("currency", "offer", "code", "terms")  # what a form carries besides address, option and way back


class JoinRefused(Exception):
    """The form was not acceptable; `errors` has one sentence for each field in question."""

    def __init__(self, errors: dict[str, str], status: int = 400) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors
        self.status = status


@dataclass(frozen=True, slots=True)
class JoinRequest:
    email: str
    plan: Plan
    next_path: str
    source: Source
    option: OfferedPlan
    code: str = ""
    seats: int = 1


def read_join_form(request: HttpRequest) -> JoinRequest:
    """The form's fields, checked. Raises JoinRefused with every problem at once."""
    errors: dict[str, str] = {}
    email = next_path = ""
    try:
        # Who is logged in has proved an address; whatever stands in the field, it is about that one.
        email = request.user.email if request.user.is_authenticated else normalise(request.POST.get("email", ""))
    except AddressRefused as refusal:
        errors["email"] = str(refusal)
    offered = shelf(wish_of(request))
    key = request.POST.get("plan", "")
    option = next((option for option in offered.plans if option.key == key), None)
    code = request.POST.get("code", "").strip()[:LONGEST_CODE]
    if option is None:
        errors["plan"] = _("Please choose one of the options.")
    elif option.is_free and code:
        errors["code"] = _("A code counts for an option that costs something. Please choose one of those.")
    seats = 1
    if option is not None and option.least_seats:
        seats = read_seats(request.POST.get(seats_field(option.key), ""), option, errors)
    try:
        next_path = local_path(request.POST.get("next", "/"))
    except NextRefused:
        errors["next"] = _("This form was changed on its way: it leads to another site.")
    if errors or option is None:
        raise JoinRefused(errors)
    refuse_other_terms(request, option, offered)
    plan = Plan.objects.get(pk=option.plan_id)
    return JoinRequest(email, plan, next_path, from_where(request.POST.get("came_from", "")), option, code, seats)


def seats_field(key: str) -> str:
    """The field in which the form of all options says how many seats one of them is to have."""
    return f"seats-{key}"[:LONGEST_FIELD]


def read_seats(typed: str, option: OfferedPlan, errors: dict[str, str]) -> int:
    """The seats of a group, at least 1; what is no number of seats of this plan is noted among the errors."""
    typed = typed.strip()
    seats = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < LONGEST_NUMBER else 0
    if not option.least_seats <= seats <= option.most_seats:
        told = {"plan": option.name, "least": option.least_seats, "most": option.most_seats}
        errors["seats"] = _("“%(plan)s” has from %(least)d to %(most)d seats. Please write how many you want.") % told
    return max(seats, 1)


def wish_of(request: HttpRequest) -> Wish:
    """What the form was for: an offer by its secret, a currency."""
    user = reader_of(request)
    currency, offer = request.POST.get("currency", ""), request.POST.get("offer", "")
    return Wish(user.pk, user.email, currency, offer) if user is not None else Wish(None, "", currency, offer)


def reader_of(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def refuse_other_terms(request: HttpRequest, option: OfferedPlan, offered: Shelf) -> None:
    """Raise JoinRefused where the form promised something else than what would be charged, or a currency that the
    reader cannot pay in. A form that promises nothing is believed.
    """
    if option.is_free:
        return
    if offered.held and option.currency != offered.held:
        raise JoinRefused({"plan": mixed_sentence(offered.held, is_sold=False)}, 409)
    promised = [terms for terms in request.POST.getlist("terms") if terms.split(" ")[0] == option.key]
    if not promised or option.terms in promised:
        return
    if offered.held and promised[0].split(" ")[1:2] != [offered.held]:
        raise JoinRefused({"plan": mixed_sentence(offered.held, is_sold=True)}, 409)
    told = {"plan": option.name, "price": priced_option(option)}
    sentence = _("What “%(plan)s” costs has changed since this page was shown. It is now: %(price)s") % told
    raise JoinRefused({"plan": sentence}, 409)


@csrf_exempt
@never_cache
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    if not is_own_origin(request):
        return refused(
            request,
            {"form": _("This form was not sent from our own pages. Please open the article again and try once more.")},
            status=403,
        )
    try:
        join = read_join_form(request)
    except JoinRefused as refusal:
        return refused(request, refusal.errors, status=refusal.status)
    if join.plan.is_free:
        return start_code(
            request, email=join.email, next_url=join.next_path, on_accepted=lambda: capture(request, join)
        )
    try:
        limits.consume(request, "gate")
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    return buy(request, join)


def capture(request: HttpRequest, join: JoinRequest) -> Lead:
    path, is_asked = join.next_path.partition("#")[0], reader_of(request) is None
    offer = shown_option(join.option, join.seats)
    return capture_lead(join.email, join.plan, offer, source_path=path, source=join.source, is_asked=is_asked)


def buy(request: HttpRequest, join: JoinRequest) -> HttpResponse:
    """Look up price and code; nothing is stored before both are right and the reader knows what the code gives."""
    option = join.option
    price = current_price(join.plan, option.currency, option.interval) if settings.STRIPE_SECRET_KEY else None
    promotion = None
    if join.code and price is not None:
        try:
            gateway = Gateway(in_request=True)
            before = Before(option.trial_days, join.plan.trial_needs_card, option.begins_at)
            user = reader_of(request)
            promotion = find_promotion(gateway, join.code, price, user, before=before, quantity=join.seats)
        except CodeRefused as refusal:
            return refused(request, {"code": str(refusal)}, status=400)
        except StripeFailed as error:
            logger.warning("code for plan %s not checked: %s", join.plan.key, error)
            return trouble(request, join, "away", status=503)
        if request.POST.get("agreed", "") != promotion.sentence:
            return ask_to_agree(request, join, promotion)
    return pay(request, join, capture(request, join), price, promotion)


def ask_to_agree(request: HttpRequest, join: JoinRequest, promotion: Promotion) -> HttpResponse:
    """What the code gives, in words, before the way to the payment page."""
    context = {"join": join, "promotion": promotion, "kept": kept_fields(request)}
    context["came_from"] = request.POST.get("came_from", "")[:LONGEST_HOST]
    return render(request, "subscriptions/code.html", context)


def pay(
    request: HttpRequest, join: JoinRequest, lead: Lead, price: PlanPrice | None, promotion: Promotion | None
) -> HttpResponse:
    """On to the payment page or, where there is none, an answer in words. The lead is kept whatever happens."""
    if price is None:
        return trouble(request, join, "not_open", status=200)
    offer = shown_option(join.option, join.seats, promotion)
    try:
        attempt = open_checkout(request, lead, order_of(join, price, promotion), offer, join.next_path)
    except AlreadySubscribed as held:
        messages.info(request, str(held))
        return redirect("account")
    except AlreadyPaid as paid:
        return redirect(welcome_path(paid.attempt))
    except StripeRefused as error:
        return refused_by_stripe(request, join, price, error)
    except StripeFailed as error:
        logger.warning("checkout of plan %s not opened: %s", join.plan.key, error)
        return trouble(request, join, "away", status=503)
    response = HttpResponseRedirect(attempt.session_url, status=303)
    if attempt.user is None:  # who is logged in needs none, and it would outlast their logging out
        add_pass(request, response, attempt.uuid)
    return response


def order_of(join: JoinRequest, price: PlanPrice, promotion: Promotion | None) -> Order:
    """Where nothing is ever due there is no card, and no trial that would end for want of one."""
    is_gift = promotion is not None and promotion.is_gift
    days = 0 if is_gift else join.option.trial_days
    return Order(
        price,
        quantity=join.seats,
        promotion_code="" if promotion is None else promotion.stripe_id,
        trial_days=days,
        needs_card=not is_gift and (not days or join.plan.trial_needs_card),
    )


def refused_by_stripe(request: HttpRequest, join: JoinRequest, price: PlanPrice, error: StripeRefused) -> HttpResponse:
    """Which currency a reader is kept in may be known to Stripe alone; what was archived there is made anew soon."""
    try:
        held = currency_at_stripe(reader_of(request), Gateway(in_request=True))
    except StripeFailed:
        held = ""
    if held and held != price.currency:
        is_sold = held in shelf(wish_of(request)).currencies
        return refused(request, {"plan": mixed_sentence(held, is_sold=is_sold)}, status=409, held=held)
    logger.error("checkout of plan %s refused: %s", join.plan.key, error)
    sync_plans_soon.enqueue()
    return trouble(request, join, "refused", status=409)


def trouble(request: HttpRequest, join: JoinRequest, kind: str, *, status: int) -> HttpResponse:
    """Why there is no payment page just now. Nothing was charged, and the free option stays open."""
    context = {"kind": kind, "plan": join.plan, "plan_key": join.option.key, "next_path": join.next_path}
    context["kept"] = [*kept_fields(request), *agreed_field(request)]
    response = render(request, "subscriptions/checkout_trouble.html", context | {"email": join.email}, status=status)
    if status == 503:
        response.headers["Retry-After"] = "60"
    return response


def kept_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """What the form carried and the next one has to carry on, by name and value."""
    names = (*KEPT, seats_field(request.POST.get("plan", "")))
    return [(name, value[:LONGEST_FIELD]) for name in names for value in request.POST.getlist(name) if value]


def agreed_field(request: HttpRequest) -> list[tuple[str, str]]:
    agreed = request.POST.get("agreed", "")[:LONGEST_FIELD]
    return [("agreed", agreed)] if agreed else []


def refused(request: HttpRequest, errors: dict[str, str], *, status: int, held: str = "") -> HttpResponse:
    """The form again with what was typed, and what was wrong with it in words. `held`: the currency that it must be."""
    try:
        next_path = local_path(request.POST.get("next", "/"))
    except NextRefused:
        next_path = "/"
    wish = wish_of(request)
    offered = shelf(replace(wish, currency=held) if held else wish)
    context = {
        "plans": offered.plans,
        "currency": offered.currency if held or request.POST.get("currency") else "",
        "offer": request.POST.get("offer", "")[:LONGEST_FIELD],
        "code": request.POST.get("code", "")[:LONGEST_CODE],
        "takes_code": "code" in request.POST,
        "next_path": next_path,
        "came_from": request.POST.get("came_from", "")[:LONGEST_HOST],
        "email": request.user.email if request.user.is_authenticated else request.POST.get("email", "")[:320],
        "errors": errors,
        "chosen": request.POST.get("plan", ""),
        "seats": request.POST.get(seats_field(request.POST.get("plan", "")), "")[:LONGEST_NUMBER],
        "is_registered": request.user.is_authenticated,
    }
    return render(request, "subscriptions/start_refused.html", context, status=status)
