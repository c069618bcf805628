"""allauth's forms with our fields: an address is normalised at every door, and a code is asked for in six digits."""

from __future__ import annotations

import struct
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.fields import PasswordField
from allauth.account.internal.flows.manage_email import email_already_exists
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.mfa.base import forms as allauth_mfa_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as allauth_totp_forms
from allauth.mfa.webauthn import forms as allauth_webauthn_forms
from django.core.exceptions import ValidationError
from django.forms import BooleanField, Field, Form
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.codes import queue_decoy, start_code
from accounts.fields import AddressField, CodeField
from accounts.models import User
from accounts.pruning import release_unconfirmed

# What the parser of passkeys lets escape when something else was sent.
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, struct.error)
CODE_MISSING = {"required": _("Please type the code.")}


class LoginForm(allauth_forms.LoginForm):
    """An address, and a password for those who have one. Without it a code is sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields: dict[str, Field] = {"login": AddressField(), "password": self.fields["password"]}

    def _setup_password_field(self) -> None:
        """allauth drops the field where signing up asks for no password."""
        self.fields["password"] = PasswordField(
            label=_("Password"),
            autocomplete="current-password",
            required=False,
        )
        del self.fields["password"].widget.attrs["placeholder"]

    def _clean_without_password(self, email: str | None, phone: str | None) -> dict[str, Any]:
        return dict(self.cleaned_data)

    def _login_by_code(
        self, request: HttpRequest, redirect_url: str | None, credentials: dict[str, str]
    ) -> HttpResponse:
        return start_code(request, email=credentials["email"], next_url=redirect_url or "")


class AddEmailForm(allauth_forms.AddEmailForm):
    email = AddressField(label=_("New e-mail address"))


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    email = AddressField()

    def clean_email(self) -> str:
        """A code goes only to who has confirmed this address; others get the same page and nothing else."""
        email = str(self.cleaned_data["email"])
        self.users = list(
            User.objects.filter(
                is_active=True, emailaddress__in=EmailAddress.objects.filter(email=email, verified=True)
            )
        )
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """As much is done where there is no account, so that the time it takes says nothing."""
        email = str(super().save(request, **kwargs))
        if not self.users:
            queue_decoy("account/email/password_reset_code", email)
        return email


class SaysOnce(Form):
    """A form for a new password: what it has to be like in one sentence, and no label a second time in its field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        # The validators of AUTH_PASSWORD_VALIDATORS, each of which would say a sentence of its own.
        self.fields["password1"].help_text = _(
            "At least 10 characters, not only figures, not a common word, not your name or address."
        )


class SetPasswordForm(SaysOnce, allauth_forms.SetPasswordForm):
    pass


class ChangePasswordForm(SaysOnce, allauth_forms.ChangePasswordForm):
    pass


class NewPasswordForm(SaysOnce, allauth_forms.ResetPasswordKeyForm):
    pass


class ConfirmLoginCodeForm(allauth_forms.ConfirmLoginCodeForm):
    code = CodeField()


class ConfirmPasswordResetCodeForm(allauth_forms.ConfirmPasswordResetCodeForm):
    code = CodeField()


class ConfirmEmailVerificationCodeForm(allauth_forms.ConfirmEmailVerificationCodeForm):
    code = CodeField()

    def clean_code(self) -> str:
        """With the right code the address is the reader's, also where a stranger once typed it at the gate."""
        code: str = allauth_forms.BaseConfirmCodeForm.clean_code(self)
        release_unconfirmed(self.email, keep=self.user)
        email_already_exists(user=self.user, email=self.email, always_raise=True)
        return code


class AddPasskeyForm(allauth_webauthn_forms.AddWebAuthnForm):
    passwordless = BooleanField(
        label=_("Log in with this passkey alone"),
        help_text=_(
            "It then asks for your fingerprint, your face or its PIN. "
            "Otherwise we ask for it after the code or the password."
        ),
        required=False,
        initial=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")

    def clean(self) -> dict[str, Any]:
        try:
            return dict(super().clean())
        except (ValidationError, *UNREADABLE):
            raise ValidationError(_("This passkey could not be added. Please try again."), code="invalid") from None


class CountsTries:
    """A form for the code of an app or a recovery code. Tries are counted before they are compared, simultaneous ones
    too, and by account: who comes this far has the code by mail or the password already.
    """

    user: User

    def clean_code(self) -> str:
        try:
            use = limits.consume(allauth_context.request, "second_factor", str(self.user.pk))
        except limits.LimitReached:
            raise ValidationError(_("Too many tries. Please wait a few minutes."), code="too_many_tries") from None
        code: str = super().clean_code()  # type: ignore[misc]
        use.rollback()
        return code


class AsksForFactor(CountsTries):
    """A code of the app, or a recovery code where there is none: then a passkey is asked for before it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = set(Authenticator.objects.filter(user=self.user).values_list("type", flat=True))
        self.has_app = Authenticator.Type.TOTP in held
        self.has_passkey = Authenticator.Type.WEBAUTHN in held


class SecondFactorForm(AsksForFactor, allauth_mfa_forms.AuthenticateForm):
    code = CodeField(error_messages=CODE_MISSING)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.has_app:
            self.fields["code"].widget.attrs.pop("autofocus")


class ReauthenticateForm(AsksForFactor, allauth_mfa_forms.ReauthenticateForm):
    code = CodeField(error_messages=CODE_MISSING)


class ConnectAppForm(allauth_totp_forms.ActivateTOTPForm):
    code = CodeField(label=_("Code from the app"))


class ReadsPasskey:
    """A form that takes what a passkey has signed, or what somebody sends in its place."""

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except UNREADABLE:
            raise ValidationError(_("This passkey did not work. Please try again."), code="invalid") from None
        except ValidationError as refusal:
            if refusal.code != "incorrect_code":
                raise
            raise ValidationError(_("This passkey did not work. Please try again."), code="incorrect_code") from None


class PasskeyForm(ReadsPasskey, allauth_webauthn_forms.AuthenticateWebAuthnForm):
    pass


class LoginPasskeyForm(ReadsPasskey, allauth_webauthn_forms.LoginWebAuthnForm):
    pass


class ReauthenticatePasskeyForm(ReadsPasskey, allauth_webauthn_forms.ReauthenticateWebAuthnForm):
    pass
