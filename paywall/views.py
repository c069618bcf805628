"""The plans on a page of their own."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from articles.caching import mark_private, public_page
from paywall.gate import plans_gate
from paywall.readers import ReaderRequest
from subscriptions.models import PlanKind
from subscriptions.selling.buying import offers_once

LONGEST_CODE = 80
CURRENCY_LETTERS = 3


@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """The options; by its secret address with an offer that is not everybody's."""
    if "offer" in request.GET or "code" in request.GET:
        return offer(request)
    return cast("HttpResponse", everybodys_plans(request))


@public_page("plans", parameters=("currency",))
def everybodys_plans(request: HttpRequest) -> HttpResponse:
    return render(request, "paywall/plans.html", context_of(request))


def offer(request: HttpRequest) -> HttpResponse:
    """A plan that is not at the gate, or a code that stands in its field already. Nobody is asked whether it counts
    before it is sent. A secret that is no more answers so, with the options that everybody has.
    """
    secret = request.GET.get("offer", "")
    context = context_of(request, secret)
    is_over = bool(secret) and not any(plan.is_by_link for plan in context["gate"].plans)
    context |= {"code": request.GET.get("code", "")[:LONGEST_CODE], "is_over": is_over}
    context |= {"offer": "" if is_over else secret, "is_private": True}
    response = render(request, "paywall/plans.html", context, status=404 if is_over else 200)
    response.headers["X-Robots-Tag"] = "noindex"
    mark_private(response)
    return response


def context_of(request: HttpRequest, secret: str = "") -> dict[str, Any]:
    currency = request.GET.get("currency", "").upper()
    reader = cast("ReaderRequest", request).reader
    gate = plans_gate(reverse("articles:front"), reader, currency if len(currency) == CURRENCY_LETTERS else "", secret)
    once = offers_once()
    return {
        "gate": gate,
        "offer": secret,
        "takes_code": bool(settings.STRIPE_SECRET_KEY),
        "passes": once.get(PlanKind.PASS, []),
        "gifts_are_sold": PlanKind.GIFT in once,
    }
