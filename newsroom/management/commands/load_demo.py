"""Load the demonstration publication and its people; what is there already is left alone."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from newsroom import demo


class Command(BaseCommand):
    help = "Loads the demonstration publication: invented articles, authors and readers. In local mode only."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.LOCAL_MODE:
            raise CommandError("The demonstration has logins that everybody knows: it is loaded in local mode only.")
        report = demo.load(timezone.now())
        if report.problems:
            raise CommandError("\n".join(["The demonstration did not come in whole:", *map(str, report.problems)]))
        self.stdout.write(f"Demonstration publication: {report.created} articles loaded.")
