"""allauth's views where this site asks for more: limits that hold, 4xx for what is wrong, a `next` never lost."""

from __future__ import annotations

from typing import Any

from allauth.account import views as allauth_views
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.email_verification_by_code import EmailVerificationProcess
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.internal.flows.password_reset_by_code import PasswordResetVerificationProcess
from allauth.account.models import EmailAddress
from allauth.account.stages import LoginByCodeStage, LoginStage, LoginStageController
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.webauthn import views as allauth_webauthn_views
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.forms import BaseForm, Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import forms, limits
from accounts.codes import count_code_mail, with_next
from accounts.models import User
from accounts.signals import address_confirmed

FRESH_PROOF = [login_required, reauthentication_required(app="allauth.account")]  # where an account can be taken over


class RefusesBadInput:
    """A form with a mistake in it comes back as 400."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        response.status_code = 400
        return response


class MailsCode(RefusesBadInput):
    """A form whose address is then sent a code. The mail is counted first."""

    request: HttpRequest

    def form_valid(self, form: Form) -> HttpResponse:
        try:
            count_code_mail(self.request, form.cleaned_data["email"])
        except limits.LimitReached as reached:
            return limits.refuse(self.request, reached.wait)
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        return response


class LoginView(RefusesBadInput, allauth_views.LoginView):
    form_class = forms.LoginForm

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: LoginStage) -> None:
        """Who comes back here wants to correct the address; until then the code on its way stays good."""


class PasskeyLoginView(allauth_webauthn_views.LoginWebAuthnView):
    def _redirect_to_pending_stage(self, request: HttpRequest, stage: LoginStage) -> None:
        """A passkey serves as well while a code is on its way."""


class AddPasskeyView(RefusesBadInput, allauth_webauthn_views.AddWebAuthnView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the form that was refused, which allauth would check anew."""
        return {**super().get_context_data(**kwargs), **kwargs}


class CodeEntry:
    """A page that asks for a mailed code. Tries are counted before they are compared, simultaneous ones too."""

    request: HttpRequest
    _process: Any

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.has_pending(request):
            return nothing_pending(request, self.again_urlname(request))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def has_pending(self, request: HttpRequest) -> bool:
        """Whether this browser has asked for a code whose time is not over."""
        raise NotImplementedError

    def is_still_theirs(self, user: User) -> bool:
        """Whether the account has not been switched off or got another address since the code was sent. allauth would
        give it the former one back, and send that another code.
        """
        return holds_address(user, self._process.state["email"])

    def again_urlname(self, request: HttpRequest) -> str:
        """Where another code can be asked for."""
        return "account_login"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if self._action == "resend":
                limits.consume(request, "resend_login_code", self._tries_key())
                count_code_mail(request, self._process.state["email"])
            else:
                limits.consume(request, "confirm_login_code", self._tries_key())
        except limits.LimitReached as reached:
            return limits.refuse(request, reached.wait)
        response: HttpResponse = super().post(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def form_valid(self, form: Form) -> HttpResponse:
        if self._action == "resend":
            messages.info(self.request, _("Another code is on its way. The earlier one no longer works."))
            return self._go_on(form)
        user = self._process.user
        if user is None or not self.is_still_theirs(user) or not self._spend_code():
            return code_ended(self.request, self.again_urlname(self.request))
        response = self._go_on(form)
        email = self._process.state["email"]
        if EmailAddress.objects.filter(user=user, email=email, verified=True).exists():
            user = User.objects.get(pk=user.pk)
            address_confirmed.send(sender=User, user=user, email=email, request=self.request)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        if not self._process.record_invalid_attempt():
            return code_ended(self.request, self.again_urlname(self.request))
        tries_left = self._process.max_attempts - self._process.state["failed_attempts"]
        say_tries_left(form, tries_left)
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form))  # type: ignore[attr-defined]
        response.status_code = 400
        return response

    @property
    def _action(self) -> str:
        return "verify"

    def _go_on(self, form: Form) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        return response

    def _tries_key(self) -> str:
        """With the session in it: what a stranger tries elsewhere does not lock out who holds the code."""
        return f"{self._process.state['email']} {self.request.session.session_key}"

    def _spend_code(self) -> bool:
        """Whether this is the first request to use this code: several at once may all have compared it."""
        try:
            limits.consume(self.request, "spend_login_code", f"{self._tries_key()} {self._process.code}")
        except limits.LimitReached:
            return False
        return True


