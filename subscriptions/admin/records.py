"""What readers and Stripe have left behind: ways to the payment page, invoices, events."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from subscriptions.admin.looking import ReadOnlyAdmin, WholeNumberSearch
from subscriptions.models import CheckoutAttempt, Dispute, Invoice, StripeEvent


@admin.register(CheckoutAttempt)
class CheckoutAttemptAdmin(WholeNumberSearch, ReadOnlyAdmin):
    """The address of the payment page is not shown: it opens a session that belongs to a reader."""

    exclude = ("browser", "session_url")
    readonly_fields = ("uuid", "created_at")
    list_display = ("uuid", "lead", "price", "state", "created_at", "paid_at")
    list_filter = ("state",)
    list_select_related = ("lead", "price")
    search_fields = ("session_id__exact", "lead__email__iexact", "user__email__iexact", "customer__stripe_id__exact")
    search_help_text = gettext_lazy("The whole address, or the id of the attempt, its session or its customer.")


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        "customer",
        "subscription",
        "status",
        "paid_label",
        "tax_label",
        "finalized_at",
        "paid_at",
    )
    list_filter = ("status", "currency")
    list_select_related = ("customer", "subscription")
    search_fields = (
        "stripe_id__exact",
        "number__iexact",
        "customer__stripe_id__exact",
        "subscription__stripe_id__exact",
    )
    search_help_text = gettext_lazy("The number, or the id of an invoice, customer or subscription at Stripe.")


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    list_display = ("event_id", "type", "customer_id", "object_id", "outcome", "livemode", "created", "received_at")
    list_filter = ("outcome", "livemode")
    search_fields = ("event_id__exact", "customer_id__exact", "object_id__exact")
    search_help_text = gettext_lazy("The id of an event, a customer or an object at Stripe.")


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """Answered at Stripe, where the evidence goes."""

    list_display = ("stripe_id", "customer", "amount_label", "reason", "status", "evidence_due_at", "opened_at")
    list_filter = ("status", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("customer",)
    search_fields = ("stripe_id__exact", "charge_id__exact", "payment_intent__exact", "customer__stripe_id__exact")
    search_help_text = gettext_lazy("The id of a dispute, a charge, a payment or a customer at Stripe.")
