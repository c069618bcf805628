"""Who pays for what: plans and prices, the addresses given at the gate, Stripe's contracts mirrored, and access given
without a payment.
"""

from subscriptions.models.alert import Alert, AlertKind
from subscriptions.models.checkout_attempt import LIVE_STATES, AttemptState, CheckoutAttempt
from subscriptions.models.customer import StripeCustomer, SyncJob
from subscriptions.models.event import EventCursor, EventOutcome, StripeEvent
from subscriptions.models.grant import LIBRARY_SCOPE, Grant, GrantSource
from subscriptions.models.invoice import Invoice
from subscriptions.models.lead import Lead
from subscriptions.models.outgoing_mail import MailState, OutgoingMail
from subscriptions.models.plan import Plan, PlanInterval, PlanKind
from subscriptions.models.plan_price import PlanPrice
from subscriptions.models.subscription import Subscription

__all__ = [
    "LIBRARY_SCOPE",
    "LIVE_STATES",
    "Alert",
    "AlertKind",
    "AttemptState",
    "CheckoutAttempt",
    "EventCursor",
    "EventOutcome",
    "Grant",
    "GrantSource",
    "Invoice",
    "Lead",
    "MailState",
    "OutgoingMail",
    "Plan",
    "PlanInterval",
    "PlanKind",
    "PlanPrice",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "SyncJob",
]
