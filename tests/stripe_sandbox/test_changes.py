"""A running subscription gets other items, is paused, resumed and cancelled: what is billed, and what is told."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_sandbox.account import Account
from tests.stripe_sandbox.changes import DAY, change, dearer, halfway, item_of, lines, newest_invoice


def test_an_upgrade_gives_back_and_charges_by_the_second(account: Account) -> None:
    subscription = account.subscribe()
    item = item_of(subscription)
    at = halfway(account, subscription)
    change(account, subscription, dearer(account), proration_behavior="always_invoice", proration_date=at)
    whole, left = item["current_period_end"] - item["current_period_start"], item["current_period_end"] - at
    invoice = newest_invoice(account)
    assert lines(invoice) == [-round(900 * left / whole), round(1900 * left / whole)]
    assert invoice["billing_reason"] == "subscription_update"
    assert [line["period"] for line in invoice["lines"]["data"]] == [
        {"start": at, "end": item["current_period_end"]}
    ] * 2
    details = [line["parent"]["subscription_item_details"] for line in invoice["lines"]["data"]]
    assert [one["proration"] for one in details] == [True, True]
    first = account.sandbox.objects("invoice")[0]
    assert details[0]["proration_details"]["credited_items"]["invoice"] == first["id"]
    assert invoice["amount_paid"] == sum(lines(invoice))


def test_prorations_wait_for_the_renewal_unless_they_are_to_be_billed(account: Account) -> None:
    subscription = account.subscribe()
    at = halfway(account, subscription)
    change(account, subscription, dearer(account), proration_date=at)
    assert len(account.sandbox.objects("invoice")) == 1
    account.sandbox.advance_to_period_end(subscription["id"])
    assert [sum(lines(newest_invoice(account))), len(lines(newest_invoice(account)))] == [1900 + 500, 3]


def test_without_prorations_the_next_period_alone_costs_more(account: Account) -> None:
    subscription = account.subscribe()
    halfway(account, subscription)
    change(account, subscription, dearer(account), proration_behavior="none")
    account.sandbox.advance_to_period_end(subscription["id"])
    assert lines(newest_invoice(account)) == [1900]


def test_a_second_change_gives_back_what_the_first_has_charged(account: Account) -> None:
    subscription = account.subscribe()
    at = halfway(account, subscription)
    change(account, subscription, dearer(account), proration_behavior="always_invoice", proration_date=at)
    change(account, subscription, account.monthly, proration_behavior="always_invoice", proration_date=at)
    assert [sum(lines(one)) for one in account.sandbox.objects("invoice")] == [900, 500, -500]
    assert account.sandbox.get(account.customer.id)["balance"] == -500
    account.sandbox.advance_to_period_end(subscription["id"])
    assert newest_invoice(account)["amount_paid"] == 400


def test_changes_that_wait_are_given_back_by_the_next_one(account: Account) -> None:
    subscription = account.subscribe()
    at = halfway(account, subscription)
    change(account, subscription, dearer(account), proration_date=at)
    change(account, subscription, dearer(account, 2900), proration_date=at, proration_behavior="always_invoice")
    assert lines(newest_invoice(account)) == [-450, 950, -950, 1450]


def test_nothing_is_given_back_of_what_was_never_to_be_paid(account: Account) -> None:
    subscription = account.subscribe()
    account.client.subscriptions.update(subscription["id"], {"pause_collection": {"behavior": "void"}})
    account.sandbox.advance_to_period_end(subscription["id"])
    account.client.subscriptions.update(subscription["id"], {"pause_collection": ""})
    at = halfway(account, subscription)
    change(account, subscription, dearer(account), proration_date=at, proration_behavior="always_invoice")
    assert lines(newest_invoice(account)) == [950]


def test_an_idle_account_still_notices_what_has_become_due(account: Account) -> None:
    subscription = account.subscribe()
    account.client.subscriptions.retrieve(subscription["id"])
    account.client.subscriptions.update(subscription["id"], {"cancel_at": account.sandbox.now() + 1000})
    account.client.subscriptions.retrieve(subscription["id"])
    account.sandbox.ledger.offset += 1001  # the clock moves by itself
    assert account.client.subscriptions.retrieve(subscription["id"]).status == "canceled"


def test_another_interval_begins_a_period_now_and_is_billed_at_once(account: Account) -> None:
    subscription = account.subscribe()
    at = halfway(account, subscription)
    yearly = dearer(account, 9000, "year")
    change(account, subscription, yearly, proration_date=at)
    item, now = item_of(subscription), account.sandbox.now()
    assert subscription["billing_cycle_anchor"] == item["current_period_start"]
    assert now - 5 <= item["current_period_start"] <= now
    assert item["current_period_end"] - item["current_period_start"] >= 365 * DAY
    assert lines(newest_invoice(account)) == [-450, 9000]
    assert subscription["status"] == "active"


def test_quantity_items_and_their_end_are_prorated(account: Account) -> None:
    subscription = account.subscribe()
    item, extra = item_of(subscription), dearer(account, 400)
    at = halfway(account, subscription)
    update = account.client.subscriptions.update
    update(
        subscription["id"],
        {
            "items": [{"id": item["id"], "quantity": 3, "metadata": {"seats": "3"}}, {"price": extra.id}],
            "proration_behavior": "always_invoice",
            "proration_date": at,
        },
    )
    assert lines(newest_invoice(account)) == [-450, 1350, 200]
    assert (item["quantity"], item["metadata"]) == (3, {"seats": "3"})
    added = subscription["items"]["data"][1]
    assert added["current_period_end"] == item["current_period_end"]
    update(
        subscription["id"],
        {
            "items": [{"id": added["id"], "deleted": True}],
            "proration_behavior": "always_invoice",
            "proration_date": at,
        },
    )
    assert lines(newest_invoice(account)) in ([-200], [-199])
    with pytest.raises(stripe.InvalidRequestError, match="at least one"):
        update(subscription["id"], {"items": [{"id": item["id"], "deleted": True}]})
    assert [one["id"] for one in subscription["items"]["data"]] == [item["id"]]


def test_items_with_two_intervals_renew_each_at_its_own_end(account: Account) -> None:
    subscription = account.subscribe()
    yearly = dearer(account, 5000, "year")
    account.client.subscriptions.update(
        subscription["id"], {"items": [{"price": yearly.id}], "proration_behavior": "always_invoice"}
    )
    month, year = subscription["items"]["data"]
    assert year["current_period_end"] - month["current_period_end"] > 300 * DAY
    account.sandbox.advance(seconds=month["current_period_end"] - account.sandbox.now())
    assert lines(newest_invoice(account)) == [900]
    assert year["current_period_end"] > month["current_period_end"]


def test_a_refused_change_leaves_everything_as_it_was(account: Account) -> None:
    subscription = account.subscribe()
    archived = dearer(account)
    account.client.prices.update(archived.id, {"active": False})
    once = account.price()
    for price, word in ((archived, "inactive"), (once, "recurring")):
        with pytest.raises(stripe.InvalidRequestError, match=word):
            change(account, subscription, price, metadata={"touched": "yes"})
    with pytest.raises(stripe.InvalidRequestError, match="proration_date"):
        change(account, subscription, dearer(account), proration_date=account.sandbox.now() - 400 * DAY)
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription item"):
        account.client.subscriptions.update(subscription["id"], {"items": [{"id": "si_no", "quantity": 2}]})
    assert (item_of(subscription)["price"]["id"], subscription["metadata"]) == (account.monthly.id, {})


@pytest.mark.parametrize(
    ("card", "code"), [("fails_at_renewal", "card_declined"), ("needs_3ds_later", "requires_action")]
)
def test_error_if_incomplete_changes_nothing_where_the_card_does_not_pay(
    account: Account, card: str, code: str
) -> None:
    subscription = account.subscribe(card)
    with pytest.raises(stripe.CardError) as refusal:
        change(
            account,
            subscription,
            dearer(account),
            proration_behavior="always_invoice",
            payment_behavior="error_if_incomplete",
        )
    assert code in str(refusal.value.code)
    assert (item_of(subscription)["price"]["id"], len(account.sandbox.objects("invoice"))) == (account.monthly.id, 1)


def pending_upgrade(account: Account, card: str) -> dict[str, Any]:
    subscription = account.subscribe(card)
    halfway(account, subscription)
    change(
        account,
        subscription,
        dearer(account),
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )
    return subscription


def test_an_upgrade_that_is_paid_leaves_nothing_pending(account: Account) -> None:
    subscription = pending_upgrade(account, "succeeds")
    assert (item_of(subscription)["price"]["unit_amount"], subscription["pending_update"]) == (1900, None)
    assert newest_invoice(account)["status"] == "paid"


def test_an_upgrade_that_needs_authentication_waits_for_it(account: Account) -> None:
    subscription = pending_upgrade(account, "needs_3ds_later")
    invoice = newest_invoice(account)
    assert item_of(subscription)["price"]["id"] == account.monthly.id
    assert (subscription["status"], subscription["latest_invoice"]) == ("active", invoice["id"])
    waiting = subscription["pending_update"]
    assert waiting["subscription_items"][0]["price"]["unit_amount"] == 1900
    assert 22 * 3600 < waiting["expires_at"] - account.sandbox.now() <= 23 * 3600
    assert "invoice.payment_action_required" in account.events()
    told = account.forget_events()
    assert account.sandbox.confirm_invoice(invoice["id"], ok=False)["outcome"] == "declined"
    assert account.sandbox.confirm_invoice(invoice["id"])["outcome"] == "closed"
    assert account.sandbox.pay_invoice(invoice["id"])["outcome"] == "needs_3ds"
    assert account.sandbox.confirm_invoice(invoice["id"])["outcome"] == "paid"
    assert (item_of(subscription)["price"]["unit_amount"], subscription["pending_update"]) == (1900, None)
    assert told().count("customer.subscription.pending_update_applied") == 1
    account.sandbox.advance(days=2)
    assert "customer.subscription.pending_update_expired" not in account.events()


def test_an_upgrade_that_nobody_pays_expires_and_its_invoice_is_void(account: Account) -> None:
    subscription = pending_upgrade(account, "fails_at_renewal")
    invoice = newest_invoice(account)
    assert (invoice["status"], invoice["next_payment_attempt"]) == ("open", None)
    account.sandbox.advance(seconds=22 * 3600)
    assert subscription["pending_update"]
    account.sandbox.advance(seconds=2 * 3600)
    assert (invoice["status"], subscription["pending_update"]) == ("void", None)
    assert account.events()[-3:] == [
        "invoice.voided",
        "customer.subscription.pending_update_expired",
        "customer.subscription.updated",
    ]
    assert (item_of(subscription)["price"]["id"], subscription["status"]) == (account.monthly.id, "active")


def test_another_card_on_the_invoice_page_applies_what_is_pending(account: Account) -> None:
    subscription = pending_upgrade(account, "fails_at_renewal")
    assert account.sandbox.pay_invoice(subscription["latest_invoice"], "declined")["outcome"] == "declined"
    assert item_of(subscription)["price"]["id"] == account.monthly.id
    assert account.sandbox.pay_invoice(subscription["latest_invoice"], "succeeds")["outcome"] == "paid"
    assert item_of(subscription)["price"]["unit_amount"] == 1900
    account.sandbox.advance_to_period_end(subscription["id"])
    assert (subscription["status"], newest_invoice(account)["amount_paid"]) == ("active", 1900)


def test_a_further_change_takes_the_place_of_the_one_that_waits(account: Account) -> None:
    subscription = pending_upgrade(account, "fails_at_renewal")
    invoice = newest_invoice(account)
    change(account, subscription, dearer(account, 1200), proration_behavior="none")
    assert (invoice["status"], subscription["pending_update"]) == ("void", None)
    assert item_of(subscription)["price"]["unit_amount"] == 1200
    account.sandbox.advance(days=1)
    assert "customer.subscription.pending_update_expired" not in account.events()


def test_what_had_waited_for_an_invoice_does_so_again_when_a_pending_update_expires(account: Account) -> None:
    subscription = account.subscribe("fails_at_renewal")
    at = halfway(account, subscription)
    change(account, subscription, dearer(account), proration_date=at)
    change(
        account,
        subscription,
        dearer(account, 2900),
        proration_date=at,
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )
    assert len(lines(newest_invoice(account))) == 4
    account.sandbox.advance(days=1)
    account.sandbox.advance_to_period_end(subscription["id"])
    assert lines(newest_invoice(account)) == [-450, 950, 1900]


def test_a_void_invoice_gives_the_credit_back_that_it_had_taken(account: Account) -> None:
    account.client.customers.update(account.customer.id, {"balance": -1000})
    subscription = pending_upgrade(account, "fails_at_renewal")
    customer, before = account.sandbox.get(account.customer.id), account.sandbox.objects("invoice")[0]["ending_balance"]
    spent = newest_invoice(account)["starting_balance"]
    assert (before, customer["balance"]) == (spent, 0)
    account.sandbox.advance(days=1)
    assert (newest_invoice(account)["status"], customer["balance"]) == ("void", spent)
    assert subscription["status"] == "active"


def test_an_update_that_waits_goes_with_its_subscription(account: Account) -> None:
    subscription = pending_upgrade(account, "fails_at_renewal")
    account.client.customers.delete(account.customer.id)
    assert (subscription["status"], subscription["pending_update"]) == ("canceled", None)
    assert newest_invoice(account)["status"] == "void"


def test_prorations_are_net_of_the_discounts_that_go_on(account: Account) -> None:
    subscription = account.subscribe()
    coupon = account.client.coupons.create({"percent_off": 50, "duration": "forever"})
    account.client.subscriptions.update(subscription["id"], {"discounts": [{"coupon": coupon.id}]})
    at = halfway(account, subscription)
    change(account, subscription, dearer(account), proration_behavior="always_invoice", proration_date=at)
    assert lines(newest_invoice(account)) == [-450, 475]
    account.sandbox.advance_to_period_end(subscription["id"])
    assert (newest_invoice(account)["subtotal"], newest_invoice(account)["total"]) == (1900, 950)


def test_pending_updates_take_no_metadata(account: Account) -> None:
    subscription = account.subscribe()
    with pytest.raises(stripe.InvalidRequestError, match="metadata"):
        change(
            account,
            subscription,
            dearer(account),
            payment_behavior="pending_if_incomplete",
            metadata={"plan": "dearer"},
        )