class ConfirmLoginCodeView(CodeEntry, allauth_views.ConfirmLoginCodeView):
    form_class = forms.ConfirmLoginCodeForm

    def has_pending(self, request: HttpRequest) -> bool:
        if request.user.is_authenticated:  # sent twice: allauth leads on
            return True
        stage = LoginStageController.enter(request, LoginByCodeStage.key)
        return stage is not None and LoginCodeVerificationProcess.resume(stage) is not None

    @property
    def _action(self) -> str:
        is_resend = self.request.POST.get("action") == "resend" and self._process.can_resend
        return "resend" if is_resend else "verify"


class ConfirmPasswordResetCodeView(CodeEntry, allauth_views.ConfirmPasswordResetCodeView):
    form_class = forms.ConfirmPasswordResetCodeForm

    def has_pending(self, request: HttpRequest) -> bool:
        return PasswordResetVerificationProcess.resume(request) is not None

    def again_urlname(self, request: HttpRequest) -> str:
        return "account_reset_password"


class CompletePasswordResetView(allauth_views.CompletePasswordResetView):
    """Where the new password is typed. Until then the account may have been switched off, or got another address."""

    form_class = forms.NewPasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        process = PasswordResetVerificationProcess.resume(request)
        user = process.user if process is not None else None
        if user is not None and not holds_address(user, process.state["email"]):
            return code_ended(request, "account_reset_password")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class ConfirmEmailVerificationCodeView(CodeEntry, allauth_views.ConfirmEmailVerificationCodeView):
    """The code for a new address, and for one that was never confirmed when somebody logs in to it with a password."""

    form_class = forms.ConfirmEmailVerificationCodeForm

    def is_still_theirs(self, user: User) -> bool:
        """A new address is the account's only with this code."""
        return user.is_active

    def has_pending(self, request: HttpRequest) -> bool:
        return EmailVerificationProcess.resume(request) is not None

    def again_urlname(self, request: HttpRequest) -> str:
        return "account_email" if request.user.is_authenticated else "account_login"


@method_decorator(FRESH_PROOF, name="dispatch")
class EmailView(MailsCode, allauth_views.EmailView):
    form_class = forms.AddEmailForm


@method_decorator(FRESH_PROOF, name="dispatch")
class PasswordSetView(allauth_views.PasswordSetView):
    """With a password of their own a thief of the session could stay for ever."""

    form_class = forms.SetPasswordForm


class PasswordChangeView(allauth_views.PasswordChangeView):
    form_class = forms.ChangePasswordForm


class PasswordResetView(MailsCode, allauth_views.PasswordResetView):
    form_class = forms.ResetPasswordForm


def say_tries_left(form: Form, tries_left: int) -> None:
    """In one breath with what was wrong with the code."""
    sentence = ngettext("You have %(count)d try left.", "You have %(count)d tries left.", tries_left)
    errors = form.errors["code"]
    errors.data[-1] = ValidationError(f"{errors[-1]} {sentence % {'count': tries_left}}")


def holds_address(user: User, email: str) -> bool:
    return user.is_active and EmailAddress.objects.filter(user=user, email=email).exists()


def nothing_pending(request: HttpRequest, again_urlname: str) -> HttpResponse:
    """No code was asked for in this browser, or its time is over."""
    if request.method == "POST":
        return code_ended(request, again_urlname)
    return HttpResponseRedirect(with_next(reverse(again_urlname), get_next_redirect_url(request) or ""))


def code_ended(request: HttpRequest, again_urlname: str) -> HttpResponse:
    """The page that says that this code no longer works, and how to get another."""
    again_url = with_next(reverse(again_urlname), get_next_redirect_url(request) or "")
    return render(request, "account/code_ended.html", {"again_url": again_url}, status=400)


@require_POST
@login_required
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Log out one of the reader's own devices."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    is_current = session.is_current()
    session.end()
    if is_current:
        logout(request)
        return redirect(settings.LOGOUT_REDIRECT_URL)
    messages.info(request, _("The device is logged out."))
    return redirect("usersessions_list")
