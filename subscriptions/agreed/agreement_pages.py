"""What a reader agreed to, to look at, to print and to keep."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.requests import user_of
from subscriptions.agreed.agreements import as_text, ledger_of


@require_safe
@login_required
def agreements(request: HttpRequest) -> HttpResponse:
    return render(request, "subscriptions/agreements.html", {"agreements": ledger_of(user_of(request))})


@require_safe
@login_required
def agreements_text(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    text = as_text(user, ledger_of(user), timezone.now())
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="agreements.txt"'
    return response
