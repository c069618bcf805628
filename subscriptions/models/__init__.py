"""Who pays for what: plans, the addresses given at the gate, and access given without a payment."""

from subscriptions.models.grant import LIBRARY_SCOPE, Grant, GrantSource
from subscriptions.models.lead import Lead
from subscriptions.models.plan import Plan, PlanInterval, PlanKind

__all__ = ["LIBRARY_SCOPE", "Grant", "GrantSource", "Lead", "Plan", "PlanInterval", "PlanKind"]
