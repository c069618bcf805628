"""The way out of a mail, for who is logged in nowhere: a signed link that switches off one mail of one reader, and can
do nothing else. RFC 8058: a POST without cookie or token of a form does it, a GET never does.
"""

from __future__ import annotations

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletters.follows import switch_off

DAILY = "daily"  # the name of the list, which is in the signature
SEPARATOR = "."


class UnknownToken(Exception):
    """The link was cut off or changed, or is not ours."""


def signer(mailing: str) -> Signer:
    return Signer(sep=SEPARATOR, salt=f"newsletters.stop.{mailing}")


def stop_url(user_id: int) -> str:
    """It outlives logins and changes of the address, and has no end: an old mail is as good as a new one."""
    token = signer(DAILY).sign(str(user_id))
    return settings.SITE_URL + reverse("newsletters:mail-stop", args=[token])


def reader_of(token: str) -> int:
    """The number of the reader for whom the token was made. Raises UnknownToken."""
    try:
        number = signer(DAILY).unsign(token)
    except BadSignature:
        raise UnknownToken from None
    return int(number)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """No limit stands before it: the servers of a large provider send the wishes of all their readers."""
    try:
        user_id = reader_of(token)
    except UnknownToken:
        return closed(render(request, "newsletters/stop_unknown.html", status=404))
    if request.method == "POST":
        switch_off(user_id)
    return closed(render(request, "newsletters/stop.html", {"is_done": request.method == "POST"}))


def closed(response: HttpResponse) -> HttpResponse:
    """Kept nowhere, found by nobody, and its address is told to no other site."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
