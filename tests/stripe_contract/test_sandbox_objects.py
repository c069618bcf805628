"""A life lived in the stand-in through the real library: every request, answer and event keeps to the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from stripe_sandbox.server import Sandbox
from tests.stripe_contract import check_answer, check_object, check_request, watching_requests

KEY = "sk_test_sandbox_contract"
RETURN_URL = "https://example.org/subscribe/welcome/"


class Life:
    """One account: a plan, a customer, and the calls a site would make."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.client = stripe.StripeClient(KEY, base_addresses={"api": sandbox.url}, max_network_retries=0)
        self.v1 = self.client.v1
        self.product = self.v1.products.create({"name": "Monthly", "metadata": {"app": "example.org"}})
        self.price = self.v1.prices.create(
            {
                "product": self.product.id,
                "currency": "eur",
                "unit_amount": 900,
                "lookup_key": "monthly",
                "recurring": {"interval": "month"},
                "metadata": {"app": "example.org"},
            }
        )
        self.customer = self.v1.customers.create({"email": "reader@example.org", "metadata": {"app": "example.org"}})

    def session(self, price: str = "", **more: Any) -> stripe.checkout.Session:
        """A field given as None is left out."""
        sessions: Any = self.v1.checkout.sessions
        params = {
            "mode": "subscription",
            "customer": self.customer.id,
            "client_reference_id": "attempt",
            "line_items": [{"price": price or self.price.id, "quantity": 1}],
            "success_url": RETURN_URL + "?session={CHECKOUT_SESSION_ID}",
            "cancel_url": RETURN_URL,
            "subscription_data": {"metadata": {"app": "example.org"}},
            **more,
        }
        made: stripe.checkout.Session = sessions.create(
            {name: value for name, value in params.items() if value is not None}
        )
        return made

    def subscribed(self, card: str = "succeeds", **more: Any) -> str:
        result = self.sandbox.pay(self.session(**more).id, card)
        assert result["outcome"] == "complete"
        return self.subscription_id

    @property
    def subscription_id(self) -> str:
        return str(self.sandbox.objects("subscription")[-1]["id"])

    def event_types(self) -> set[str]:
        return {event["type"] for event in self.sandbox.objects("event")}

    def read_everything(self) -> None:
        """Every list and every retrieve, so that each object in the state that it has now is answered once."""
        for subscription in self.v1.subscriptions.list({"status": "all", "customer": self.customer.id}).data:
            self.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice", "customer"]})
        for invoice in self.v1.invoices.list({"customer": self.customer.id}).data:
            self.v1.invoices.retrieve(str(invoice.id))
            for payment in self.v1.invoice_payments.list({"invoice": str(invoice.id)}).data:
                if payment.payment.payment_intent:
                    intent = self.v1.payment_intents.retrieve(str(payment.payment.payment_intent))
                    if intent.latest_charge:
                        self.v1.charges.retrieve(str(intent.latest_charge))
        for session in self.v1.checkout.sessions.list({"customer": self.customer.id}).data:
            self.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items", "subscription"]})
        for event in self.v1.events.list({"limit": 100, "created": {"gte": 0}}).data:
            self.v1.events.retrieve(event.id)
        self.v1.refunds.list()
        self.v1.products.list({"active": True})
        self.v1.prices.list({"lookup_keys": ["monthly"], "active": True})


@pytest.fixture
def life() -> Iterator[Life]:
    sandbox = Sandbox(KEY, "whsec_contract")
    sandbox.on_request, sandbox.on_object = check_request, check_object
    sandbox.start()
    try:
        with watching_requests():
            lived = Life(sandbox)
            yield lived
            lived.read_everything()
        assert sandbox.violations == []
        for call in sandbox.calls:
            if call.status == 200:
                check_answer(call.method, call.path, call.answer)
        for obj in sandbox.ledger.things.values():
            check_object(obj)
    finally:
        sandbox.stop()


def test_the_catalogue_is_made_and_changed(life: Life) -> None:
    life.v1.products.update(life.product.id, {"name": "Monthly, renamed"})
    life.v1.products.retrieve(life.product.id)
    life.v1.prices.update(life.price.id, {"active": False})
    life.v1.prices.retrieve(life.price.id, {"expand": ["product"]})
    assert {"product.updated", "price.updated"} <= life.event_types()


