"""The reader's own page: who they are here, what each app has to say to them, and how to change their login."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.overview import sections
from articles.models import Page


@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    has_password = request.user.is_authenticated and request.user.has_usable_password()
    context = {
        "sections": sections(request),
        "has_password": has_password,
        "privacy_page": Page.objects.in_footer().filter(slug="privacy").first(),
    }
    return render(request, "newsroom/account.html", context)
