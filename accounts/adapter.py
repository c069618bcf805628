"""What allauth asks this site: how addresses are written, where a reader may be sent, how mail leaves."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import devices, limits, mail
from accounts.addresses import AddressRefused, normalise
from accounts.models import User
from accounts.next_path import local_path_or_none
from accounts.proxies import client_ip

RECENT_LOGIN = 300  # seconds during which a login itself counts as proof of who sits there


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": _("This is not the code that we sent."),
        "too_many_login_attempts": _("Too many tries. Please wait a few minutes, or log in with a code."),
        "email_password_mismatch": _("This address and this password do not belong together."),
        "email_taken": _("There is an account with this address already. Log out, and log in with that address."),
        "duplicate_email": _("This is the address of your account already."),
    }

    def clean_email(self, email: str) -> str:
        try:
            return normalise(email)
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code="invalid") from None

    def is_safe_url(self, url: str) -> bool:
        """allauth's own rule admits every host of ALLOWED_HOSTS; ours admits paths of this site only."""
        return bool(local_path_or_none(url))

    def get_client_ip(self, request: HttpRequest) -> str:
        """For allauth's own counts and the device list too. Raises UnknownSender."""
        return client_ip(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render and queue; with `is_decoy` in the context it is dropped later. Links name SITE_URL, never the host."""
        site = SimpleNamespace(name=settings.SITE_NAME, domain=urlsplit(settings.SITE_URL).netloc)
        context = {"email": email, "current_site": site, "site_url": settings.SITE_URL} | context
        context["request"] = allauth_context.request
        mail.enqueue(self.render_mail(template_prefix, email, context), is_decoy=context.get("is_decoy", False))

    def generate_password_reset_code(self) -> str:
        """Six digits, as every code of ours."""
        return str(self.generate_login_code())

    def login(self, request: HttpRequest, user: User) -> None:
        """Log in with the password as it stands now: the owner's arrival may just have wiped it."""
        user.refresh_from_db(fields=["password", "last_login"])
        self._is_first_login = user.last_login is None
        super().login(request, user)
        request.session.set_expiry(None)  # a pending code made it short

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **details)
        devices.greet(request, user, response, is_first_login=self._is_first_login)
        return response

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Wrong passwords count by address and network together: a stranger elsewhere cannot lock the owner out."""
        key = f"{credentials.get('email', '')} {limits.network_of(request)}"
        try:
            self._login_failed_rl_usage = limits.consume(request, "login_failed", key)
        except limits.LimitReached:
            raise self.validation_error("too_many_login_attempts") from None

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not soon after a login: who has just added a first passkey has nothing else to show.

        Later, who has neither password nor second factor logs in once more; allauth would let them through.
        Raises ImmediateHttpResponse with the page that says so.
        """
        request = allauth_context.request
        records = get_authentication_records(request, request.user)
        if any(time.time() - record["at"] < RECENT_LOGIN for record in records):
            return False
        is_required = bool(super().is_reauthentication_required(app=app, **kwargs))
        if is_required and not self.get_reauthentication_methods(request.user):
            raise ImmediateHttpResponse(ask_to_log_in_again(request))
        return is_required

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")


def ask_to_log_in_again(request: HttpRequest) -> HttpResponse:
    """The page whose button logs out and leads through the login back to where the reader stands."""
    back = urlencode({"next": local_path_or_none(request.get_full_path())})
    context = {"login_url": f"{reverse('account_login')}?{back}"}
    return render(request, "account/log_in_again.html", context, status=403)


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("That code is not right. Type the one the app shows now."),
    }

    def _get_site_name(self) -> str:
        """What passkeys and authenticator apps call this site."""
        return str(settings.SITE_NAME)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's name
        """What a new key is called where its owner gives it no name."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %(number)d") % {"number": number}

    def build_totp_svg(self, url: str) -> str:
        """On a white ground: allauth's picture has none, and could not be read in dark mode."""
        ground = '<rect width="100%" height="100%" fill="white"/>'
        return str(super().build_totp_svg(url)).replace("<path", f"{ground}<path", 1)