def test_a_reader_pays_and_renews(life: Life) -> None:
    subscription_id = life.subscribed()
    life.read_everything()
    life.sandbox.advance_to_period_end(subscription_id)
    life.sandbox.advance(days=1)
    assert len(life.sandbox.objects("invoice")) == 2
    assert {"checkout.session.completed", "customer.subscription.created", "invoice.paid"} <= life.event_types()


def test_a_renewal_fails_until_the_subscription_ends(life: Life) -> None:
    subscription_id = life.subscribed("fails_at_renewal")
    life.sandbox.advance_to_period_end(subscription_id)
    life.sandbox.advance(days=1)
    assert life.sandbox.get(subscription_id)["status"] == "past_due"
    life.read_everything()
    life.sandbox.advance(days=40)
    assert "invoice.payment_failed" in life.event_types()


def test_declined_and_authenticated_cards(life: Life) -> None:
    session = life.session()
    assert life.sandbox.pay(session.id, "declined")["outcome"] == "declined"
    life.read_everything()
    assert life.sandbox.pay(session.id, "needs_3ds")["outcome"] == "needs_3ds"
    assert life.sandbox.confirm_3ds(session.id, ok=True)["outcome"] == "complete"


def test_the_end_is_set_taken_back_and_reached(life: Life) -> None:
    subscription_id = life.subscribed()
    life.v1.subscriptions.update(subscription_id, {"cancel_at_period_end": True})
    life.v1.subscriptions.update(subscription_id, {"cancel_at_period_end": False})
    life.v1.subscriptions.update(subscription_id, {"cancel_at": life.sandbox.now() + 86400})
    life.v1.subscriptions.update(subscription_id, {"cancel_at": ""})
    life.v1.subscriptions.update(subscription_id, {"pause_collection": {"behavior": "void"}})
    life.v1.subscriptions.update(subscription_id, {"pause_collection": ""})
    life.sandbox.portal_cancel(subscription_id)
    life.read_everything()
    life.sandbox.advance_to_period_end(subscription_id)
    life.sandbox.advance(days=1)
    assert life.sandbox.get(subscription_id)["status"] == "canceled"


def test_cancelled_at_once_and_refunded(life: Life) -> None:
    subscription_id = life.subscribed()
    (charge,) = life.sandbox.objects("charge")
    life.v1.refunds.create({"charge": charge["id"], "amount": 100, "reason": "requested_by_customer"})
    life.v1.refunds.create({"payment_intent": charge["payment_intent"]})
    life.v1.subscriptions.cancel(subscription_id, {"prorate": True, "invoice_now": True})
    assert {"charge.refunded", "refund.created", "customer.subscription.deleted"} <= life.event_types()


def test_a_session_expires_by_hand_and_by_time(life: Life) -> None:
    life.v1.checkout.sessions.expire(life.session().id)
    left = life.session()
    life.sandbox.advance(days=2)
    assert life.sandbox.get(left.id)["status"] == "expired"


def test_a_trial_begins_and_ends(life: Life) -> None:
    life.subscribed(subscription_data={"trial_period_days": 7, "metadata": {"app": "example.org"}})
    life.read_everything()
    life.sandbox.advance(days=8)
    assert "customer.subscription.trial_will_end" in life.event_types()


def test_a_single_payment(life: Life) -> None:
    day_pass = life.v1.prices.create({"product": life.product.id, "currency": "eur", "unit_amount": 200})
    session = life.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "customer": life.customer.id,
            "line_items": [{"price": day_pass.id, "quantity": 1}],
            "success_url": RETURN_URL,
        }
    )
    assert life.sandbox.pay(session.id)["outcome"] == "complete"


@pytest.mark.parametrize("card", ["succeeds", "other", "sepa", "sepa_fails"])
@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_a_discount_tax_and_every_kind_of_method(life: Life, mode: str, card: str) -> None:
    coupon = life.v1.coupons.create({"duration": "once", "amount_off": 100, "currency": "eur", "name": "Welcome"})
    life.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HELLO"})
    once = life.v1.prices.create({"product": life.product.id, "currency": "eur", "unit_amount": 200})
    given: dict[str, Any] = {
        "mode": mode,
        "allow_promotion_codes": True,
        "automatic_tax": {"enabled": True},
        "customer_update": {"address": "auto", "name": "auto"},
        "tax_id_collection": {"enabled": True},
    }
    if mode == "payment":
        given |= {"invoice_creation": {"enabled": True}, "subscription_data": None}
    session = life.session(once.id if mode == "payment" else "", **given)
    assert life.sandbox.apply_code(session.id, "HELLO") == ""
    life.sandbox.pay(session.id, card, country="FR", tax_id="FR40303265045")
    life.sandbox.advance(days=6)
    life.v1.tax_rates.retrieve("txr_sandbox_FR_inclusive")
    life.v1.promotion_codes.list({"code": "HELLO"})
    life.v1.coupons.list()


