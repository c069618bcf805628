"""The plans on a page of their own."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from articles.caching import public_page
from paywall.gate import plans_gate
from paywall.readers import ReaderRequest


@require_safe
@public_page("plans")
def plans(request: HttpRequest) -> HttpResponse:
    reader = cast("ReaderRequest", request).reader
    return render(request, "paywall/plans.html", {"gate": plans_gate(reverse("articles:front"), reader)})
