"""Compare what is stored with what Stripe says, and mend it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from subscriptions.mirroring.reconcile import reconcile
from subscriptions.stripe_gateway import StripeFailed


class Command(BaseCommand):
    help = "Reads Stripe's events since the last time and its list of subscriptions; prints what drifted, and mends it."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.STRIPE_SECRET_KEY:
            raise CommandError("STRIPE_SECRET_KEY is not set: payments are not open on this site.")
        try:
            for line in reconcile():
                self.stdout.write(line)
        except StripeFailed as error:
            raise CommandError(f"Stripe did not answer as it should: {error}. Please run this again.") from error
