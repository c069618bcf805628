"""What is bought once, with and without a customer and an invoice; and what a customer's record carries."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_sandbox.account import SUCCESS, Account


def buy(account: Account, quantity: int = 1, **more: Any) -> dict[str, Any]:
    price = account.price(unit_amount=250)
    params = {"mode": "payment", "line_items": [{"price": price.id, "quantity": quantity}], "success_url": SUCCESS}
    sessions: Any = account.client.checkout.sessions
    session = sessions.create({**params, **more})
    account.sandbox.pay(session.id, email="guest@example.org", name="Guest")
    return account.client.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent", "invoice"]}).to_dict()


def test_a_guest_buys_without_becoming_a_customer(account: Account) -> None:
    paid = buy(account, 3, payment_intent_data={"metadata": {"article": "7"}, "description": "One article"})
    intent = paid["payment_intent"]
    assert (paid["customer"], paid["invoice"], paid["payment_status"]) == (None, None, "paid")
    assert (intent["amount_received"], intent["metadata"]) == (750, {"article": "7"})
    charge = account.sandbox.objects("charge")[0]
    assert (charge["metadata"], charge["description"]) == ({"article": "7"}, "One article")
    assert paid["customer_details"]["email"] == "guest@example.org"


@pytest.mark.parametrize("asked", [{"invoice_creation": {"enabled": True}}, {"customer_creation": "always"}])
def test_an_invoice_or_the_session_makes_the_guest_a_customer(account: Account, asked: dict[str, Any]) -> None:
    paid = buy(account, **asked)
    assert account.sandbox.get(paid["customer"])["email"] == "guest@example.org"
    assert bool(paid["invoice"]) == ("invoice_creation" in asked)


def test_an_invoice_says_what_was_bought_and_what_the_session_wants_on_it(account: Account) -> None:
    off = account.client.coupons.create({"duration": "once", "amount_off": 100, "currency": "eur"})
    data = {"description": "Day passes", "metadata": {"pass": "day"}, "custom_fields": [{"name": "PO", "value": "4"}]}
    paid = buy(
        account,
        2,
        customer=account.customer.id,
        discounts=[{"coupon": off.id}],
        invoice_creation={"enabled": True, "invoice_data": data},
    )
    invoice = paid["invoice"]
    assert (invoice["status"], invoice["total"], invoice["parent"]) == ("paid", 400, None)
    assert (invoice["billing_reason"], invoice["number"] is not None) == ("manual", True)
    assert (invoice["description"], invoice["metadata"]) == ("Day passes", {"pass": "day"})
    assert invoice["total_discount_amounts"][0]["amount"] == 100
    listed = account.client.invoices.list({"customer": account.customer.id})
    assert [one.id for one in listed.data] == [invoice["id"]]
    (payment,) = account.client.invoice_payments.list({"invoice": invoice["id"]}).data
    assert payment.payment.payment_intent == paid["payment_intent"]["id"]


def test_what_costs_nothing_needs_no_payment(account: Account) -> None:
    free = account.client.coupons.create({"duration": "once", "percent_off": 100})
    paid = buy(account, discounts=[{"coupon": free.id}])
    assert (paid["payment_status"], paid["payment_intent"]) == ("no_payment_required", None)


def test_credit_lowers_the_next_invoice_and_is_booked(account: Account) -> None:
    client, mine = account.client, account.customer.id
    client.customers.update(mine, {"balance": -300})
    client.customers.balance_transactions.create(mine, {"amount": -100, "currency": "eur", "description": "Sorry"})
    account.subscribe()
    invoice = account.sandbox.objects("invoice")[0]
    assert (invoice["total"], invoice["amount_due"], invoice["amount_paid"]) == (900, 500, 500)
    assert account.sandbox.objects("charge")[0]["amount"] == 500
    booked = client.customers.balance_transactions.list(mine).data
    assert [(one.type, one.amount, one.ending_balance) for one in booked] == [
        ("applied_to_invoice", 400, 0),
        ("adjustment", -100, -400),
        ("adjustment", -300, -300),
    ]


def test_a_customers_own_card_alone_becomes_the_default(account: Account) -> None:
    account.subscribe()
    mine = account.sandbox.get(account.customer.id)["invoice_settings"]["default_payment_method"]
    stranger = account.client.customers.create({"email": "b@example.org"})
    with pytest.raises(stripe.InvalidRequestError):
        account.client.customers.update(stranger.id, {"invoice_settings": {"default_payment_method": mine}})
    account.sandbox.set_card(account.customer.id, "other")
    account.client.customers.update(account.customer.id, {"invoice_settings": {"default_payment_method": mine}})
    assert account.sandbox.get(account.customer.id)["invoice_settings"]["default_payment_method"] == mine


def test_a_product_has_prices_in_several_currencies_and_a_customer_one(account: Account) -> None:
    yen = account.price(currency="jpy", unit_amount=1200, recurring={"interval": "month"})
    subscription = account.subscribe()
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies"):
        account.session(line_items=[{"price": yen.id}])
    account.client.subscriptions.cancel(subscription["id"])
    again = account.subscribe(line_items=[{"price": yen.id}])
    assert account.sandbox.get(again["latest_invoice"])["total"] == 1200
    assert account.sandbox.get(account.customer.id)["currency"] == "jpy"


def test_an_archived_price_sells_no_more_and_still_renews(account: Account) -> None:
    subscription = account.subscribe()
    account.client.prices.update(account.monthly.id, {"active": False})
    assert account.events()[-1] == "price.updated"
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        account.session()
    account.sandbox.advance_to_period_end(subscription["id"])
    assert account.sandbox.objects("invoice")[-1]["status"] == "paid"
