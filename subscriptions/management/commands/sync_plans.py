"""Bring the plans to Stripe, as products and prices."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from subscriptions.catalogue import sync_plans
from subscriptions.stripe_gateway import StripeFailed


class Command(BaseCommand):
    help = "Makes the products and prices of the plans at Stripe, as far as they are missing, and notes their ids here."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.STRIPE_SECRET_KEY:
            raise CommandError("STRIPE_SECRET_KEY is not set: payments are not open on this site.")
        try:
            done = sync_plans()
        except StripeFailed as error:
            raise CommandError(f"Stripe did not do it: {error}") from error
        self.stdout.write("\n".join(done) if done else "All plans are at Stripe already.")
