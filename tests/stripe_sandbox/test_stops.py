"""Trials, pauses, cancellations and payments that fail: a subscription that stops, and goes on, at the stand-in."""

from __future__ import annotations

import pytest
import stripe

from tests.stripe_sandbox.account import Account
from tests.stripe_sandbox.changes import DAY, change, dearer, halfway, item_of, lines, newest_invoice


def test_a_trial_is_moved_and_ended_at_once(account: Account) -> None:
    subscription = account.subscribe(subscription_data={"trial_period_days": 7})
    later = account.sandbox.now() + 20 * DAY
    account.client.subscriptions.update(subscription["id"], {"trial_end": later})
    assert (subscription["trial_end"], item_of(subscription)["current_period_end"]) == (later, later)
    account.sandbox.advance(days=10)
    assert subscription["status"] == "trialing"
    account.client.subscriptions.update(subscription["id"], {"trial_end": "now"})
    assert (subscription["status"], newest_invoice(account)["amount_paid"]) == ("active", 900)
    assert subscription["billing_cycle_anchor"] == item_of(subscription)["current_period_start"]


def test_a_change_during_the_trial_costs_nothing_and_keeps_its_end(account: Account) -> None:
    subscription = account.subscribe(subscription_data={"trial_period_days": 7})
    change(account, subscription, dearer(account, 9000, "year"), proration_behavior="always_invoice")
    assert (subscription["status"], len(account.sandbox.objects("invoice"))) == ("trialing", 1)
    account.sandbox.advance_to_period_end(subscription["id"])
    assert newest_invoice(account)["amount_paid"] == 9000


@pytest.mark.parametrize(
    ("behaviour", "status"), [("void", "void"), ("mark_uncollectible", "uncollectible"), ("keep_as_draft", "draft")]
)
def test_paused_collection_lets_renewals_pass_until_it_resumes(account: Account, behaviour: str, status: str) -> None:
    subscription = account.subscribe()
    end = item_of(subscription)["current_period_end"]
    account.client.subscriptions.update(
        subscription["id"],
        {"pause_collection": {"behavior": behaviour, "resumes_at": end + DAY}},  # type: ignore[typeddict-item]
    )
    account.sandbox.advance_to_period_end(subscription["id"])
    assert (newest_invoice(account)["status"], subscription["status"]) == (status, "active")
    account.sandbox.advance(days=2)
    assert subscription["pause_collection"] is None
    account.sandbox.advance_to_period_end(subscription["id"])
    assert newest_invoice(account)["status"] == "paid"


def test_the_pause_endpoint_stops_periods_and_gives_back_what_is_unused(account: Account) -> None:
    subscription = account.subscribe()
    halfway(account, subscription)
    told = account.forget_events()
    account.client.subscriptions.pause(subscription["id"], {"invoicing_behavior": "invoice"})
    assert subscription["status"] == "paused"
    assert subscription["status_details"]["paused"]["subscription"]["type"] == "pause_requested"
    assert account.sandbox.get(account.customer.id)["balance"] in (-450, -449)
    assert "customer.subscription.paused" in told()
    account.sandbox.advance(days=60)
    assert len(account.sandbox.objects("invoice")) == 2
    account.client.subscriptions.resume(subscription["id"])
    assert (subscription["status"], subscription["status_details"]) == ("active", None)
    assert newest_invoice(account)["amount_paid"] in (450, 451)
    assert "customer.subscription.resumed" in told()
    with pytest.raises(stripe.InvalidRequestError, match="not paused"):
        account.client.subscriptions.resume(subscription["id"])


def test_a_resumption_with_the_old_anchor_charges_the_rest_of_the_period(account: Account) -> None:
    subscription = account.subscribe()
    account.client.subscriptions.pause(subscription["id"], {"bill_for": {"unused_time_from": {"type": "none"}}})
    end = item_of(subscription)["current_period_end"]
    at = halfway(account, subscription)
    account.client.subscriptions.resume(
        subscription["id"],
        {
            "billing_cycle_anchor": {"type": "unchanged"},
            "proration_behavior": "always_invoice",
            "proration_date": at,
        },
    )
    assert (lines(newest_invoice(account)), item_of(subscription)["current_period_end"]) == ([450], end)


