"""manage.py make_editor EMAIL: the way in for the first member of staff."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

from accounts import audit
from accounts.addresses import AddressRefused, normalise
from accounts.codes import with_next
from accounts.models import EDITORS, PUBLISHERS, SUPPORT, StaffActionKind, User

ROLES = {"editor": EDITORS, "publisher": PUBLISHERS, "support": SUPPORT}
NAMES = {"editor": "an editor", "publisher": "a publisher", "support": "a member of support"}


class Command(BaseCommand):
    help = (
        "Make the address an editor's, or give it another role of staff: create the account or promote the one that is "
        "there, and print where to log in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--role", choices=tuple(ROLES), default="editor")

    def handle(self, *_arguments: Any, email: str, role: str, **_options: Any) -> None:
        try:
            user = make_editor(normalise(email), role)
        except AddressRefused as refusal:
            raise CommandError(str(refusal)) from None
        link = settings.SITE_URL + with_next(reverse("account_login"), reverse("admin:index"))
        self.stdout.write(f"{user.email} is now {NAMES[role]}. There is no password. Open")
        self.stdout.write(f"  {link}")
        self.stdout.write(
            "type the address, and then the code we mail to it. The first time, you set up a second login"
        )
        self.stdout.write("step (a passkey or an authenticator app) and get recovery codes to keep.")


@transaction.atomic
def make_editor(email: str, role: str) -> User:
    """Give the account of this normalised address the rights of a role, of use to who receives mail there.

    Raises CommandError.
    """
    name = ROLES[role]
    group = Group.objects.filter(name=name).first()
    if group is None:
        raise CommandError(f"there is no group {name!r}; run manage.py migrate, which makes it with its permissions")
    user = User.objects.filter(email=email).first() or User.objects.create_user(email)
    if not user.is_active:
        raise CommandError(f"the account of {email} is switched off; switch it on in the admin first")
    if not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
        audit.record(None, StaffActionKind.RIGHTS_CHANGED, user, "May enter the admin.")
    user.groups.add(group)
    if not EmailAddress.objects.filter(user=user).exists():
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
    return user
