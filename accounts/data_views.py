"""What readers do with their data themselves: take a copy of it along, and have it erased."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import erasure, export, limits, own_codes
from accounts.codes import count_code_mail
from accounts.models import User
from accounts.requests import user_of

PURPOSE = "erasure"  # of the code: no other code of ours fits here
IN_SESSION = "erasure_code"  # its seal, and until when (seconds since 1970) it is good
CODE_LIFE = 900  # seconds
type View = Callable[[HttpRequest], HttpResponseBase]
fresh: Callable[[View], View] = reauthentication_required(app="allauth.account")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@fresh
def take_copy(request: HttpRequest) -> HttpResponseBase:
    """The page, and by POST the archive."""
    user = user_of(request)
    if request.method != "POST":
        return render(request, "accounts/export.html", {"user": user})
    try:
        limits.consume(request, "feed_key", f"export {user.pk}")  # as rarely as the keys to a feed are made
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait, has_code=False)
    name = f"my-data-{timezone.localdate():%Y-%m-%d}.zip"
    return FileResponse(export.archive_of(user), as_attachment=True, filename=name, content_type="application/zip")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@fresh
def erase(request: HttpRequest) -> HttpResponse:
    """First what goes and what stays; then a code; with it the account goes."""
    user = user_of(request)
    if request.method != "POST":
        return page(request)
    if sentences := erasure.refusals(user):
        return page(request, refusals=sentences, status=409)
    if request.POST.get("action") == "code":
        return send_code(request, user)
    try:
        limits.consume(request, "confirm_login_code", f"erasure {user.pk}")
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    if not is_right_code(request, user):
        return page(request, error=_("This is not the code that we sent, or it no longer works."), status=400)
    return carry_out(request, user)


def send_code(request: HttpRequest, user: User) -> HttpResponse:
    try:
        count_code_mail(request, user.email)
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    code = own_codes.new_code()
    request.session[IN_SESSION] = [own_codes.seal(PURPOSE, subject_of(user), code), time.time() + CODE_LIFE]
    get_adapter().send_mail("account/email/erasure_code", user.email, {"code": code})
    return page(request)


def subject_of(user: User) -> str:
    """With the address: a code that was sent to a former one no longer fits."""
    return f"{user.pk} {user.email}"


def is_right_code(request: HttpRequest, user: User) -> bool:
    sealed, until = request.session.get(IN_SESSION, ("", 0))
    typed = request.POST.get("code", "")[:40]
    return own_codes.fits(sealed, PURPOSE, subject_of(user), typed) and time.time() < until


def carry_out(request: HttpRequest, user: User) -> HttpResponse:
    try:
        erasure.erase(user)
    except erasure.ErasureRefused as refusal:
        return page(request, refusals=refusal.sentences, status=409)
    except erasure.ErasurePutOff as put_off:
        return page(request, error=str(put_off), status=503)
    logout(request)
    messages.success(request, _("Your account is erased. A mail says so too."))
    return redirect("articles:front")


def page(
    request: HttpRequest, *, error: str = "", refusals: list[str] | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "error": error,
        "refusals": erasure.refusals(user_of(request)) if refusals is None else refusals,
        "has_code": request.session.get(IN_SESSION, ("", 0))[1] > time.time(),
        "gives_back": settings.REFUND_WHEN_LEAVING,
        "user": user_of(request),
    }
    return render(request, "accounts/erase.html", context, status=status)
