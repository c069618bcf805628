"""manage.py createsuperuser: Django's own, which says in words what is wrong with an address."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.addresses import AddressRefused
from accounts.models import StaffActionKind, User


class Command(createsuperuser.Command):
    def handle(self, *arguments: Any, **options: Any) -> None:
        with transaction.atomic():  # no superuser comes to be without the row that tells of it
            known = set(superusers().values_list("pk", flat=True))
            try:
                super().handle(*arguments, **options)
            except AddressRefused as refusal:
                raise CommandError(str(refusal)) from None
            for user in superusers().exclude(pk__in=known):
                audit.record(None, StaffActionKind.ADDED, user, "A superuser.")


def superusers() -> QuerySet[User]:
    return User.objects.filter(is_superuser=True)
