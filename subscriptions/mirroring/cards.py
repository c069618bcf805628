"""What each running subscription is charged to, brought by the sync: kind, brand, last four digits, last month. Nothing
else of a card comes here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from subscriptions.answers import id_of
from subscriptions.models import Card, StripeCustomer, Subscription
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Answer, Gateway

TOLD = ("method_id", "kind", "brand", "last4", "exp_month", "exp_year")

type Labels = dict[str, dict[str, Any]]  # by the subscription's id at Stripe, the columns of its card


def fetch_labels(gateway: Gateway, customer: StripeCustomer, subscriptions: list[Answer]) -> Labels:
    """A subscription's own method comes before the customer's, which is asked for only where it counts."""
    running = [answer for answer in subscriptions if answer["status"] in LIVE_STATUSES]
    if not running:
        return {}
    methods = {method["id"]: method for method in gateway.payment_methods_of(customer.stripe_id)}
    own = {answer["id"]: id_of(answer.get("default_payment_method")) for answer in running}
    usual = ""
    if methods and not all(method_id in methods for method_id in own.values()):
        settings = gateway.customer(customer.stripe_id).get("invoice_settings") or {}
        usual = id_of(settings.get("default_payment_method"))
    return {stripe_id: label_of(methods.get(method_id) or methods.get(usual)) for stripe_id, method_id in own.items()}


def label_of(method: Answer | None) -> dict[str, Any]:
    if method is None:
        return {"method_id": "", "kind": "", "brand": "", "last4": "", "exp_month": None, "exp_year": None}
    details = method.get(method["type"]) or {}
    return {
        "method_id": method["id"],
        "kind": str(method["type"])[:40],
        "brand": str(details.get("brand") or "")[:40],
        "last4": str(details.get("last4") or "")[:4],
        "exp_month": details.get("exp_month"),
        "exp_year": details.get("exp_year"),
    }


def save_labels(customer: StripeCustomer, labels: Labels, _now: datetime) -> list[str]:
    rows = {row.stripe_id: row for row in Subscription.objects.filter(customer=customer).select_related("card")}
    changes = []
    for stripe_id, row in rows.items():
        before = getattr(row, "card", None)
        label = labels.get(stripe_id)
        if label is None:
            if before is not None:
                before.delete()
                changes.append(f"{stripe_id}: card forgotten")
        elif before is None or any(getattr(before, name) != label[name] for name in TOLD):
            Card.objects.update_or_create(subscription=row, defaults=label)
            changes.append(f"{stripe_id}: card noted")
    return changes


def forget_labels(customer: StripeCustomer) -> None:
    """What a customer paid with who is no longer there. A customer that Stripe has removed brings nothing to save."""
    Card.objects.filter(subscription__customer=customer, subscription__customer__deleted_at__isnull=False).delete()
