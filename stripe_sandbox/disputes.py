"""Disputes of charges: opened, answered, decided. Their money is only told of, since there is no account to hold it."""

from __future__ import annotations

from stripe_sandbox import objects
from stripe_sandbox.collection import DAY, change
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger, identity

RESPONSE_DAYS = 7
CLOSED = ("lost", "prevented", "warning_closed", "won")
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)


def begin(ledger: Ledger, charge: Thing, status: str, reason: str, amount: int | None = None) -> Thing:
    """An inquiry (`warning_needs_response`) leaves the money; anything else takes it. Raises Refused if disputed."""
    if charge["disputed"] or not charge["paid"]:
        raise Refused(f"Charge {charge['id']} cannot be disputed.")
    made = ledger.put(_dispute(ledger, charge, status, reason, amount or charge["amount"]))
    change(ledger, "charge.updated", charge, disputed=True)
    ledger.announce("charge.dispute.created", made)
    if not status.startswith("warning"):
        ledger.announce("charge.dispute.funds_withdrawn", made)
    return made


def _dispute(ledger: Ledger, charge: Thing, status: str, reason: str, amount: int) -> Thing:
    is_inquiry = status.startswith("warning")
    card = charge["payment_method_details"].get("card")
    return {
        "id": identity("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": ledger.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**objects.empty(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": ledger.now() + RESPONSE_DAYS * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": is_inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": None,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": "inquiry" if is_inquiry else "chargeback",
                "network": card["network"],
                "network_reason_code": "83",
            },
            "type": "card",
        }
        if card
        else None,
        "reason": reason,
        "status": status,
    }


def move(ledger: Ledger, dispute: Thing, status: str) -> None:
    """To another status, with the events that Stripe tells of it. Raises Refused for a dispute that is over."""
    if dispute["status"] in CLOSED:
        raise Refused(f"This dispute is already closed ({dispute['status']}).")
    former = dispute["status"]
    if status == former:
        return
    becomes_dispute = former.startswith("warning") and status != "warning_closed" and not status.startswith("warning")
    dispute["status"] = status
    dispute["is_charge_refundable"] = status.startswith("warning")
    kind = "charge.dispute.closed" if status in CLOSED else "charge.dispute.updated"
    ledger.announce(kind, dispute, {"status": former})
    if becomes_dispute:
        ledger.announce("charge.dispute.funds_withdrawn", dispute)
    if status == "won":
        ledger.announce("charge.dispute.funds_reinstated", dispute)


def submit(ledger: Ledger, dispute: Thing, evidence: Thing) -> None:
    """Evidence goes to the bank, which now decides."""
    details = dispute["evidence_details"]
    dispute["evidence"].update(evidence)
    details.update(has_evidence=True, submission_method="manual", submission_count=details["submission_count"] + 1)
    move(ledger, dispute, "warning_under_review" if dispute["status"].startswith("warning") else "under_review")
