"""Addresses given at the gate: stored with what was said beside the field, confirmed when the owner typed the code."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from subscriptions.agreed.consent import CONSENT_VERSION, CONSENT_WORDING
from subscriptions.models import Lead, Plan
from subscriptions.signals import lead_captured, lead_confirmed
from subscriptions.sources import Source

LONGEST_SOURCE = 300


def capture_lead(email: str, plan: Plan, source_path: str, source: Source = Source.UNKNOWN) -> Lead:
    """Store a normalised address with the wording that stood beside the field."""
    lead = Lead.objects.create(
        email=email,
        plan=plan,
        consent_wording=str(CONSENT_WORDING),
        consent_version=CONSENT_VERSION,
        source_path=source_path[:LONGEST_SOURCE],
        source=source,
    )
    transaction.on_commit(partial(lead_captured.send, sender=Lead, lead=lead))
    return lead


def confirm_leads(user: User, email: str) -> None:
    """Mark the open leads of an address that the user has proved as theirs."""
    for lead in Lead.objects.filter(email=email, confirmed_at__isnull=True):
        lead.user = user
        lead.confirmed_at = timezone.now()
        lead.save(update_fields=["user", "confirmed_at"])
        transaction.on_commit(partial(lead_confirmed.send, sender=Lead, lead=lead))
