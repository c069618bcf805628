"""What happens to an account when its owner arrives, when the address changes, when a second factor is put up."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, email_confirmed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.usersessions.adapter import get_adapter as usersessions_adapter
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.second_factor import record_enrolment


@receiver(email_confirmed)
def let_owner_arrive(request: HttpRequest, email_address: EmailAddress, **_kwargs: Any) -> None:
    """With the first confirmed address the account becomes its owner's: who set a password or logged in before is out.

    Any new password hash, also one that no password fits, ends all sessions; AccountAdapter.login reads it afresh.
    """
    others = EmailAddress.objects.filter(user_id=email_address.user_id, verified=True).exclude(pk=email_address.pk)
    if others.exists():  # a change of address
        return
    User.objects.filter(pk=email_address.user_id).update(password=make_password(None))
    end_other_sessions(request, email_address.user_id)


@receiver(email_changed)
def end_sessions_of_old_address(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    end_other_sessions(request, user.pk)


@receiver(authenticator_added)
def count_new_factor_as_used(request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    record_enrolment(request, user, authenticator)


def end_other_sessions(request: HttpRequest, user_id: int) -> None:
    """End all of the user's sessions but the one of this request."""
    sessions = UserSession.objects.filter(user_id=user_id).exclude(session_key=request.session.session_key or "")
    usersessions_adapter().end_sessions(list(sessions))
