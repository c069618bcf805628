"""Coupons and promotion codes: what they take off, how long, for whom, and when the payment page refuses them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_sandbox.account import Account

DAY = 86400


def coupon(account: Account, **more: Any) -> Any:
    coupons: Any = account.client.coupons
    given = {"duration": "once", "percent_off": 25, **more}
    return coupons.create({name: value for name, value in given.items() if value is not None})


def code(account: Account, name: str = "SPRING", /, of: Any = None, **more: Any) -> Any:
    promotion = {"type": "coupon", "coupon": (of or coupon(account)).id}
    codes: Any = account.client.promotion_codes
    return codes.create({"promotion": promotion, "code": name, **more})


def totals(account: Account) -> list[int]:
    return [invoice["total"] for invoice in account.sandbox.objects("invoice")]


def renew(account: Account, subscription: dict[str, Any], times: int = 1) -> None:
    for _ in range(times):
        account.sandbox.advance_to_period_end(subscription["id"])


def test_a_list_of_ids_is_expanded_to_what_each_names(account: Account) -> None:
    made = coupon(account, duration="forever")
    subscription = account.subscribe()
    account.client.subscriptions.update(subscription["id"], {"discounts": [{"coupon": made.id}]})
    listed = account.client.subscriptions.list({"expand": ["data.discounts.source.coupon"]}).to_dict()
    (discount,) = listed["data"][0]["discounts"]
    assert discount["source"]["coupon"]["duration"] == "forever"
    assert discount["subscription"] == subscription["id"]


def test_a_code_typed_on_the_page_lowers_the_session_the_invoice_and_the_charge(account: Account) -> None:
    made = code(account)
    session = account.session(allow_promotion_codes=True)
    assert account.sandbox.apply_code(session.id, "spring") == ""
    open_session = account.client.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]}).to_dict()
    assert (open_session["amount_subtotal"], open_session["amount_total"]) == (900, 675)
    assert open_session["total_details"]["amount_discount"] == 225
    assert open_session["line_items"]["data"][0]["amount_discount"] == 225
    assert open_session["discounts"] == [{"coupon": None, "promotion_code": made.id}]
    account.sandbox.pay(session.id)
    invoice = account.sandbox.objects("invoice")[0]
    (discount,) = account.sandbox.objects("discount")
    assert (invoice["subtotal"], invoice["total"], invoice["amount_paid"]) == (900, 675, 675)
    assert invoice["total_discount_amounts"] == [{"amount": 225, "discount": discount["id"]}]
    assert account.sandbox.objects("charge")[0]["amount"] == 675
    assert account.client.promotion_codes.retrieve(made.id).times_redeemed == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"duration": "once"}, [675, 900, 900]),
        ({"duration": "repeating", "duration_in_months": 2}, [675, 675, 900]),
        ({"duration": "forever"}, [675, 675, 675]),
    ],
)
def test_a_discount_lasts_as_long_as_its_coupon_says(
    account: Account, given: dict[str, Any], expected: list[int]
) -> None:
    subscription = account.subscribe(discounts=[{"coupon": coupon(account, **given).id}])
    renew(account, subscription, 2)
    assert totals(account) == expected
    assert bool(subscription["discounts"]) == (given["duration"] == "forever")


def test_a_fixed_amount_counts_in_its_own_currency_and_never_below_nothing(account: Account) -> None:
    big = coupon(account, percent_off=None, amount_off=2000, currency="eur")
    subscription = account.subscribe(discounts=[{"coupon": big.id}])
    renew(account, subscription)
    assert totals(account) == [0, 900]
    dollars = account.price(currency="usd", recurring={"interval": "month"})
    other = account.client.customers.create({"email": "b@example.org"})
    with pytest.raises(stripe.InvalidRequestError, match="EUR"):
        account.session(customer=other.id, line_items=[{"price": dollars.id}], discounts=[{"coupon": big.id}])


def test_an_amount_in_further_currencies_counts_there_and_is_shown_to_who_asks(account: Account) -> None:
    options = {"usd": {"amount_off": 150}}
    both = coupon(account, percent_off=None, amount_off=200, currency="eur", currency_options=options)
    limits = {
        "minimum_amount": 900,
        "minimum_amount_currency": "eur",
        "currency_options": {"usd": {"minimum_amount": 700}},
    }
    made = code(account, of=both, restrictions=limits)
    retrieve: Any = account.client.promotion_codes.retrieve
    asked = ["promotion.coupon.currency_options", "restrictions.currency_options"]
    told = retrieve(made.id, {"expand": asked})
    assert told.promotion.coupon.currency_options.usd.amount_off == 150
    assert told.restrictions.currency_options["usd"].minimum_amount == 700
    told = retrieve(made.id, {"expand": ["promotion.coupon"]})
    assert "currency_options" not in told.promotion.coupon
    assert "currency_options" not in told.restrictions
    other = account.client.customers.create({"email": "b@example.org"}).id
    for amount, is_enough in ((700, True), (699, False)):
        price = account.price(currency="usd", unit_amount=amount, recurring={"interval": "month"})
        row = {"customer": other, "line_items": [{"price": price.id, "quantity": 1}]}
        if is_enough:
            assert account.session(**row, discounts=[{"promotion_code": made.id}]).amount_total == 550
        else:
            with pytest.raises(stripe.InvalidRequestError, match="cannot be applied"):
                account.session(**row, discounts=[{"promotion_code": made.id}])
    with pytest.raises(stripe.InvalidRequestError, match="belongs to amount_off"):
        coupon(account, currency_options=options)
    fixed = {"percent_off": None, "amount_off": 1, "currency": "eur"}
    with pytest.raises(stripe.InvalidRequestError, match="Invalid currency"):
        coupon(account, **fixed, currency_options={"dollars": {"amount_off": 1}})


def test_all_of_the_price_off_needs_no_payment(account: Account) -> None:
    free = coupon(account, percent_off=100)
    session = account.session(discounts=[{"coupon": free.id}], payment_method_collection="if_required")
    assert account.sandbox.asks_for_card(session.id) is False
    told = account.forget_events()
    account.sandbox.pay(session.id)
    paid = account.client.checkout.sessions.retrieve(session.id)
    assert (paid.payment_status, paid.payment_intent) == ("no_payment_required", None)
    assert account.sandbox.objects("payment_intent") == account.sandbox.objects("payment_method") == []
    subscription = account.sandbox.get(str(paid.subscription))
    assert (subscription["status"], totals(account)) == ("active", [0])
    assert {"customer.discount.created", "customer.discount.deleted", "invoice.paid"} <= set(told())


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"expires_at": 100}, "This code has expired."),
        ({"max_redemptions": 1}, "This code has expired."),
        ({"restrictions": {"first_time_transaction": True}}, "This code is only valid for a first purchase."),
        ({"restrictions": {"minimum_amount": 901, "minimum_amount_currency": "eur"}}, "cannot be applied"),
        ({"customer": "other"}, "This code cannot be applied to this purchase."),
        ({}, ""),
    ],
)
def test_the_page_says_why_a_code_does_not_count(account: Account, limits: dict[str, Any], message: str) -> None:
    if "customer" in limits:
        limits = {"customer": account.client.customers.create({"email": "b@example.org"}).id}
    if "expires_at" in limits:
        limits = {"expires_at": account.sandbox.now() + 100}
    code(account, **limits)
    former = account.session(mode="payment", line_items=[{"price": account.price().id}], allow_promotion_codes=True)
    if "max_redemptions" in limits:
        account.sandbox.apply_code(former.id, "SPRING")
    account.sandbox.pay(former.id)
    account.sandbox.advance(seconds=200)
    session = account.session(allow_promotion_codes=True)
    assert message in account.sandbox.apply_code(session.id, "SPRING")
    assert account.sandbox.get(session.id)["amount_total"] == (900 if message else 675)


def test_an_unknown_code_and_a_page_without_codes_change_nothing(account: Account) -> None:
    code(account)
    session, closed = account.session(allow_promotion_codes=True), account.session()
    assert account.sandbox.apply_code(session.id, "SUMMER") == "This code is invalid."
    assert account.sandbox.apply_code(closed.id, "SPRING") == "This code is invalid."
    assert account.sandbox.apply_code(session.id, "SPRING") == ""
    assert account.sandbox.apply_code(session.id, "") == ""
    assert [account.sandbox.get(one.id)["amount_total"] for one in (session, closed)] == [900, 900]


def test_codes_are_found_by_their_name_and_whether_they_count(account: Account) -> None:
    made, other = code(account), code(account, "AUTUMN")
    client = account.client.promotion_codes
    assert [one.id for one in client.list({"code": "spring"}).data] == [made.id]
    client.update(other.id, {"active": False})
    assert [one.id for one in client.list({"active": True}).data] == [made.id]
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        code(account)
    account.sandbox.advance(days=1)
    assert account.client.coupons.list().data[0].valid is True


def test_what_is_over_is_refused_when_the_session_is_made(account: Account) -> None:
    late = coupon(account, redeem_by=account.sandbox.now() + 10)
    named = code(account, of=late)
    account.sandbox.advance(seconds=11)
    for given in ({"coupon": late.id}, {"promotion_code": named.id}):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            account.session(discounts=[given])
        assert refusal.value.code == "coupon_expired"
    with pytest.raises(stripe.InvalidRequestError, match="No such coupon"):
        account.session(discounts=[{"coupon": "unknown"}])
    with pytest.raises(stripe.InvalidRequestError, match="allow_promotion_codes"):
        account.session(discounts=[{"coupon": coupon(account).id}], allow_promotion_codes=True)


def test_a_coupon_that_is_deleted_serves_nobody_new(account: Account) -> None:
    kept = coupon(account, duration="forever")
    named = code(account, of=kept)
    subscription = account.subscribe(discounts=[{"coupon": kept.id}])
    account.client.coupons.delete(kept.id)
    renew(account, subscription)
    assert totals(account) == [675, 675]
    assert account.client.promotion_codes.retrieve(named.id).active is False
