"""A reader's invoices, one page after another; the documents themselves are at Stripe."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.requests import user_of
from subscriptions.account.overview import invoices_of

ON_A_PAGE = 24


@never_cache
@login_required
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """A page that is not there, as an old bookmark may name it, is the last one."""
    page = Paginator(invoices_of(user_of(request)), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "subscriptions/invoices.html", {"page": page})
