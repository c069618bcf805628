"""Counts how far readers come, from the teaser to a payment. It knows numbers alone: no reader, no address, no cookie.

A count that cannot be written is left out: nobody waits for one, and no page or payment fails for one.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.dispatch import receiver
from django.utils import timezone

from paywall.models import FunnelCount, Step
from paywall.telling.article_address import article_at
from subscriptions.models import CheckoutAttempt, Lead
from subscriptions.signals import checkout_started, lead_captured, lead_confirmed, payment_received

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=3 * 365)
# Of two at once that count the same one waits for the other; not for long, and not for the disk.
NO_LONG_WAIT = (
    "SET LOCAL lock_timeout = '250ms'; SET LOCAL statement_timeout = '1s'; SET LOCAL synchronous_commit = off"
)
ADD = """
    INSERT INTO paywall_funnelcount (article_id, day, source, step, number) VALUES (%s, %s, %s, %s, 1)
    ON CONFLICT (day, article_id, source, step) DO UPDATE SET number = paywall_funnelcount.number + 1
"""


def count(step: Step, article_id: int | None, source: str) -> None:
    """One more reader came to this step now. Never raises."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(NO_LONG_WAIT)
            cursor.execute(ADD, [article_id, timezone.localdate(), source, step])
    except DatabaseError as error:
        logger.warning("a step of the funnel was not counted: %s", type(error).__name__)


def count_lead(step: Step, lead: Lead) -> None:
    try:
        article_id = article_at(lead.source_path)
    except DatabaseError as error:
        logger.warning("the article of a lead was not found: %s", type(error).__name__)
        return
    count(step, article_id, lead.source)


@receiver(lead_captured)
def count_captured(lead: Lead, **_kwargs: Any) -> None:
    count_lead(Step.ADDRESS_ENTERED, lead)


@receiver(lead_confirmed)
def count_confirmed(lead: Lead, **_kwargs: Any) -> None:
    count_lead(Step.CONFIRMED, lead)


@receiver(checkout_started)
def count_checkout(attempt: CheckoutAttempt, **_kwargs: Any) -> None:
    count_lead(Step.CHECKOUT_STARTED, attempt.lead)


@receiver(payment_received)
def count_payment(attempt: CheckoutAttempt, **_kwargs: Any) -> None:
    count_lead(Step.PAID, attempt.lead)


def prune() -> int:
    """Forget what is older than three years; the number of rows."""
    return FunnelCount.objects.filter(day__lt=timezone.localdate() - KEPT_FOR).delete()[0]
