"""Addresses given at the gate: stored with what was said beside the field, confirmed when the owner typed the code."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from subscriptions.agreed.agreements import Offer, note_gate
from subscriptions.agreed.consent import CONSENT_VERSION, CONSENT_WORDING
from subscriptions.models import CheckoutAttempt, Lead, Plan
from subscriptions.signals import lead_captured, lead_confirmed
from subscriptions.sources import Source

LONGEST_SOURCE = 300


@transaction.atomic
def capture_lead(
    email: str, plan: Plan, offer: Offer, source_path: str, source: Source = Source.UNKNOWN, *, is_asked: bool = True
) -> Lead:
    """Store a normalised address with the wording that stood beside the field, and note it with what was offered.
    `is_asked`: whether there was a field; who is logged in sees neither.
    """
    lead = Lead.objects.create(
        email=email,
        plan=plan,
        consent_wording=str(CONSENT_WORDING) if is_asked else "",
        consent_version=CONSENT_VERSION if is_asked else "",
        source_path=source_path[:LONGEST_SOURCE],
        source=source,
    )
    note_gate(lead, offer)
    transaction.on_commit(partial(lead_captured.send, sender=Lead, lead=lead))
    return lead


def without_others(leads: QuerySet[Lead], user: User) -> QuerySet[Lead]:
    """Not those with which another account went to the payment page: the address may have been theirs before."""
    of_others = CheckoutAttempt.objects.filter(lead=OuterRef("pk"), user__isnull=False).exclude(user=user)
    return leads.exclude(Exists(of_others))


def confirm_leads(user: User, email: str) -> None:
    """Mark the open leads of an address that the user has proved as theirs."""
    for lead in without_others(Lead.objects.filter(email=email, confirmed_at__isnull=True), user):
        lead.user = user
        lead.confirmed_at = timezone.now()
        lead.save(update_fields=["user", "confirmed_at"])
        transaction.on_commit(partial(lead_confirmed.send, sender=Lead, lead=lead))