def test_a_dispute_and_what_cards_do(life: Life) -> None:
    life.subscribed()
    (charge,) = life.sandbox.objects("charge")
    dispute = life.sandbox.open_dispute(charge["id"], "warning_needs_response")
    life.v1.disputes.update(dispute["id"], {"evidence": {"uncategorized_text": "Read."}, "metadata": {"seen": "yes"}})
    life.sandbox.move_dispute(dispute["id"], "needs_response")
    life.v1.disputes.list({"charge": charge["id"]})
    life.v1.disputes.close(dispute["id"])
    life.sandbox.expire_card(life.customer.id)
    life.sandbox.renew_card(life.customer.id)
    life.v1.customers.balance_transactions.create(life.customer.id, {"amount": -100, "currency": "eur"})
    life.v1.customers.balance_transactions.list(life.customer.id)
    life.sandbox.remove_card(life.customer.id)
    assert {"charge.dispute.closed", "payment_method.detached"} <= life.event_types()


def test_a_notice_and_an_invoice_that_cannot_be_finalised(life: Life) -> None:
    subscription_id = life.subscribed()
    life.sandbox.fail_finalizations()
    life.sandbox.advance_to_period_end(subscription_id)
    assert {"invoice.upcoming", "invoice.finalization_failed"} <= life.event_types()
    life.read_everything()
    life.sandbox.finalize_invoice(life.sandbox.objects("invoice")[-1]["id"])


def test_another_price_and_the_portal(life: Life) -> None:
    subscription_id = life.subscribed()
    yearly = life.v1.prices.create(
        {"product": life.product.id, "currency": "eur", "unit_amount": 9000, "recurring": {"interval": "year"}}
    )
    item = life.sandbox.get(subscription_id)["items"]["data"][0]["id"]
    life.v1.subscriptions.update(
        subscription_id, {"items": [{"id": item, "price": yearly.id}], "proration_behavior": "always_invoice"}
    )
    life.v1.billing_portal.sessions.create({"customer": life.customer.id, "return_url": RETURN_URL})


def test_a_customer_is_changed_and_deleted(life: Life) -> None:
    life.subscribed()
    life.v1.customers.update(life.customer.id, {"name": "A. Reader", "address": {"country": "DE"}})
    life.v1.customers.retrieve(life.customer.id)
    life.v1.customers.delete(life.customer.id)
    life.v1.customers.retrieve(life.customer.id)
    assert "customer.deleted" in life.event_types()


def test_a_schedule_a_pending_update_and_a_pause(life: Life) -> None:
    subscription_id = life.subscribed("needs_3ds_later")
    item = life.sandbox.get(subscription_id)["items"]["data"][0]["id"]
    dearer = life.v1.prices.create(
        {"product": life.product.id, "currency": "eur", "unit_amount": 1900, "recurring": {"interval": "month"}}
    )
    life.v1.invoices.create_preview(
        {"subscription": subscription_id, "subscription_details": {"items": [{"id": item, "price": dearer.id}]}}
    )
    life.v1.subscriptions.update(
        subscription_id,
        {
            "items": [{"id": item, "price": dearer.id}],
            "payment_behavior": "pending_if_incomplete",
            "proration_behavior": "always_invoice",
        },
    )
    life.read_everything()
    life.sandbox.advance(days=1)
    assert "customer.subscription.pending_update_expired" in life.event_types()
    schedule = life.v1.subscription_schedules.create({"from_subscription": subscription_id})
    life.v1.subscription_schedules.update(schedule.id, {"metadata": {"app": "example.org"}})
    life.v1.subscription_schedules.retrieve(schedule.id, {"expand": ["subscription"]})
    life.v1.subscription_schedules.release(schedule.id)
    life.v1.subscription_schedules.list({"customer": life.customer.id})
    life.v1.subscriptions.pause(subscription_id)
    life.read_everything()
    life.v1.subscriptions.resume(subscription_id, {"payment_behavior": "resume_on_payment_success"})
    invoice = str(life.sandbox.get(subscription_id)["latest_invoice"])
    assert life.sandbox.confirm_invoice(invoice)["outcome"] == "paid"
    assert {"customer.subscription.resumed", "subscription_schedule.released"} <= life.event_types()
