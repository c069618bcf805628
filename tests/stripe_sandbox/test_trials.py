"""Trials with and without a card, what is told ahead of a renewal, and cards that grow old."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stripe_sandbox.account import Account


def trial(account: Account, card: str = "succeeds", **more: Any) -> dict[str, Any]:
    return account.subscribe(card, subscription_data={"trial_period_days": 14, **more.pop("data", {})}, **more)


def latest(account: Account, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = [one for one in account.sandbox.objects("event") if one["type"] == kind][-1]
    return found


def test_a_card_is_kept_for_the_end_of_the_trial(account: Account) -> None:
    told = account.forget_events()
    subscription = trial(account)
    assert told().index("setup_intent.created") < told().index("setup_intent.succeeded")
    assert "payment_intent.created" not in told()
    (intent,) = account.client.setup_intents.list({"customer": account.customer.id}).data
    assert intent.payment_method == subscription["default_payment_method"]
    assert account.sandbox.objects("invoice")[0]["total"] == 0
    account.sandbox.advance(days=15)
    assert (subscription["status"], len(account.sandbox.objects("charge"))) == ("active", 1)


@pytest.mark.parametrize(("behaviour", "status"), [("cancel", "canceled"), ("pause", "paused")])
def test_a_trial_without_a_card_ends_as_its_settings_say(account: Account, behaviour: str, status: str) -> None:
    settings = {"end_behavior": {"missing_payment_method": behaviour}}
    subscription = trial(account, payment_method_collection="if_required", data={"trial_settings": settings})
    assert (subscription["status"], subscription["default_payment_method"]) == ("trialing", None)
    assert account.sandbox.objects("payment_method") == account.sandbox.objects("setup_intent") == []
    account.sandbox.advance(days=15)
    assert subscription["status"] == status


def test_one_card_number_has_one_fingerprint(account: Account) -> None:
    for number, card in enumerate(("succeeds", "succeeds", "other")):
        customer = account.client.customers.create({"email": f"{number}@example.org"})
        trial(account, card, customer=customer.id)
    cards = [method["card"] for method in account.sandbox.objects("payment_method")]
    assert cards[0]["fingerprint"] == cards[1]["fingerprint"] != cards[2]["fingerprint"]
    assert [(card["brand"], card["last4"]) for card in cards[1:]] == [("visa", "4242"), ("mastercard", "4444")]


def test_a_renewal_is_announced_once_and_says_what_it_will_cost(account: Account) -> None:
    half = account.client.coupons.create({"duration": "forever", "percent_off": 50})
    subscription = account.subscribe(discounts=[{"coupon": half.id}])
    end = subscription["items"]["data"][0]["current_period_end"]
    account.sandbox.advance(seconds=end - 8 * 86400 - account.sandbox.now())
    assert "invoice.upcoming" not in account.events()
    account.sandbox.advance(days=7)
    assert account.events().count("invoice.upcoming") == 1
    told = latest(account, "invoice.upcoming")
    assert (told["created"], told["data"]["object"]["total"]) == (end - 7 * 86400, 450)
    assert len(account.sandbox.objects("invoice")) == 1


@pytest.mark.parametrize(("days", "times"), [(3, 1), (0, 0)])
def test_the_notice_comes_as_many_days_ahead_as_is_set(account: Account, days: int, times: int) -> None:
    account.sandbox.announce_renewals(days)
    subscription = account.subscribe()
    account.sandbox.advance_to_period_end(subscription["id"])
    assert account.events().count("invoice.upcoming") == times


def test_nothing_is_announced_for_what_ends(account: Account) -> None:
    subscription = account.subscribe()
    account.sandbox.portal_cancel(subscription["id"])
    account.sandbox.advance_to_period_end(subscription["id"])
    assert "invoice.upcoming" not in account.events()


def test_a_card_past_its_month_fails_and_its_successor_pays(account: Account) -> None:
    subscription = account.subscribe()
    account.sandbox.expire_card(account.customer.id, months=0)
    assert latest(account, "payment_method.updated")["data"]["previous_attributes"]["card"]["exp_year"] == 2040
    account.sandbox.advance_to_period_end(subscription["id"])
    assert subscription["status"] == "past_due"
    account.sandbox.renew_card(account.customer.id)
    assert account.events()[-1] == "payment_method.automatically_updated"
    account.sandbox.advance(days=3)
    assert subscription["status"] == "active"


def test_a_card_that_is_removed_leaves_nothing_to_charge(account: Account) -> None:
    subscription = account.subscribe()
    client, mine = account.client, account.customer.id
    (method,) = client.customers.payment_methods.list(mine).data
    assert [one.id for one in client.payment_methods.list({"customer": mine, "type": "card"}).data] == [method.id]
    assert client.payment_methods.detach(method.id).customer is None
    assert client.payment_methods.list({"customer": mine}).data == []
    assert subscription["default_payment_method"] is None
    assert account.sandbox.get(mine)["invoice_settings"]["default_payment_method"] is None
    account.sandbox.advance_to_period_end(subscription["id"])
    assert subscription["status"] == "past_due"


def test_an_invoice_that_cannot_be_finalised_waits_as_a_draft(account: Account) -> None:
    subscription = account.subscribe()
    account.sandbox.fail_finalizations()
    account.sandbox.advance_to_period_end(subscription["id"])
    invoice = account.sandbox.objects("invoice")[-1]
    assert (invoice["status"], subscription["status"]) == ("draft", "active")
    failed = latest(account, "invoice.finalization_failed")["data"]["object"]
    assert failed["last_finalization_error"]["code"] == "customer_tax_location_invalid"
    account.sandbox.finalize_invoice(invoice["id"])
    assert (invoice["status"], invoice["last_finalization_error"]) == ("paid", None)
    account.sandbox.advance_to_period_end(subscription["id"])
    assert account.sandbox.objects("invoice")[-1]["status"] == "paid"
