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

from accounts.addresses import AddressRefused, normalise
from accounts.codes import with_next
from accounts.models import EDITORS, User


class Command(BaseCommand):
    help = (
        "Make the address an editor's: create the account or promote the one that is there, and print where to log in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")

    def handle(self, *_arguments: Any, email: str, **_options: Any) -> None:
        try:
            user = make_editor(normalise(email))
        except AddressRefused as refusal:
            raise CommandError(str(refusal)) from None
        link = settings.SITE_URL + with_next(reverse("account_login"), reverse("admin:index"))
        self.stdout.write(f"{user.email} is an editor now. There is no password: open")
        self.stdout.write(f"  {link}")
        self.stdout.write("and type the address; the code that is mailed to it logs in.")


@transaction.atomic
def make_editor(email: str) -> User:
    """Give the account of this normalised address the rights of an editor, of use to who receives mail there.

    Raises CommandError.
    """
    editors = Group.objects.filter(name=EDITORS).first()
    if editors is None:
        raise CommandError(f"there is no group {EDITORS!r}; run manage.py migrate, which makes it with its permissions")
    user = User.objects.filter(email=email).first() or User.objects.create_user(email)
    if not user.is_active:
        raise CommandError(f"the account of {email} is switched off; switch it on in the admin first")
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.groups.add(editors)
    if not EmailAddress.objects.filter(user=user).exists():
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
    return user
