"""Error pages in words. The 500 page stands on its own: whatever failed may be what the others need."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _(
        "The form was not sent from our own page, or it was open for too long. "
        "Please go back, load the page again and send it once more."
    )
    return render(request, "403.html", {"reason_sentence": sentence}, status=403)
