"""Where a gift subscription is bought. The page is the same for every stranger; what somebody types is on the answer to
their own form alone.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.addresses import AddressRefused, normalise
from accounts.names import NameRefused, cleaned_name
from accounts.origin import is_own_origin
from articles.caching import public_page
from paywall.buying import LONGEST_EMAIL, terms_of
from paywall.readers import ReaderRequest
from subscriptions.models import Plan, PlanKind
from subscriptions.models.gift import LONGEST_MESSAGE, LONGEST_NAME
from subscriptions.paid_once.gift_cards import FURTHEST, GiftDetails
from subscriptions.selling.buying import NotBought, Wanted, offers_of, to_payment
from subscriptions.sources import LONGEST_HOST, from_where

TYPED = ("email", "giver_name", "recipient_name", "recipient_email", "message", "sends_on", "way", "plan")
LONGEST_TYPED = 1000
BY_MAIL, PRINTED = "mail", "print"


class GiftNotOrdered(Exception):
    """The form was not acceptable; `errors` has one sentence for each field in question."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def gift_shop(request: HttpRequest) -> HttpResponse:
    return order(request) if request.method == "POST" else cast("HttpResponse", everybodys_page(request))


@public_page("plans")
def everybodys_page(request: HttpRequest) -> HttpResponse:
    return render(request, "paywall/gift_shop.html", context_of(request))


@never_cache
def order(request: HttpRequest) -> HttpResponse:
    """As the gate's form, without a CSRF token."""
    try:
        if not is_own_origin(request):
            raise NotBought(_("This form was not sent from our own pages. Please open the page again."), 403)
        wanted = read_form(request)
        limits.consume(request, "gate")
        return to_payment(request, wanted)
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    except GiftNotOrdered as refusal:
        return shown_again(request, refusal.errors, 400)
    except NotBought as problem:
        return shown_again(request, {"form": str(problem)}, problem.status)


def shown_again(request: HttpRequest, errors: dict[str, str], status: int) -> HttpResponse:
    """The form with what was typed, and what was wrong with it in words."""
    typed = {name: request.POST.get(name, "")[:LONGEST_TYPED] for name in TYPED}
    context = context_of(request) | {"errors": errors, "typed": typed}
    context["came_from"] = request.POST.get("came_from", "")[:LONGEST_HOST]
    response = render(request, "paywall/gift_shop.html", context, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def context_of(request: HttpRequest) -> dict[str, Any]:
    reader, today = cast("ReaderRequest", request).reader, timezone.localdate()
    return {
        "offers": offers_of(PlanKind.GIFT),
        "is_registered": reader.is_registered,
        "email": reader.email,
        "today": today,
        "last_day": today + FURTHEST,
        "most_name": LONGEST_NAME,
        "most_message": LONGEST_MESSAGE,
        "typed": {"way": BY_MAIL},
    }


def read_form(request: HttpRequest) -> Wanted:
    """The form, checked. Raises GiftNotOrdered with every problem at once."""
    errors: dict[str, str] = {}
    plan = Plan.objects.sold_once(PlanKind.GIFT).filter(key=request.POST.get("plan", "")[:LONGEST_EMAIL]).first()
    if plan is None:
        errors["plan"] = _("Please choose how long the gift lasts.")
    is_printed = request.POST.get("way") == PRINTED
    email = str(request.user.email) if request.user.is_authenticated else address(request, "email", errors)
    recipient = "" if is_printed else address(request, "recipient_email", errors)
    message = "\n".join(request.POST.get("message", "").strip().splitlines())
    if len(message) > LONGEST_MESSAGE:
        errors["message"] = _("Please write at most %(most)d characters.") % {"most": LONGEST_MESSAGE}
    giver_name, recipient_name = name(request, "giver_name", errors), name(request, "recipient_name", errors)
    sends_on = timezone.localdate() if is_printed else day(request, errors)
    if errors or plan is None:
        raise GiftNotOrdered(errors)
    details = GiftDetails(plan.gift_months, giver_name, recipient_name, recipient, message, sends_on)
    source = from_where(request.POST.get("came_from", ""))
    return Wanted(plan, email, reverse("paywall:gift-shop"), source, terms_of(request, plan), gift=details)


def address(request: HttpRequest, field: str, errors: dict[str, str]) -> str:
    try:
        return normalise(request.POST.get(field, ""))
    except AddressRefused as refusal:
        errors[field] = str(refusal)
        return ""


def name(request: HttpRequest, field: str, errors: dict[str, str]) -> str:
    """It stands in a mail to somebody who knows nothing of it yet, so it may be no address."""
    try:
        return cleaned_name(request.POST.get(field, ""))
    except NameRefused:
        errors[field] = _("Please write a name, not an address or a number: letters, at most %(most)d characters.") % {
            "most": LONGEST_NAME
        }
        return ""


def day(request: HttpRequest, errors: dict[str, str]) -> date:
    """In the publication's time; without one, today."""
    today, typed = timezone.localdate(), request.POST.get("sends_on", "").strip()
    try:
        chosen = datetime.strptime(typed, "%Y-%m-%d").date() if typed else today  # noqa: DTZ007 - a day has no zone
    except ValueError:
        chosen = date.min
    if not today <= chosen <= today + FURTHEST:
        errors["sends_on"] = _("Please choose a day from today up to a year ahead.")
    return chosen