def test_a_resumption_may_wait_for_its_payment(account: Account) -> None:
    subscription = account.subscribe("fails_at_renewal")
    account.client.subscriptions.pause(subscription["id"], {"bill_for": {"unused_time_from": {"type": "none"}}})
    resume = account.client.subscriptions.resume
    resume(subscription["id"], {"payment_behavior": "resume_on_payment_success"})
    assert (subscription["status"], newest_invoice(account)["status"]) == ("paused", "open")
    account.sandbox.advance(days=1)
    assert (subscription["status"], newest_invoice(account)["status"]) == ("paused", "void")
    resume(subscription["id"], {"payment_behavior": "resume_on_payment_success"})
    account.sandbox.pay_invoice(newest_invoice(account)["id"], "succeeds")
    assert subscription["status"] == "active"
    assert item_of(subscription)["current_period_end"] > account.sandbox.now() + 27 * DAY


def test_cancelling_at_once_gives_back_what_is_unused_and_is_final(account: Account) -> None:
    subscription = account.subscribe()
    halfway(account, subscription)
    account.client.subscriptions.cancel(
        subscription["id"],
        {"prorate": True, "invoice_now": True, "cancellation_details": {"feedback": "too_expensive"}},
    )
    assert newest_invoice(account)["total"] in (-450, -449)
    assert account.sandbox.get(account.customer.id)["balance"] == newest_invoice(account)["total"]
    assert subscription["cancellation_details"] == {
        "comment": None,
        "feedback": "too_expensive",
        "reason": "cancellation_requested",
    }
    for params in ({"cancel_at_period_end": False}, {"items": [{"price": account.monthly.id}]}):
        with pytest.raises(stripe.InvalidRequestError, match="canceled subscription"):
            account.client.subscriptions.update(subscription["id"], params)  # type: ignore[arg-type]
    account.client.subscriptions.update(subscription["id"], {"cancellation_details": {"comment": "later"}})
    account.sandbox.advance(days=60)
    assert (subscription["status"], len(account.sandbox.objects("invoice"))) == ("canceled", 2)


def test_a_renewal_that_needs_authentication_is_past_due_until_it_is_confirmed(account: Account) -> None:
    subscription = account.subscribe("needs_3ds_later")
    told = account.forget_events()
    account.sandbox.advance_to_period_end(subscription["id"])
    assert subscription["status"] == "past_due"
    assert {"invoice.payment_action_required", "invoice.payment_failed"} <= set(told())
    assert account.sandbox.confirm_invoice(subscription["latest_invoice"])["outcome"] == "paid"
    assert (subscription["status"], newest_invoice(account)["status"]) == ("active", "paid")
    account.sandbox.advance(days=10)
    assert subscription["status"] == "active"


def test_retries_may_end_in_unpaid_from_which_a_payment_leads_back(account: Account) -> None:
    account.sandbox.retries_end_in("unpaid")
    subscription = account.subscribe("fails_at_renewal")
    account.sandbox.advance_to_period_end(subscription["id"])
    failed = subscription["latest_invoice"]
    account.sandbox.advance(days=8)
    assert subscription["status"] == "unpaid"
    account.sandbox.advance_to_period_end(subscription["id"])
    assert [one["status"] for one in account.sandbox.objects("invoice")] == ["paid", "open", "draft"]
    assert account.sandbox.pay_invoice(failed, "succeeds")["outcome"] == "paid"
    assert subscription["status"] == "active"


def test_the_subscriptions_own_card_comes_before_the_customers(account: Account) -> None:
    subscription = account.subscribe("fails_at_renewal")
    good = account.subscribe()["default_payment_method"]
    account.client.subscriptions.update(subscription["id"], {"default_payment_method": good})
    account.sandbox.advance_to_period_end(subscription["id"])
    assert subscription["status"] == "active"
    with pytest.raises(stripe.InvalidRequestError, match="payment_method"):
        account.client.subscriptions.update(subscription["id"], {"default_payment_method": "pm_none"})


def test_an_open_invoice_is_paid_or_voided_by_the_site(account: Account) -> None:
    subscription = account.subscribe("fails_at_renewal")
    account.sandbox.advance_to_period_end(subscription["id"])
    invoice = subscription["latest_invoice"]
    with pytest.raises(stripe.CardError):
        account.client.invoices.pay(invoice)
    good = account.subscribe()["default_payment_method"]
    assert account.client.invoices.pay(invoice, {"payment_method": good}).status == "paid"
    assert subscription["status"] == "active"
    with pytest.raises(stripe.InvalidRequestError, match="open or uncollectible"):
        account.client.invoices.void_invoice(invoice)
