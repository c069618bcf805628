"""manage.py remove_second_factor EMAIL: the way back for staff who lost phone, key and recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import get_adapter as usersessions_adapter
from allauth.usersessions.models import UserSession
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import audit
from accounts.addresses import AddressRefused, normalise
from accounts.models import StaffActionKind, User


class Command(BaseCommand):
    help = (
        "Remove the passkeys, the authenticator app and the recovery codes of one account, and log out all its devices."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")

    def handle(self, *_arguments: Any, email: str, **_options: Any) -> None:
        try:
            user = User.objects.filter(email=normalise(email)).first()
        except AddressRefused as refusal:
            raise CommandError(str(refusal)) from None
        if user is None:
            raise CommandError(f"there is no account with the address {email}")
        if not remove_second_factor(user):
            raise CommandError(f"{user.email} has no second factor")
        self.stdout.write(f"{user.email} has no second factor now, and is logged out everywhere. At the next entry to")
        self.stdout.write("the admin another one is asked for.")


@transaction.atomic
def remove_second_factor(user: User) -> bool:
    """Whether there was one."""
    removed, _by_model = Authenticator.objects.filter(user=user).delete()
    if removed:
        audit.record(None, StaffActionKind.SECOND_FACTOR_CHANGED, user, "All removed.")
    usersessions_adapter().end_sessions(list(UserSession.objects.filter(user=user)))
    return bool(removed)
