"""What became of payments after they were made: what of an invoice went back, and what is contested. Only a sync, which
holds the lease, comes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from subscriptions.alerts import raise_alert
from subscriptions.answers import id_of
from subscriptions.models import (
    LIVE_STATES,
    PAID_ONCE,
    AlertKind,
    CheckoutAttempt,
    Invoice,
    Purchase,
    StripeCustomer,
    Subscription,
)
from subscriptions.models.plan import money
from subscriptions.money_back.disputes import save_disputes
from subscriptions.money_back.refunds import returned_by_staff
from subscriptions.outgoing import queue_mail
from subscriptions.paid_once.purchases import save_returned
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Answer, Gateway


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge of which something went back, or that is or was contested, and the invoice that it paid, if any."""

    answer: Answer
    invoice_id: str = ""
    by_staff: int = 0  # minor units of what went back: those that somebody gave back on a page of this site
    disputes: list[Answer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Charges:
    """`returned`: of each payment that was made, what went back, in minor units; mostly nothing."""

    returned: dict[str, int] = field(default_factory=dict)
    touched: list[Charge] = field(default_factory=list)


def fetch_charges(gateway: Gateway, customer: StripeCustomer, subscriptions: list[Answer]) -> Charges:
    """Nothing is asked about who never paid, and no more than the list about whose payments nothing happened to."""
    if not subscriptions and not buys_once(customer):
        return Charges()
    listed = gateway.charges_of(customer.stripe_id)
    touched = [
        Charge(
            row,
            gateway.invoice_of_payment(id_of(row["payment_intent"])) if row.get("payment_intent") else "",
            returned_by_staff(id_of(row["payment_intent"]), gateway) if row["amount_refunded"] else 0,
            gateway.disputes_of(row["id"]) if row["disputed"] else [],
        )
        for row in listed
        if row["disputed"] or row["amount_refunded"]
    ]
    paid = [row for row in listed if row["paid"] and row.get("payment_intent")]
    return Charges({id_of(row["payment_intent"]): row["amount_refunded"] for row in paid}, touched)


def buys_once(customer: StripeCustomer) -> bool:
    """Whether something was, or is just being, paid for once."""
    open_now = CheckoutAttempt.objects.filter(customer=customer, state__in=LIVE_STATES)
    is_buying = open_now.filter(price__plan__kind__in=PAID_ONCE)
    return Purchase.objects.filter(customer=customer).exists() or is_buying.exists()


def save_charges(customer: StripeCustomer, charges: Charges, now: datetime) -> list[str]:
    touched = charges.touched
    by_staff = {id_of(charge.answer.get("payment_intent")): charge.by_staff for charge in touched}
    return [
        *save_returned(customer, charges.returned, by_staff, now),
        *save_returns(customer, touched),
        *save_disputes(customer, disputes_of(touched), now),
    ]


def disputes_of(charges: list[Charge]) -> Iterator[tuple[Answer, str]]:
    """Each dispute, with the invoice that the contested charge paid."""
    for charge in charges:
        for dispute in charge.disputes:
            yield dispute, charge.invoice_id


def save_returns(customer: StripeCustomer, charges: list[Charge]) -> Iterator[str]:
    """What of each invoice is not with us any more. A return that failed later counts as none."""
    returned: dict[str, int] = {}
    by_staff: dict[str, int] = {}
    for charge in charges:
        if charge.invoice_id:
            returned[charge.invoice_id] = returned.get(charge.invoice_id, 0) + charge.answer["amount_refunded"]
            by_staff[charge.invoice_id] = by_staff.get(charge.invoice_id, 0) + charge.by_staff
    own = Invoice.objects.filter(customer=customer).select_related("subscription__user", "subscription__plan")
    touched = own.filter(stripe_id__in=returned) | own.filter(refunded_minor__gt=0)
    for invoice in touched.order_by("pk"):
        before, invoice.refunded_minor = invoice.refunded_minor, returned.get(invoice.stripe_id, 0)
        if invoice.refunded_minor != before:
            invoice.save(update_fields=["refunded_minor"])
            yield f"{invoice.stripe_id}: refunded_minor {before} -> {invoice.refunded_minor}"
        if invoice.refunded_minor > before and goes_on(invoice.subscription):
            tell_of_return(invoice, customer, invoice.refunded_minor - by_staff.get(invoice.stripe_id, 0))


def goes_on(subscription: Subscription) -> bool:
    return subscription.status in LIVE_STATUSES and subscription.ended_at is None


def tell_of_return(invoice: Invoice, customer: StripeCustomer, elsewhere_minor: int) -> None:
    """Money that goes back ends nothing: the reader is told so. Of what was given back elsewhere than on a page of this
    site, which says what follows, a person is asked whether that was meant.
    """
    if elsewhere_minor > 0:
        about = f"{invoice.stripe_id}:{elsewhere_minor}"
        raise_alert(return_kind(invoice, elsewhere_minor), about, return_text(invoice, elsewhere_minor), customer)
    subscription = invoice.subscription
    if subscription.user is not None:
        context = {
            "invoice": invoice,
            "subscription": subscription,
            "plan": subscription.plan,
            "amount": money(invoice.refunded_minor, invoice.currency),
        }
        key = f"payment_returned:{invoice.stripe_id}:{invoice.refunded_minor}"
        queue_mail(key, subscription.user, "payment_returned", context)


def return_kind(invoice: Invoice, elsewhere_minor: int) -> AlertKind:
    is_whole = elsewhere_minor >= invoice.paid_minor
    return AlertKind.RENEWAL_RETURNED if is_whole else AlertKind.PARTLY_RETURNED


def return_text(invoice: Invoice, elsewhere_minor: int) -> str:
    return (
        f"{money(elsewhere_minor, invoice.currency)} of invoice {invoice} went back. "
        f"{invoice.subscription.stripe_id} goes on, and is charged again. Cancel it if that was not meant."
    )
