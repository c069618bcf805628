"""Who pays for what: plans and prices, the addresses given at the gate, Stripe's contracts mirrored, and access given
without a payment.
"""

from subscriptions.models.agreement import Agreement, AgreementKind
from subscriptions.models.alert import Alert, AlertKind
from subscriptions.models.card import Card
from subscriptions.models.checkout_attempt import LIVE_STATES, AttemptState, CheckoutAttempt
from subscriptions.models.customer import StripeCustomer, SyncJob
from subscriptions.models.dashboard import Dashboard
from subscriptions.models.declaration import (
    Declaration,
    DeclarationKind,
    DeclarationState,
    DeclaredContract,
    DeclaredEnd,
    DeclaredOutcome,
)
from subscriptions.models.dispute import Dispute
from subscriptions.models.event import EventCursor, EventOutcome, StripeEvent
from subscriptions.models.gift import Gift
from subscriptions.models.grant import LIBRARY_SCOPE, Grant, GrantSource
from subscriptions.models.group import Group, Seat, SeatState
from subscriptions.models.invoice import Invoice
from subscriptions.models.lead import Lead
from subscriptions.models.outgoing_mail import MailState, OutgoingMail
from subscriptions.models.plan import PAID_ONCE, Plan, PlanInterval, PlanKind
from subscriptions.models.plan_amount import PlanAmount
from subscriptions.models.plan_price import PlanPrice
from subscriptions.models.price_move import MoveState, PriceMove
from subscriptions.models.purchase import Purchase
from subscriptions.models.subscription import CancelFeedback, Subscription
from subscriptions.models.trial_use import TrialUse

__all__ = [
    "LIBRARY_SCOPE",
    "LIVE_STATES",
    "PAID_ONCE",
    "Agreement",
    "AgreementKind",
    "Alert",
    "AlertKind",
    "AttemptState",
    "CancelFeedback",
    "Card",
    "CheckoutAttempt",
    "Dashboard",
    "Declaration",
    "DeclarationKind",
    "DeclarationState",
    "DeclaredContract",
    "DeclaredEnd",
    "DeclaredOutcome",
    "Dispute",
    "EventCursor",
    "EventOutcome",
    "Gift",
    "Grant",
    "GrantSource",
    "Group",
    "Invoice",
    "Lead",
    "MailState",
    "MoveState",
    "OutgoingMail",
    "Plan",
    "PlanAmount",
    "PlanInterval",
    "PlanKind",
    "PlanPrice",
    "PriceMove",
    "Purchase",
    "Seat",
    "SeatState",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "SyncJob",
    "TrialUse",
]
