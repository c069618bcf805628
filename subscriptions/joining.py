"""The POST of the gate: an address and an option.

It stands on pages that caches keep, so it has no CSRF token: it believes the browser's own word on where the form was,
and does nothing that a stranger could not do anyway.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

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
from accounts.next_path import NextRefused, local_path
from accounts.origin import is_own_origin
from subscriptions.catalogue import current_price
from subscriptions.checkout import AlreadyPaid, AlreadySubscribed, open_checkout
from subscriptions.leads import capture_lead
from subscriptions.models import Lead, Plan
from subscriptions.passes import add_pass
from subscriptions.plans import offered_plans
from subscriptions.sources import LONGEST_HOST, Source, from_where
from subscriptions.stripe_gateway import StripeFailed, StripeRefused
from subscriptions.welcome import welcome_path

logger = logging.getLogger(__name__)


class JoinRefused(Exception):
    """The form was not acceptable; `errors` has one sentence for each field in question."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class JoinRequest:
    email: str
    plan: Plan
    next_path: str
    source: Source


def read_join_form(request: HttpRequest) -> JoinRequest:
    """The form's three fields, checked. Raises JoinRefused with every problem at once."""
    errors: dict[str, str] = {}
    email = next_path = ""
    try:
        # Who is logged in has proved an address; whatever stands in the field, it is about that one.
        email = request.user.email if request.user.is_authenticated else normalise(request.POST.get("email", ""))
    except AddressRefused as refusal:
        errors["email"] = str(refusal)
    key = request.POST.get("plan", "")
    plan = next((plan for plan in Plan.objects.offered() if plan.key == key), None)
    if plan is None:
        errors["plan"] = _("Please choose one of the three options.")
    try:
        next_path = local_path(request.POST.get("next", "/"))
    except NextRefused:
        errors["next"] = _("This form was changed on its way: it leads to another site.")
    if errors or plan is None:
        raise JoinRefused(errors)
    return JoinRequest(email, plan, next_path, from_where(request.POST.get("came_from", "")))


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
        return refused(request, refusal.errors, status=400)
    if join.plan.is_free:
        return start_code(request, email=join.email, next_url=join.next_path, on_accepted=lambda: capture(join))
    try:
        limits.consume(request, "gate")
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    return pay(request, join, capture(join))


def capture(join: JoinRequest) -> Lead:
    return capture_lead(join.email, join.plan, source_path=join.next_path.partition("#")[0], source=join.source)


def pay(request: HttpRequest, join: JoinRequest, lead: Lead) -> HttpResponse:
    """On to the payment page or, where there is none, an answer in words. The lead is kept whatever happens."""
    price = current_price(join.plan) if settings.STRIPE_SECRET_KEY else None
    if price is None:
        return trouble(request, join, "not_open", status=200)
    try:
        attempt = open_checkout(request, lead, price, join.next_path)
    except AlreadySubscribed as held:
        messages.info(request, str(held))
        return redirect("account")
    except AlreadyPaid as paid:
        return redirect(welcome_path(paid.attempt))
    except StripeRefused as error:
        logger.error("checkout of plan %s refused: %s", join.plan.key, error)
        return trouble(request, join, "refused", status=409)
    except StripeFailed as error:
        logger.warning("checkout of plan %s not opened: %s", join.plan.key, error)
        return trouble(request, join, "away", status=503)
    response = HttpResponseRedirect(attempt.session_url, status=303)
    if attempt.user is None:  # who is logged in needs none, and it would outlast their logging out
        add_pass(request, response, attempt.uuid)
    return response


def trouble(request: HttpRequest, join: JoinRequest, kind: str, *, status: int) -> HttpResponse:
    """Why there is no payment page just now. Nothing was charged, and the free option stays open."""
    context = {"kind": kind, "plan": join.plan, "plan_key": join.plan.key, "next_path": join.next_path}
    response = render(request, "subscriptions/checkout_trouble.html", context | {"email": join.email}, status=status)
    if status == 503:
        response.headers["Retry-After"] = "60"
    return response


def refused(request: HttpRequest, errors: dict[str, str], *, status: int) -> HttpResponse:
    """The form again with what was typed, and what was wrong with it in words."""
    try:
        next_path = local_path(request.POST.get("next", "/"))
    except NextRefused:
        next_path = "/"
    context = {
        "plans": offered_plans(),
        "next_path": next_path,
        "came_from": request.POST.get("came_from", "")[:LONGEST_HOST],
        "email": request.user.email if request.user.is_authenticated else request.POST.get("email", "")[:320],
        "errors": errors,
        "chosen": request.POST.get("plan", ""),
        "is_registered": request.user.is_authenticated,
    }
    return render(request, "subscriptions/start_refused.html", context, status=status)
