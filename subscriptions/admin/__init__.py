"""The subscriptions in admin, by noun. What Stripe or a reader has said is looked at here and never written."""

from subscriptions.admin.customers import StripeCustomerAdmin, SubscriptionAdmin
from subscriptions.admin.grants import GrantAdmin
from subscriptions.admin.leads import LeadAdmin
from subscriptions.admin.notices import AlertAdmin, OutgoingMailAdmin
from subscriptions.admin.plans import PlanAdmin
from subscriptions.admin.records import CheckoutAttemptAdmin, InvoiceAdmin, StripeEventAdmin

__all__ = [
    "AlertAdmin",
    "CheckoutAttemptAdmin",
    "GrantAdmin",
    "InvoiceAdmin",
    "LeadAdmin",
    "OutgoingMailAdmin",
    "PlanAdmin",
    "StripeCustomerAdmin",
    "StripeEventAdmin",
    "SubscriptionAdmin",
]
