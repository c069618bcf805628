"""manage.py createsuperuser: Django's own, which says in words what is wrong with an address."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError

from accounts.addresses import AddressRefused


class Command(createsuperuser.Command):
    def handle(self, *arguments: Any, **options: Any) -> None:
        try:
            super().handle(*arguments, **options)
        except AddressRefused as refusal:
            raise CommandError(str(refusal)) from None
