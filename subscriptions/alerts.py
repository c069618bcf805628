"""Raising what a person has to look at. Each matter is raised once, also when it is found again and again."""

from __future__ import annotations

import logging

from subscriptions.models import Alert, AlertKind, StripeCustomer
from subscriptions.stripe_gateway import Answer

logger = logging.getLogger(__name__)


def raise_alert(kind: AlertKind, about: str, text: str, customer: StripeCustomer | None = None) -> bool:
    """Raise an alert about an object of Stripe's, and whose it is; False where it was raised before."""
    _alert, is_new = Alert.objects.get_or_create(
        key=f"{kind}:{about}", defaults={"kind": kind, "text": text, "customer": customer}
    )
    if is_new:
        logger.error("alert %s about %s", kind, about)
    return is_new


def tell_of_foreign(customer: StripeCustomer, subscription: Answer) -> None:
    """A customer of ours has what this site does not sell; it opens nothing here."""
    items = ", ".join(item["price"]["id"] for item in subscription["items"]["data"])
    raise_alert(
        AlertKind.FOREIGN_PRODUCT,
        subscription["id"],
        f"{customer.stripe_id} is a customer of this site and has {subscription['id']} at a price that this site does "
        f"not know ({items}). It opens nothing here. If it was meant to, give it the price of a plan at Stripe.",
        customer,
    )


def tell_of_unfinished(customer: StripeCustomer, invoice: Answer) -> None:
    """An invoice that Stripe could not finish is not paid, and is not tried again until somebody mends what it says."""
    error = invoice.get("last_finalization_error")
    if not error:
        return
    raise_alert(
        AlertKind.FINALIZATION_FAILED,
        invoice["id"],
        f"Stripe cannot finish the invoice {invoice['id']} of {customer.stripe_id} "
        f"({error.get('code') or error.get('type') or 'without a reason'}): nobody is charged, and the reader reads on "
        f"for now. Mend it at Stripe and finalise the invoice there.",
        customer,
    )
