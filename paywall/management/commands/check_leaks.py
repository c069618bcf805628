"""manage.py check_leaks: does the live site give away what costs? Meant for a timer and for after a release; see
docs/operations.md.
"""

from __future__ import annotations

import random
import signal
from argparse import ArgumentParser
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from paywall.leaks.check import CannotCheck, Report, check
from paywall.leaks.readers import AnotherRun
from paywall.leaks.routes import UnknownRoutes
from paywall.leaks.samples import NothingToCheck
from paywall.leaks.visits import PER_SECOND, SiteSilent

LEAKS, UNCHECKED = 1, 2  # exit codes
MOST_SHOWN = 40


class Command(BaseCommand):
    help = (
        "Read the site over HTTP as every class of reader, and look for sentences that they may not read. Ends with 0 "
        "where there are none, with 1 where there are, and with 2 where it could not be checked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default=settings.SITE_URL, help="where the site is (SITE_URL)")
        parser.add_argument("--articles", type=int, default=5, metavar="N", help="how many articles, at random (5)")
        parser.add_argument("--seed", type=int, help="choose the same articles again")
        parser.add_argument(
            "--rate", type=float, default=PER_SECOND, metavar="N", help=f"requests a second ({PER_SECOND:.0f})"
        )

    def handle(
        self, *_arguments: Any, base_url: str, articles: int, seed: int | None, rate: float, **_options: Any
    ) -> None:
        refuse_nonsense(base_url, articles, rate)
        seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
        self.stdout.write(f"Checking {base_url}. The same articles again: --seed {seed}")
        former = signal.signal(signal.SIGTERM, leave)
        try:
            report = check(base_url, articles, seed, timezone.now(), rate)
        except (CannotCheck, NothingToCheck, SiteSilent, UnknownRoutes) as reason:
            raise CommandError(f"Could not check: {reason}", returncode=UNCHECKED) from None
        except AnotherRun:
            raise CommandError("Could not check: another check of this database runs.", returncode=UNCHECKED) from None
        except DatabaseError as error:
            raise CommandError(f"Could not check: the database says {error}", returncode=UNCHECKED) from error
        finally:
            signal.signal(signal.SIGTERM, former)
        self.tell(report)

    def tell(self, report: Report) -> None:
        for note in report.notes:
            self.stdout.write(f"Not looked at: {note}")
        for leak in list(report.leaks.values())[:MOST_SHOWN]:
            self.stdout.write(
                f"LEAK at {leak.address}\n  for   {leak.who}\n  in    {leak.where}\n  reads {leak.sentence}"
            )
        if len(report.leaks) > MOST_SHOWN:
            self.stdout.write(f"… and {len(report.leaks) - MOST_SHOWN} leaks more.")
        for address, why in report.failed.items():
            self.stdout.write(f"Could not be read: {address} {why}")
        self.stdout.write(
            f"{report.articles} articles, {report.sentences} sentences, {report.words} words; "
            f"{len(report.addresses)} addresses, {len(report.classes)} classes of reader, {report.requests} requests."
        )
        if report.leaks:
            raise CommandError(f"{len(report.leaks)} leaks were found.", returncode=LEAKS)
        if report.failed:
            raise CommandError("Some addresses could not be read: nothing is known of them.", returncode=UNCHECKED)
        self.stdout.write("No sentence was found where it may not be read.")


def refuse_nonsense(base_url: str, articles: int, rate: float) -> None:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise CommandError(f"--base-url {base_url!r} is not like https://news.example.org", returncode=UNCHECKED)
    if not (1 <= articles <= 100 and 0.1 <= rate <= 1000):
        raise CommandError("--articles is 1 to 100, --rate 0.1 to 1000 requests a second.", returncode=UNCHECKED)


def leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Ended from outside: by an exception, so that the readers of the check are removed."""
    raise SystemExit(UNCHECKED)
