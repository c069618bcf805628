"""Sending a login code to an address: the one entry for the gate and the login page.

Known, unknown and switched-off addresses must be told apart by nothing that a stranger can see. What may be read with
the account is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from accounts import limits
from accounts.addresses import normalise
from accounts.models import User
from accounts.next_path import local_path_or_none
from accounts.signals import address_confirmed


def start_code(
    request: HttpRequest, *, email: str, next_url: str, on_accepted: Callable[[], object] | None = None
) -> HttpResponse:
    """Send a code to the address and lead on to the page that asks for it; from there the reader goes to `next_url`.

    An unknown address gets an account of its own, which stays empty and is pruned unless its owner types the code. Too
    many codes are answered with the 429 page, and a code that was sent before stays good. `on_accepted` is called once
    the limits are passed, in the same transaction. A reader who is logged in already is sent straight on.
    Raises AddressRefused.
    """
    email = normalise(email)
    next_url = local_path_or_none(next_url)
    try:
        limits.consume(request, "gate")
        if isinstance(request.user, User):
            return _send_on(request, request.user, email, next_url, on_accepted)
        count_code_mail(request, email)
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    clear_login(request)  # an earlier code, and what a half-finished login has proved so far
    with transaction.atomic():
        if on_accepted is not None:
            on_accepted()
        send_code(request, account_for(email), email)
    request.session.set_expiry(settings.ACCOUNT_LOGIN_TIMEOUT)
    return HttpResponseRedirect(with_next(reverse("account_confirm_login_code"), next_url))


def count_code_mail(request: HttpRequest, email: str) -> None:
    """Count one mail with a code. Raises limits.LimitReached.

    The address in its own right comes last: what a network is no longer allowed must not use it up for others.
    """
    network = limits.network_of(request)
    limits.consume(request, "login_code_mail", f"{email} {network}")
    limits.consume(request, "login_code_mail_network", network)
    limits.consume(request, "login_code_mail_address", email)


def account_for(email: str) -> User:
    """The account that this address opens, made if there is none.

    The same statements run for a known and for an unknown address, so that the time they take says nothing.
    """
    as_further_address = EmailAddress.objects.filter(email=email, verified=True).exclude(user__email=email)
    further_holder = as_further_address.values_list("user_id", flat=True).first()
    if further_holder is None:
        User.objects.bulk_create([User(email=email, password=make_password(None))], ignore_conflicts=True)
    holder = User.objects.get(email=email) if further_holder is None else User.objects.get(pk=further_holder)
    is_first = not EmailAddress.objects.filter(user=holder, primary=True).exists()
    EmailAddress.objects.bulk_create([EmailAddress(user=holder, email=email, primary=is_first)], ignore_conflicts=True)
    return holder


def send_code(request: HttpRequest, account: User, email: str) -> None:
    """Begin the login that the code completes. A switched-off account gets none, but as much is done for it."""
    user = account if account.is_active else None
    LoginCodeVerificationProcess.initiate(request=request, user=user, email=email)
    if user is None:
        queue_decoy("account/email/login_code", email)


def queue_decoy(template_prefix: str, email: str) -> None:
    """As much work as a mail with a code makes, which nobody gets."""
    adapter = get_adapter()
    adapter.send_mail(template_prefix, email, {"code": adapter.generate_login_code(), "is_decoy": True})


def with_next(path: str, next_url: str) -> str:
    """The path, carrying on where the reader wants to go afterwards."""
    return f"{path}?{urlencode({'next': next_url})}" if next_url else path


def _send_on(
    request: HttpRequest, user: User, email: str, next_url: str, on_accepted: Callable[[], object] | None
) -> HttpResponse:
    """A reader who is logged in has proved the address before; somebody else's address is left alone."""
    if email == user.email and on_accepted is not None:
        on_accepted()
        address_confirmed.send(sender=User, user=user, email=email, request=request)
    return redirect(next_url or settings.LOGIN_REDIRECT_URL)
