"""Staff show a second factor before the admin opens: an authenticator app or a passkey, used in this very login.

Decides nothing about what they may do there. In the demo, and there alone, it stands aside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from accounts.admin_pages import is_admin_path
from accounts.codes import with_next
from accounts.models import User

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# Of the pages about second factors those that neither show nor change one, and those that ask for one.
OPEN_PAGES = {
    "mfa_index",
    "mfa_list_webauthn",
    "mfa_login_webauthn",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
}


class SecondFactorMiddleware:
    """Asks by the view that was found, so that no spelling of an address leads around it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if settings.IS_DEMO or not (is_admin(request) or is_factor_page(request)) or not is_staff(request):
            return None
        step = next_step(request)
        if step is None:
            return None
        response = HttpResponseRedirect(step)
        add_never_cache_headers(response)
        return response


def is_admin(request: HttpRequest) -> bool:
    """Whether a view of the admin answers, or any other at an address below the admin's."""
    match = request.resolver_match
    is_of_admin = match is not None and "admin" in match.app_names
    return is_of_admin or is_admin_path(request.path)


def is_factor_page(request: HttpRequest) -> bool:
    """Whether the page shows or changes a second factor: with another way in, the first one would guard nothing."""
    name = request.resolver_match.url_name if request.resolver_match else None
    return name is not None and name.startswith("mfa_") and name not in OPEN_PAGES


def is_staff(request: HttpRequest) -> bool:
    return request.user.is_authenticated and (request.user.is_staff or request.user.is_superuser)


def is_shown(request: HttpRequest) -> bool:
    """Whether this login has shown a second factor, or the site asks for none: what staff may do outside of the admin
    too, such as to read every body, they may do then alone.
    """
    if settings.IS_DEMO:
        return True
    held = held_by(request)
    return any(kind in SECOND_FACTORS for kind in held.values()) and has_used_one_of(request, set(held))


def held_by(request: HttpRequest) -> dict[int, str]:
    """The kinds of the authenticators of who asks, recovery codes among them, by their ids."""
    return dict(Authenticator.objects.filter(user_id=request.user.pk).values_list("pk", "type"))


def next_step(request: HttpRequest) -> str | None:
    """Where this member of staff has to go before the page opens; None where nothing is missing.

    Who has no second factor may put one up, which takes a login of the last five minutes (see AccountAdapter).
    """
    held = held_by(request)
    if not any(kind in SECOND_FACTORS for kind in held.values()):
        return reverse("mfa_index") if is_admin(request) else None
    if has_used_one_of(request, set(held)):
        return None
    is_by_code = Authenticator.Type.TOTP in held.values()
    page = reverse("mfa_reauthenticate" if is_by_code else "mfa_reauthenticate_webauthn")
    return with_next(page, request.get_full_path() if request.method in ("GET", "HEAD") else reverse("admin:index"))


def has_used_one_of(request: HttpRequest, authenticator_ids: set[int]) -> bool:
    """Whether one of these was used in this login, a recovery code among them. One that was removed counts no more."""
    records = get_authentication_records(request, request.user if isinstance(request.user, User) else None)
    return any(record.get("method") == "mfa" and record.get("id") in authenticator_ids for record in records)


def record_enrolment(request: HttpRequest, user: User, authenticator: Authenticator) -> None:
    """Who has just put one up has shown it, by its code or its signature."""
    if authenticator.type in SECOND_FACTORS:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)
