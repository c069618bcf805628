"""The subscriptions in admin, by noun. What Stripe or a reader has said is looked at here and never written."""

from subscriptions.admin.customers import StripeCustomerAdmin, SubscriptionAdmin
from subscriptions.admin.dashboard import DashboardAdmin
from subscriptions.admin.grants import GrantAdmin
from subscriptions.admin.groups import GroupAdmin
from subscriptions.admin.leads import LeadAdmin
from subscriptions.admin.leaving import AgreementAdmin, DeclarationAdmin
from subscriptions.admin.notices import AlertAdmin, OutgoingMailAdmin
from subscriptions.admin.plans import PlanAdmin
from subscriptions.admin.purchases import GiftAdmin, PurchaseAdmin
from subscriptions.admin.records import CheckoutAttemptAdmin, DisputeAdmin, InvoiceAdmin, StripeEventAdmin

__all__ = [
    "AgreementAdmin",
    "AlertAdmin",
    "CheckoutAttemptAdmin",
    "DashboardAdmin",
    "DeclarationAdmin",
    "DisputeAdmin",
    "GiftAdmin",
    "GrantAdmin",
    "GroupAdmin",
    "InvoiceAdmin",
    "LeadAdmin",
    "OutgoingMailAdmin",
    "PlanAdmin",
    "PurchaseAdmin",
    "StripeCustomerAdmin",
    "StripeEventAdmin",
    "SubscriptionAdmin",
]
