"""What was paid for once, and the gifts among it. Returns are made at Stripe; a sync brings what became of them."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subscriptions.admin.looking import ReadOnlyAdmin
from subscriptions.models import Gift, Purchase
from subscriptions.models.plan import money


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = ("price", "user", "what", "paid_label", "returned", "paid_at", "ends_at", "revoked_at")
    list_filter = ("price__plan", ("revoked_at", admin.EmptyFieldListFilter), "currency")
    list_select_related = ("price__plan", "user")
    search_fields = (
        "user__email__iexact",
        "payment_intent__exact",
        "invoice_id__exact",
        "invoice_number__iexact",
        "customer__stripe_id__exact",
    )
    search_help_text = gettext_lazy("The whole address, or the id of a payment, invoice or customer at Stripe.")

    @admin.display(description=gettext_lazy("what"))
    def what(self, purchase: Purchase) -> str:
        return f"{purchase.price.plan.name} {purchase.scope.removeprefix('library')}".strip()

    @admin.display(description=gettext_lazy("returned"))
    def returned(self, purchase: Purchase) -> str:
        return money(purchase.refunded_minor, purchase.currency) if purchase.refunded_minor else ""


@admin.register(Gift)
class GiftAdmin(ReadOnlyAdmin):
    """The address that redeems a gift is its giver's to hand on, and is not shown."""

    exclude = ("seed", "token_hash")
    list_display = ("pk", "state", "months", "giver", "recipient_email", "sends_on", "redeemed_by", "begun_at")
    list_filter = (
        ("redeemed_at", admin.EmptyFieldListFilter),
        ("begun_at", admin.EmptyFieldListFilter),
        ("purchase", admin.EmptyFieldListFilter),
    )
    list_select_related = ("purchase__user", "redeemed_by")
    search_fields = (
        "recipient_email__iexact",
        "purchase__user__email__iexact",
        "redeemed_by__email__iexact",
        "purchase__payment_intent__exact",
    )
    search_help_text = gettext_lazy("The whole address of giver or recipient, or the id of the payment at Stripe.")

    @admin.display(description=gettext_lazy("given by"))
    def giver(self, gift: Gift) -> str:
        return "" if gift.purchase is None else str(gift.purchase.user or "")

    @admin.display(description=gettext_lazy("state"))
    def state(self, gift: Gift) -> str:
        if gift.purchase is None:
            return _("not paid")
        if gift.purchase.revoked_at is not None:
            return _("returned")
        if gift.redeemed_at is None:
            return _("not redeemed") if gift.is_open(timezone.now()) else _("expired")
        return _("redeemed") if gift.begun_at is not None else _("redeemed, waits for a subscription to end")
