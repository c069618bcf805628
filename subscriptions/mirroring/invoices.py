"""Invoices as Stripe made them, and the receipt that each payment brings, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from subscriptions.alerts import tell_of_unfinished
from subscriptions.answers import finalized_at, is_paid, moment, subscription_of
from subscriptions.models import Invoice, StripeCustomer, Subscription
from subscriptions.outgoing import queue_mail
from subscriptions.stripe_gateway import Answer

# A customer that was brought from another system has old invoices; nobody wants receipts for those.
BEFORE_CUSTOMER = timedelta(days=1)


def save_invoices(customer: StripeCustomer, answers: list[Answer]) -> None:
    """Store the invoices of the customer's subscriptions here, and queue a receipt for each that brought money."""
    subscriptions = {row.stripe_id: row for row in Subscription.objects.filter(customer=customer)}
    for answer in answers:
        subscription = subscriptions.get(subscription_of(answer))
        if subscription is not None:
            tell_of_unfinished(customer, answer)
        if subscription is not None and answer["status"] != "draft":
            invoice = save_invoice(customer, subscription, answer)
            if is_paid(answer) and is_recent(invoice, customer):
                queue_receipt(invoice)


def save_invoice(customer: StripeCustomer, subscription: Subscription, answer: Answer) -> Invoice:
    invoice, _is_new = Invoice.objects.update_or_create(
        stripe_id=answer["id"],
        defaults={
            "customer": customer,
            "subscription": subscription,
            "number": answer.get("number") or "",
            "status": answer["status"] or "",
            "currency": answer["currency"].upper(),
            "total_minor": answer["total"],
            "tax_minor": sum(tax["amount"] for tax in answer.get("total_taxes") or []),
            "paid_minor": answer["amount_paid"],
            "due_minor": answer.get("amount_remaining") or 0,
            "attempt_count": answer.get("attempt_count") or 0,
            "next_attempt_at": moment(answer.get("next_payment_attempt")),
            "hosted_url": answer.get("hosted_invoice_url") or "",
            "pdf_url": answer.get("invoice_pdf") or "",
            **lines_of(answer),
            "finalized_at": finalized_at(answer),
            "paid_at": moment((answer.get("status_transitions") or {}).get("paid_at")),
        },
    )
    return invoice


def lines_of(answer: Answer) -> dict[str, Any]:
    """What it is for, in Stripe's words, and from when until when: of several lines the latest, which is what comes."""
    lines = list((answer.get("lines") or {}).get("data") or [])
    latest = max(lines, key=lambda line: line["period"]["end"], default=None)
    if latest is None:
        return {"description": "", "period_start": None, "period_end": None}
    begins, ends = (moment(latest["period"][edge]) for edge in ("start", "end"))
    return {"description": str(latest.get("description") or "")[:300], "period_start": begins, "period_end": ends}


def is_recent(invoice: Invoice, customer: StripeCustomer) -> bool:
    return invoice.paid_at is not None and invoice.paid_at >= customer.created_at - BEFORE_CUSTOMER


def queue_receipt(invoice: Invoice) -> None:
    subscription = invoice.subscription
    if subscription.user is not None:
        context = {"invoice": invoice, "subscription": subscription, "plan": subscription.plan}
        queue_mail(f"receipt:{invoice.stripe_id}", subscription.user, "receipt", context)
