"""Who pays for what: plans, the addresses given at the gate, and access given without a payment."""

from subscriptions.models.grant import LIBRARY_SCOPE, Grant
from subscriptions.models.lead import Lead
from subscriptions.models.plan import Plan

__all__ = ["LIBRARY_SCOPE", "Grant", "Lead", "Plan"]
