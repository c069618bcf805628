"""What a payment page is asked for: the parameters of Stripe's Checkout Session, by what is sold."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from subscriptions.models import PAID_ONCE, CheckoutAttempt, StripeCustomer


def page_params(attempt: CheckoutAttempt, customer: StripeCustomer, origin: str) -> dict[str, Any]:
    """The page is ours by its reference and tag. `origin` is the site's own, without a slash at its end."""
    welcome = f"{origin}{reverse('subscriptions:welcome')}"
    return {
        "customer": customer.stripe_id,
        "client_reference_id": str(attempt.uuid),
        "line_items": [{"price": attempt.price.stripe_id, "quantity": attempt.quantity}],
        "metadata": tags_of(attempt),
        "success_url": f"{welcome}?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{origin}{attempt.next_path}",
        **code_params(attempt),
        **tax_params(),
        **(payment_params(attempt) if attempt.price.plan.kind in PAID_ONCE else subscription_params(attempt)),
    }


def tags_of(attempt: CheckoutAttempt) -> dict[str, str]:
    return {"app": settings.STRIPE_APP, "attempt": str(attempt.uuid)}


def code_params(attempt: CheckoutAttempt) -> dict[str, Any]:
    """The code that was typed here or else, as Stripe takes not both, its own field for one."""
    if attempt.promotion_code:
        return {"discounts": [{"promotion_code": attempt.promotion_code}]}
    return {"allow_promotion_codes": True}


def tax_params() -> dict[str, Any]:
    """Stripe computes the tax by the address that it asks for, and takes the tax number of whoever has one."""
    if not settings.STRIPE_TAX:
        return {}
    return {
        "automatic_tax": {"enabled": True},
        "customer_update": {"address": "auto", "name": "auto"},
        "tax_id_collection": {"enabled": True},
    }


def subscription_params(attempt: CheckoutAttempt) -> dict[str, Any]:
    """The subscription gets the tags too, which are not copied to it from the session. A trial without a card ends in
    nothing: no bill is written to somebody who gave none.
    """
    data: dict[str, Any] = {"metadata": tags_of(attempt)}
    if attempt.begins_at is not None:
        data["trial_end"] = int(attempt.begins_at.timestamp())
    if attempt.trial_days:
        data["trial_period_days"] = attempt.trial_days
        data["trial_settings"] = {"end_behavior": {"missing_payment_method": "cancel"}}
    asked = {} if attempt.needs_card else {"payment_method_collection": "if_required"}
    return {"mode": "subscription", "subscription_data": data, **asked}


def payment_params(attempt: CheckoutAttempt) -> dict[str, Any]:
    """Of what is paid once, with an invoice. The session's own tags say what was promised: `hours`, of a pass."""
    tags = tags_of(attempt)
    return {
        "mode": "payment",
        "metadata": {**tags, "hours": str(attempt.price.plan.pass_hours)},
        "payment_intent_data": {"metadata": tags},
        "invoice_creation": {"enabled": True, "invoice_data": {"metadata": tags}},
    }
