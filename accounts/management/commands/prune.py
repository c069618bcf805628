"""manage.py prune: clears away what nobody needs any more. Meant for a timer; see docs/operations.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.pruning import prune


class Command(BaseCommand):
    help = (
        "Remove addresses that nobody confirmed for a week, ended sessions, done tasks, old counts of rate limits, "
        "and what staff did more than AUDIT_DAYS ago."
    )

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        for kind, count in prune().items():
            self.stdout.write(f"{count} {kind} removed")
