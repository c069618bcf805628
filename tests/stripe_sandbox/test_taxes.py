"""Automatic tax: by the country of the payer, in the price or on top of it, and in every place that shows it."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_sandbox.account import Account


def taxed(account: Account, behaviour: str, currency: str = "eur", **more: Any) -> Any:
    price = account.price(currency=currency, tax_behavior=behaviour, recurring={"interval": "month"}, unit_amount=1000)
    return account.session(
        line_items=[{"price": price.id}],
        automatic_tax={"enabled": True},
        customer_update={"address": "auto"},
        **more,
    )


@pytest.mark.parametrize(
    ("behaviour", "country", "tax", "total"),
    [
        ("exclusive", "DE", 190, 1190),
        ("inclusive", "DE", 160, 1000),
        ("exclusive", "FI", 255, 1255),
        ("unspecified", "FR", 167, 1000),
        ("exclusive", "US", 0, 1000),
    ],
)
def test_the_country_decides_the_rate_and_the_price_whether_it_is_on_top(
    account: Account, behaviour: str, country: str, tax: int, total: int
) -> None:
    session = taxed(account, behaviour)
    assert session.automatic_tax.status == "requires_location_inputs"
    assert account.sandbox.asks_for_country(session.id)
    account.sandbox.give_address(session.id, country)
    shown = account.client.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]}).to_dict()
    assert (shown["total_details"]["amount_tax"], shown["amount_total"]) == (tax, total)
    assert (shown["automatic_tax"]["status"], shown["line_items"]["data"][0]["amount_tax"]) == ("complete", tax)
    account.sandbox.pay(session.id)
    invoice = account.sandbox.objects("invoice")[0]
    assert (invoice["total"], invoice["total_excluding_tax"]) == (total, total - tax)
    assert sum(each["amount"] for each in invoice["total_taxes"]) == tax
    assert account.sandbox.objects("charge")[0]["amount"] == total
    assert account.sandbox.get(account.customer.id)["address"]["country"] == country


def test_a_renewal_is_taxed_where_the_customer_lives_then(account: Account) -> None:
    session = taxed(account, "exclusive")
    account.sandbox.pay(session.id, country="DE")
    subscription = account.sandbox.objects("subscription")[0]
    assert subscription["automatic_tax"]["enabled"]
    account.client.customers.update(account.customer.id, {"address": {"country": "AT"}})
    account.sandbox.advance_to_period_end(subscription["id"])
    assert [invoice["total"] for invoice in account.sandbox.objects("invoice")] == [1190, 1200]
    (tax,) = account.sandbox.objects("invoice")[1]["total_taxes"]
    rate = account.client.tax_rates.retrieve(tax["tax_rate_details"]["tax_rate"])
    assert (rate.country, rate.percentage, rate.inclusive) == ("AT", 20.0, False)


def test_tax_is_counted_after_the_discount(account: Account) -> None:
    half = account.client.coupons.create({"duration": "once", "percent_off": 50})
    session = taxed(account, "exclusive", discounts=[{"coupon": half.id}])
    account.sandbox.pay(session.id, country="DE")
    invoice = account.sandbox.objects("invoice")[0]
    assert (invoice["subtotal"], invoice["total_excluding_tax"], invoice["total"]) == (1000, 500, 595)


def test_a_business_elsewhere_in_the_union_pays_no_tax_here(account: Account) -> None:
    for country, total in (("FR", 1000), ("DE", 1190)):
        customer = account.client.customers.create({"email": f"{country}@example.org"})
        session = taxed(account, "exclusive", customer=customer.id, tax_id_collection={"enabled": True})
        account.sandbox.pay(session.id, country=country, tax_id=f"{country}123456789")
        paid = account.sandbox.get(session.id)
        assert paid["amount_total"] == total
        assert paid["customer_details"]["tax_ids"] == [{"type": "eu_vat", "value": f"{country}123456789"}]
        subscription = account.sandbox.get(paid["subscription"])
        assert account.sandbox.get(subscription["latest_invoice"])["total"] == total


def test_yen_are_taxed_in_whole_yen(account: Account) -> None:
    session = taxed(account, "inclusive", "jpy")
    account.sandbox.give_address(session.id, "JP")
    assert account.sandbox.get(session.id)["total_details"]["amount_tax"] == 91
    assert account.sandbox.get(session.id)["amount_total"] == 1000


def test_without_automatic_tax_nothing_is_asked_and_nothing_added(account: Account) -> None:
    session = account.session()
    assert not account.sandbox.asks_for_country(session.id)
    account.sandbox.pay(session.id, country="DE")
    assert account.sandbox.objects("invoice")[0]["total_taxes"] == []
    assert account.sandbox.get(account.customer.id)["address"] is None


def test_a_known_customer_without_an_address_must_let_the_page_ask(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        account.session(automatic_tax={"enabled": True})
    assert refusal.value.code == "customer_tax_location_invalid"


def test_a_page_that_must_know_the_address_asks_without_tax_too(account: Account) -> None:
    session = account.session(billing_address_collection="required", customer_update={"address": "auto"})
    assert account.sandbox.asks_for_country(session.id)
    account.sandbox.pay(session.id, country="fr")
    assert account.sandbox.get(account.customer.id)["address"]["country"] == "FR"
    assert account.sandbox.objects("invoice")[0]["total_taxes"] == []
