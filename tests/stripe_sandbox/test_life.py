"""From the payment page to the end of a subscription: what is paid, when, and which events tell it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stripe

from stripe_sandbox.periods import next_period_end
from stripe_sandbox.server import Sandbox
from tests.stripe_sandbox.account import Account

PAID = ["invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid", "charge.succeeded"]
DAY = 86400


def test_a_payment_makes_the_subscription_and_tells_it_in_order(account: Account) -> None:
    session = account.session(
        client_reference_id="ref", metadata={"of": "session"}, subscription_data={"metadata": {"of": "subscription"}}
    )
    assert account.sandbox.objects("subscription") == []
    told = account.forget_events()
    result = account.sandbox.pay(session.id)
    assert result == {
        "outcome": "complete",
        "message": "",
        "url": f"http://localhost/welcome/?session={session.id}",
        "session": session.id,
    }
    assert told() == [
        "payment_intent.created",
        "payment_method.attached",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        *PAID,
        "payment_intent.succeeded",
        "customer.updated",
        "checkout.session.completed",
    ]
    paid = account.client.checkout.sessions.retrieve(session.id)
    assert (paid.status, paid.payment_status, paid.url, paid.client_reference_id) == ("complete", "paid", None, "ref")
    subscription = account.client.subscriptions.retrieve(str(paid.subscription)).to_dict()
    assert subscription["metadata"] == {"of": "subscription"}
    assert "current_period_end" not in subscription
    assert subscription["items"]["data"][0]["current_period_end"] > account.sandbox.now() + 27 * DAY
    invoice = account.client.invoices.retrieve(subscription["latest_invoice"]).to_dict()
    assert invoice["parent"]["subscription_details"]["subscription"] == subscription["id"]
    assert (invoice["status"], invoice["amount_paid"], invoice["billing_reason"]) == (
        "paid",
        900,
        "subscription_create",
    )


def test_a_declined_card_leaves_the_session_open_for_another(account: Account) -> None:
    session = account.session()
    told = account.forget_events()
    assert account.sandbox.pay(session.id, "declined")["outcome"] == "declined"
    assert told() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    assert account.sandbox.objects("subscription") == []
    assert account.sandbox.pay(session.id)["outcome"] == "complete"
    assert account.sandbox.pay(session.id)["outcome"] == "closed"
    assert len(account.sandbox.objects("subscription")) == 1


def test_authentication_decides_about_a_card_that_needs_it(account: Account) -> None:
    session = account.session()
    assert account.sandbox.pay(session.id, "needs_3ds")["outcome"] == "needs_3ds"
    assert account.sandbox.objects("subscription") == []
    assert account.sandbox.confirm_3ds(session.id, ok=False)["outcome"] == "declined"
    assert account.sandbox.confirm_3ds(session.id)["outcome"] == "closed"
    account.sandbox.pay(session.id, "needs_3ds")
    assert account.sandbox.confirm_3ds(session.id)["outcome"] == "complete"
    assert account.sandbox.objects("subscription")[0]["status"] == "active"


def test_a_guest_becomes_a_customer_by_paying(account: Account) -> None:
    session = account.client.checkout.sessions.create(
        {
            "mode": "subscription",
            "customer_email": "guest@example.org",
            "line_items": [{"price": account.monthly.id}],
            "success_url": "http://localhost/",
        }
    )
    account.sandbox.pay(session.id)
    paid = account.client.checkout.sessions.retrieve(session.id, {"expand": ["customer"]}).to_dict()
    assert paid["customer"]["email"] == paid["customer_details"]["email"] == "guest@example.org"


def test_a_one_time_payment_makes_no_subscription(account: Account) -> None:
    session = account.session(mode="payment", line_items=[{"price": account.price().id, "quantity": 2}])
    account.sandbox.pay(session.id)
    paid = account.client.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}).to_dict()
    assert (paid["subscription"], paid["payment_intent"]["amount_received"]) == (None, 1800)


def test_a_renewal_is_paid_when_the_clock_reaches_it(account: Account) -> None:
    subscription = account.subscribe()
    end = subscription["items"]["data"][0]["current_period_end"]
    account.sandbox.advance(seconds=end - account.sandbox.now() - 60)
    told = account.forget_events()
    assert len(account.sandbox.objects("invoice")) == 1
    account.sandbox.advance_to_period_end(subscription["id"])
    assert told() == [
        "invoice.created",
        "invoice.finalized",
        "customer.subscription.updated",
        "payment_intent.created",
        *PAID,
        "payment_intent.succeeded",
    ]
    renewal = account.sandbox.objects("invoice")[1]
    assert (renewal["created"], renewal["billing_reason"]) == (end, "subscription_cycle")
    assert subscription["items"]["data"][0]["current_period_start"] == end


def test_a_year_in_one_step_is_twelve_renewals_each_at_its_moment(account: Account) -> None:
    subscription = account.subscribe()
    account.sandbox.advance(days=366)
    created = [invoice["created"] for invoice in account.sandbox.objects("invoice")]
    assert len(created) == 13
    assert created == sorted(created)
    item = subscription["items"]["data"][0]
    assert item["current_period_start"] == created[-1] <= account.sandbox.now() < item["current_period_end"]
    moments = [event["created"] for event in account.sandbox.objects("event")]
    assert moments == sorted(moments)


@pytest.mark.parametrize(
    ("anchor", "start", "interval", "end"),
    [
        ("2027-01-31", "2027-01-31", "month", "2027-02-28"),
        ("2027-01-31", "2027-02-28", "month", "2027-03-31"),
        ("2028-02-29", "2028-02-29", "year", "2029-02-28"),
        ("2027-12-15", "2027-12-15", "month", "2028-01-15"),
        ("2027-12-15", "2027-12-15", "week", "2027-12-22"),
    ],
)
def test_periods_keep_the_day_of_their_anchor(anchor: str, start: str, interval: str, end: str) -> None:
    moments = [int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) for day in (start, anchor, end)]
    assert next_period_end(moments[0], {"interval": interval, "interval_count": 1}, moments[1]) == moments[2]


def test_a_failed_renewal_is_tried_on_days_three_five_and_seven_and_then_given_up(account: Account) -> None:
    subscription = account.subscribe("fails_at_renewal")
    account.sandbox.advance_to_period_end(subscription["id"])
    failed_at = account.sandbox.now()
    assert subscription["status"] == "past_due"
    account.sandbox.advance(days=6)
    assert subscription["status"] == "past_due"
    account.sandbox.advance(days=2)
    events = account.sandbox.objects("event")
    failures = [event for event in events if event["type"] == "invoice.payment_failed"]
    attempts = [event["data"]["object"]["attempt_count"] for event in failures]
    days = [round((event["created"] - failed_at) / DAY) for event in failures]
    assert (attempts, days) == ([1, 2, 3, 4], [0, 3, 5, 7])
    assert failures[-1]["data"]["object"]["next_payment_attempt"] is None
    assert events[-1]["type"] == "customer.subscription.deleted"
    assert (subscription["status"], subscription["cancellation_details"]["reason"]) == ("canceled", "payment_failed")


def test_another_card_mends_what_is_past_due(account: Account) -> None:
    subscription = account.subscribe("fails_at_renewal")
    account.sandbox.advance_to_period_end(subscription["id"])
    account.sandbox.set_card(account.customer.id, "succeeds")
    assert subscription["status"] == "active"
    assert account.sandbox.objects("invoice")[-1]["status"] == "paid"
    account.sandbox.advance(days=8)
    assert subscription["status"] == "active"


def test_the_api_cancels_with_the_flag_and_the_portal_without(account: Account) -> None:
    subscription = account.subscribe()
    end = subscription["items"]["data"][0]["current_period_end"]
    told = account.forget_events()
    account.client.subscriptions.update(subscription["id"], {"cancel_at_period_end": True})
    assert (subscription["cancel_at_period_end"], subscription["cancel_at"]) == (True, end)
    account.client.subscriptions.update(subscription["id"], {"cancel_at_period_end": False})
    assert (subscription["cancel_at_period_end"], subscription["cancel_at"]) == (False, None)
    account.sandbox.portal_cancel(subscription["id"])
    assert (subscription["cancel_at_period_end"], subscription["cancel_at"]) == (False, end)
    account.sandbox.portal_keep(subscription["id"])
    assert subscription["cancel_at"] is None
    account.sandbox.portal_cancel(subscription["id"])
    account.sandbox.advance_to_period_end(subscription["id"])
    assert (subscription["status"], subscription["ended_at"]) == ("canceled", end)
    assert told() == [*["customer.subscription.updated"] * 5, "customer.subscription.deleted"]
    assert len(account.sandbox.objects("invoice")) == 1


def test_cancelling_now_ends_it_once(account: Account) -> None:
    subscription = account.subscribe()
    account.client.subscriptions.cancel(subscription["id"], {"cancellation_details": {"comment": "moved"}})
    assert (subscription["status"], subscription["cancellation_details"]["comment"]) == ("canceled", "moved")
    assert account.events()[-1] == "customer.subscription.deleted"
    with pytest.raises(stripe.InvalidRequestError):
        account.client.subscriptions.cancel(subscription["id"])
    assert account.client.subscriptions.list({"customer": account.customer.id}).data == []
    assert len(account.client.subscriptions.list({"customer": account.customer.id, "status": "all"}).data) == 1


def test_a_session_expires_by_itself_or_when_told(account: Account) -> None:
    left, told = account.session(), account.session()
    assert account.client.checkout.sessions.expire(told.id).status == "expired"
    account.sandbox.advance(days=1)
    assert account.client.checkout.sessions.retrieve(left.id).url is None
    assert account.events()[-1] == "checkout.session.expired"
    assert account.sandbox.pay(left.id)["outcome"] == "closed"
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        account.client.checkout.sessions.expire(left.id)


def test_a_trial_costs_nothing_until_its_end(account: Account) -> None:
    session = account.session(subscription_data={"trial_period_days": 14})
    account.sandbox.pay(session.id)
    subscription = account.sandbox.objects("subscription")[0]
    assert account.sandbox.get(session.id)["payment_status"] == "no_payment_required"
    assert (subscription["status"], account.sandbox.objects("charge")) == ("trialing", [])
    account.sandbox.advance(days=12)
    assert account.events()[-1] == "customer.subscription.trial_will_end"
    account.sandbox.advance(days=3)
    assert (subscription["status"], len(account.sandbox.objects("charge"))) == ("active", 1)


def test_an_upgrade_charges_the_difference_for_the_rest_of_the_period(account: Account) -> None:
    subscription = account.subscribe()
    dearer = account.price(unit_amount=1900, recurring={"interval": "month"})
    item = subscription["items"]["data"][0]
    half = (item["current_period_end"] - item["current_period_start"]) // 2
    account.sandbox.advance(seconds=half)
    account.client.subscriptions.update(
        subscription["id"],
        {"items": [{"id": item["id"], "price": dearer.id}], "proration_behavior": "always_invoice"},
    )
    assert item["price"]["id"] == dearer.id
    assert abs(account.sandbox.objects("invoice")[-1]["amount_paid"] - 500) <= 1


def test_a_paused_collection_voids_the_renewal(account: Account) -> None:
    subscription = account.subscribe()
    account.client.subscriptions.update(subscription["id"], {"pause_collection": {"behavior": "void"}})
    account.sandbox.advance_to_period_end(subscription["id"])
    assert (subscription["status"], account.sandbox.objects("invoice")[-1]["status"]) == ("active", "void")


def test_a_paused_subscription_resumes_with_a_payment(account: Account) -> None:
    subscription = account.subscribe()
    account.sandbox.set_status(subscription["id"], "paused")
    account.client.subscriptions.resume(subscription["id"], {"billing_cycle_anchor": {"type": "now"}})
    assert (subscription["status"], len(account.sandbox.objects("charge"))) == ("active", 2)


def test_a_refund_is_partial_then_full_then_refused(account: Account) -> None:
    subscription = account.subscribe()
    payment = account.client.invoice_payments.list({"invoice": subscription["latest_invoice"]}).data[0]
    intent = str(payment.payment.payment_intent)
    account.client.refunds.create({"payment_intent": intent, "amount": 400})
    charge = account.sandbox.objects("charge")[0]
    assert (charge["amount_refunded"], charge["refunded"]) == (400, False)
    account.client.refunds.create({"payment_intent": intent})
    assert (charge["amount_refunded"], charge["refunded"]) == (900, True)
    assert account.events()[-2:] == ["refund.created", "charge.refunded"]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        account.client.refunds.create({"payment_intent": intent})
    assert refusal.value.code == "charge_already_refunded"
    assert len(account.client.refunds.list({"payment_intent": intent}).data) == 2


def test_the_portal_session_has_an_address_of_the_stand_in(account: Account) -> None:
    made = account.client.billing_portal.sessions.create(
        {"customer": account.customer.id, "return_url": "http://localhost/account/"}
    )
    assert made.url == f"{account.sandbox.url}/p/session/{made.id}"
    assert made.customer == account.customer.id


def test_the_state_file_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "stripe.json"
    first = Sandbox("sk_test_sandbox_x", "whsec_x", state_file=state)
    first.start()
    account = Account(first)
    made = account.client.customers.create({"name": "B"}, {"idempotency_key": "k"})
    subscription = account.subscribe()
    first.advance(days=3)
    events, now = account.events(), first.now()
    first.stop()
    second = Sandbox("sk_test_sandbox_x", "whsec_x", state_file=state)
    second.start()
    try:
        client = stripe.StripeClient(second.key, base_addresses={"api": second.url}).v1
        assert client.subscriptions.retrieve(subscription["id"]).status == "active"
        assert [event["type"] for event in second.objects("event")] == events
        assert second.now() >= now
        assert client.customers.create({"name": "B"}, {"idempotency_key": "k"}).id == made.id
        second.advance_to_period_end(subscription["id"])
        assert len(client.invoices.list().data) == 2
        assert not list(tmp_path.glob("*.new"))
    finally:
        second.stop()


def test_the_command_refuses_a_real_key_and_stops_when_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stripe_sandbox", "--port", "0", "--webhook-url", "http://127.0.0.1:9/"]
    root = Path(__file__).resolve().parents[2]
    environment = {"PATH": os.environ["PATH"], "STRIPE_WEBHOOK_SECRET": "whsec_a,whsec_b"}
    refused = subprocess.run(
        command,
        cwd=root,
        env={**environment, "STRIPE_SECRET_KEY": "sk_live_1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, "sk_test_sandbox_" in refused.stderr) == (1, True)
    with subprocess.Popen(
        command,
        cwd=root,
        env={**environment, "STRIPE_SECRET_KEY": "sk_test_sandbox_1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert "http://127.0.0.1:" in running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
