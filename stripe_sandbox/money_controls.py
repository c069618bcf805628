"""The Sandbox's controls of money: what readers do on the payment page, then what banks and cards do."""

from __future__ import annotations

from datetime import UTC, datetime

from stripe_sandbox import billing, cards, checkout, collection, debits, disputes, pricing, taxes, upcoming
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger


class MoneyControls:
    """Each raises Refused for an id that is not known, and for what Stripe would not do either."""

    ledger: Ledger

    # The payment page

    def apply_code(self, session_id: str, code: str) -> str:
        """Types a promotion code on the payment page; answers what the page says, empty when it counts.

        An empty code takes the former one away.
        """
        with self.ledger.changing():
            return pricing.apply_code(self.ledger, session_id, code)

    def give_address(self, session_id: str, country: str, tax_id: str = "") -> Thing:
        """Chooses the country on the payment page, by two letters; answers the session with its new amounts."""
        with self.ledger.changing():
            session = self.ledger.need("checkout.session", session_id)
            pricing.set_payer(self.ledger, session, country, tax_id)
            return session

    def asks_for_country(self, session_id: str) -> bool:
        with self.ledger.lock:
            return pricing.wants_country(self.ledger, self.ledger.need("checkout.session", session_id))

    def asks_for_card(self, session_id: str) -> bool:
        """False where nothing is due and the session says that a card is then not needed."""
        with self.ledger.lock:
            return checkout.takes_method(self.ledger, self.ledger.need("checkout.session", session_id))

    @staticmethod
    def countries() -> list[str]:
        """Those that the tax table knows, and one where no tax is collected."""
        return sorted([*taxes.RATES, "US"])

    # Debits

    def awaits_debit(self, session_id: str) -> bool:
        return "debit" in self.ledger.private.get(session_id, {})

    def settle_debit(self, session_id: str, ok: bool = True) -> None:
        """The bank answers a debit that was promised on the payment page, now instead of after five days."""
        with self.ledger.changing():
            debits.answer(self.ledger, self.ledger.need("checkout.session", session_id), ok=ok)

    def debits_begin(self, status: str) -> None:
        """The status of a subscription whose first debit is on its way: `incomplete` (the default) or `active`."""
        if status not in ("incomplete", "active"):
            raise ValueError(f"a subscription does not begin as {status}")
        with self.ledger.changing():
            self.ledger.private[debits.SETTING] = {"first_status": status}

    # Disputes and refunds

    def open_dispute(
        self, charge_id: str, status: str = "needs_response", reason: str = "fraudulent", amount: int | None = None
    ) -> Thing:
        """A bank disputes a charge; `warning_needs_response` is an inquiry, which leaves the money where it is."""
        if status not in disputes.OPEN:
            raise ValueError(f"a dispute does not begin as {status}")
        with self.ledger.changing():
            return disputes.begin(self.ledger, self.ledger.need("charge", charge_id), status, reason, amount)

    def move_dispute(self, dispute_id: str, status: str) -> None:
        """`needs_response`, `under_review`, `won`, `lost`, `warning_under_review` or `warning_closed`."""
        if status not in (*disputes.OPEN, *disputes.CLOSED):
            raise ValueError(f"a dispute is never {status}")
        with self.ledger.changing():
            disputes.move(self.ledger, self.ledger.need("dispute", dispute_id), status)

    def fail_refund(self, refund_id: str, reason: str = "expired_or_canceled_card") -> None:
        """The bank sends a refund back."""
        with self.ledger.changing():
            collection.refund_failed(self.ledger, self.ledger.need("refund", refund_id), reason)

    # Cards

    def expire_card(self, customer_id: str, months: int = 1) -> None:
        """The customer's card is good until the end of the month that is `months` ahead; a negative one has passed."""
        with self.ledger.changing():
            today = datetime.fromtimestamp(self.ledger.now(), UTC)
            year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
            cards.set_expiry(self.ledger, self._card(customer_id), year, month + 1)

    def renew_card(self, customer_id: str) -> None:
        """The network tells of the card's successor: the same number, four years longer."""
        with self.ledger.changing():
            method = self._card(customer_id)
            year, month = method["card"]["exp_year"] + 4, method["card"]["exp_month"]
            cards.set_expiry(self.ledger, method, year, month, "payment_method.automatically_updated")

    def remove_card(self, customer_id: str) -> None:
        with self.ledger.changing():
            cards.detach(self.ledger, self._card(customer_id))

    def _card(self, customer_id: str) -> Thing:
        customer = self.ledger.need("customer", customer_id)
        found = cards.default_method(self.ledger, customer["id"])
        if found is None or found[0]["type"] != "card":
            raise Refused("This customer has no card.")
        return found[0]

    # Invoices

    def announce_renewals(self, days: int) -> None:
        """How many days before a renewal `invoice.upcoming` comes (7 unless told; 0: never)."""
        with self.ledger.changing():
            self.ledger.private[upcoming.SETTING] = {"days": days}

    def fail_finalizations(self, count: int = 1) -> None:
        """The next `count` invoices of running subscriptions stay drafts: `invoice.finalization_failed`."""
        with self.ledger.changing():
            self.ledger.private[collection.FAILING_FINALIZATIONS] = {"count": count}

    def finalize_invoice(self, invoice_id: str) -> None:
        """What the publisher does in the dashboard once the cause is mended: finalised, and collected."""
        with self.ledger.changing():
            invoice = self.ledger.need("invoice", invoice_id)
            if invoice["status"] != "draft":
                raise Refused(f"This invoice is {invoice['status']} and cannot be finalized.")
            collection.finalize(self.ledger, invoice)
            if invoice["status"] == "open":
                billing.retry(self.ledger, invoice)
