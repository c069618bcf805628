"""What was paid for once: what a payment opens, and what its return takes back. Only a sync, which holds the lease,
comes here; what a purchase opens is judged in `subscriptions/entitlements.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from subscriptions.alerts import raise_alert
from subscriptions.answers import id_of, moment
from subscriptions.mirroring.owners import hand_over
from subscriptions.models import (
    LIBRARY_SCOPE,
    AlertKind,
    AttemptState,
    CheckoutAttempt,
    PlanKind,
    Purchase,
    StripeCustomer,
)
from subscriptions.models.plan import money
from subscriptions.outgoing import queue_mail
from subscriptions.paid_once.gift_cards import end_gift, gift_paid, restore_gift
from subscriptions.stripe_gateway import Answer, Gateway

HAS_PAID = ("paid", "no_payment_required")
NEVER_PAID = ("requires_payment_method", "canceled")  # the payment of a session that is complete, once it has failed


def settle_purchase(attempt: CheckoutAttempt, session: Answer, customer: StripeCustomer, now: datetime) -> None:
    """Book what was paid. A payment that takes days is waited for. The caller saves the attempt."""
    intent = session["payment_intent"] or {}
    if session["payment_status"] in HAS_PAID:
        book(attempt, session, customer, now)
    elif intent.get("status") in NEVER_PAID:
        attempt.state = AttemptState.FAILED
    else:
        attempt.state = AttemptState.PROCESSING


def book(attempt: CheckoutAttempt, session: Answer, customer: StripeCustomer, now: datetime) -> None:
    intent_id = id_of(session["payment_intent"])
    paid_at = moment_of_payment(attempt, session, now)
    owner = hand_over(attempt, customer, intent_id or session["id"], now)
    purchase = Purchase(
        attempt=attempt,
        customer=customer,
        user=owner,
        price=attempt.price,
        payment_intent=intent_id,
        amount_minor=session["amount_total"],
        tax_minor=(session.get("total_details") or {}).get("amount_tax") or 0,
        currency=session["currency"].upper(),
        paid_at=paid_at,
        starts_at=paid_at,
    )
    match attempt.price.plan.kind:
        case PlanKind.PASS:
            purchase.scope = LIBRARY_SCOPE
            purchase.ends_at = paid_at + timedelta(hours=int(session["metadata"]["hours"]))
        case PlanKind.ARTICLE:
            purchase.scope = attempt.scope
            tell_of_second(purchase, now)
    purchase.save()
    note_invoice(purchase, session)
    if attempt.price.plan.kind == PlanKind.GIFT:
        gift_paid(attempt, purchase, now)


def moment_of_payment(attempt: CheckoutAttempt, session: Answer, now: datetime) -> datetime:
    """When the money came, as Stripe says. Of a payment that took days the charge only says when it was begun."""
    invoice, intent = session.get("invoice") or {}, session["payment_intent"] or {}
    told = moment((invoice.get("status_transitions") or {}).get("paid_at"))
    if told is not None:
        return told
    charged = moment((intent.get("latest_charge") or {}).get("created"))
    return now if charged is None or attempt.state == AttemptState.PROCESSING else charged


def tell_of_second(purchase: Purchase, now: datetime) -> None:
    """One article bought twice, perhaps in two browsers: a person returns the second payment."""
    bought = Purchase.objects.of_this_mode().filter(user=purchase.user, scope=purchase.scope)
    if any(row.is_live(now) for row in bought):
        raise_alert(
            AlertKind.BOUGHT_TWICE,
            purchase.payment_intent or str(purchase.attempt_id),
            f"Reader {purchase.user_id} has paid twice for {purchase.scope}. Return the payment "
            f"{purchase.payment_intent}, which came second.",
            purchase.customer,
        )


def note_invoice(purchase: Purchase, session: Answer) -> None:
    """Stripe may write the invoice a little after the payment. With it comes the receipt."""
    invoice = session.get("invoice") or {}
    if not invoice or invoice["status"] != "paid":
        return
    purchase.invoice_id = invoice["id"]
    purchase.invoice_number = invoice.get("number") or ""
    purchase.invoice_url = invoice.get("hosted_invoice_url") or ""
    purchase.save(update_fields=["invoice_id", "invoice_number", "invoice_url"])
    if purchase.user is not None and purchase.amount_minor:
        plan = purchase.price.plan
        context = {"purchase": purchase, "plan": plan, "path": purchase.attempt.next_path}
        queue_mail(f"receipt:{purchase.invoice_id}", purchase.user, "purchase_receipt", context)


@dataclass(frozen=True, slots=True)
class Payments:
    """The purchases known when Stripe was asked, and the sessions of those whose invoice was not there yet."""

    known: frozenset[int] = frozenset()
    sessions: dict[str, Answer] = field(default_factory=dict)


def fetch_payments(gateway: Gateway, customer: StripeCustomer, _subscriptions: list[Answer]) -> Payments:
    """Nothing is asked about who never bought anything once."""
    purchases = list(Purchase.objects.filter(customer=customer).select_related("attempt"))
    incomplete = [row.attempt.session_id for row in purchases if row.amount_minor and not row.invoice_id]
    sessions = {session_id: gateway.session(session_id) for session_id in incomplete if session_id}
    return Payments(frozenset(row.pk for row in purchases), sessions)


def save_payments(customer: StripeCustomer, payments: Payments, _now: datetime) -> list[str]:
    changes = []
    # Without its key: who redeems a gift at this moment refers to its purchase, and holds the gift.
    own = Purchase.objects.filter(customer=customer).select_for_update(of=("self",), no_key=True)
    for purchase in own.select_related("attempt", "price__plan", "user"):
        if purchase.pk not in payments.known:
            changes.append(f"{purchase.payment_intent or purchase.attempt_id}: {purchase.price.plan.key} bought")
        session = payments.sessions.get(purchase.attempt.session_id or "")
        if session is not None and not purchase.invoice_id:
            note_invoice(purchase, session)
    return changes


def save_returned(
    customer: StripeCustomer, returned: Mapping[str, int], by_staff: Mapping[str, int], now: datetime
) -> Iterator[str]:
    """What of each purchase went back, by its payment, in minor units, and how much of that staff gave back here."""
    own = Purchase.objects.filter(customer=customer, payment_intent__in=returned).exclude(payment_intent="")
    for purchase in own.select_related("price__plan", "user").select_for_update(of=("self",), no_key=True):
        intent = purchase.payment_intent
        if returned[intent] != purchase.refunded_minor:
            yield f"{intent}: refunded_minor {purchase.refunded_minor} -> {returned[intent]}"
            note_return(purchase, returned[intent], now, by_staff=by_staff.get(intent, 0))


def note_return(purchase: Purchase, refunded_minor: int, now: datetime, *, by_staff: int = 0) -> None:
    """All of it back takes back what it opened; a part leaves it, and a person is told, unless staff gave it back on a
    page of this site. A return that failed later gives it again.
    """
    was_returned = is_returned(purchase)
    purchase.refunded_minor = refunded_minor
    purchase.save(update_fields=["refunded_minor"])
    if is_returned(purchase):
        revoke(purchase, now)
    elif was_returned:
        restore(purchase)
    elsewhere = refunded_minor - by_staff
    if refunded_minor < purchase.amount_minor and elsewhere > 0:
        returned = money(elsewhere, purchase.currency)
        raise_alert(
            AlertKind.PARTLY_RETURNED,
            f"{purchase.payment_intent}:{elsewhere}",
            f"{returned} of the payment {purchase.payment_intent} were returned. What it opened for reader "
            f"{purchase.user_id} stays open. Was that meant?",
            purchase.customer,
        )


def is_returned(purchase: Purchase) -> bool:
    return 0 < purchase.amount_minor <= purchase.refunded_minor


def revoke(purchase: Purchase, now: datetime) -> None:
    """Take back what it opened, for as long as its payment is returned or in dispute."""
    if purchase.revoked_at is None:
        purchase.revoked_at = now
        purchase.save(update_fields=["revoked_at"])
        if purchase.price.plan.kind == PlanKind.GIFT:
            end_gift(purchase, now, is_returned=is_returned(purchase))


def restore(purchase: Purchase) -> None:
    """The other way round: the payment is with us again. Not where it was returned in full."""
    since = purchase.revoked_at
    if since is not None and not is_returned(purchase):
        purchase.revoked_at = None
        purchase.save(update_fields=["revoked_at"])
        if purchase.price.plan.kind == PlanKind.GIFT:
            restore_gift(purchase, since)
