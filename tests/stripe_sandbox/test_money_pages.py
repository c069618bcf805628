"""The payment page's fields beside the card, and the control page where banks and cards act, over the real Sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from stripe_sandbox.markup import FORM_TOKEN
from stripe_sandbox.pages import Answer, handle
from tests.stripe_sandbox.account import Account


def get(account: Account, path: str) -> str:
    answer = handle(account.sandbox, "GET", path, {}, {})
    assert answer.status == 200
    return answer.html


def post(account: Account, path: str, **form: str) -> Answer:
    return handle(account.sandbox, "POST", path, {}, {"token": FORM_TOKEN, **form})


@pytest.fixture
def code(account: Account) -> Any:
    coupon = account.client.coupons.create({"duration": "once", "percent_off": 50})
    return account.client.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING"}
    )


def test_a_code_is_typed_shown_and_taken_away(account: Account, code: Any) -> None:
    page = f"/c/pay/{account.session(allow_promotion_codes=True).id}"
    assert "Due today: €9.00" in get(account, page)
    assert post(account, page, action="code", code="spring").location == page
    shown = get(account, page)
    for part in ("Discount: −€4.50", "Due today: €4.50", "<b>SPRING</b>", "Pay €4.50"):
        assert part in shown
    post(account, page, action="code", code="")
    assert "Due today: €9.00" in get(account, page)


def test_the_page_says_that_a_code_is_unknown_or_has_expired(account: Account, code: Any) -> None:
    page = f"/c/pay/{account.session(allow_promotion_codes=True).id}"
    assert "This code is invalid." in post(account, page, action="code", code="<b>").html
    account.client.promotion_codes.update(code.id, {"active": False})
    assert "This code has expired." in post(account, page, action="code", code="SPRING").html
    assert "Promotion code" not in get(account, f"/c/pay/{account.session().id}")


def test_the_country_comes_before_the_payment_and_shows_the_tax(account: Account) -> None:
    price = account.price(tax_behavior="exclusive", recurring={"interval": "month"})
    session = account.session(
        line_items=[{"price": price.id}],
        automatic_tax={"enabled": True},
        customer_update={"address": "auto"},
        tax_id_collection={"enabled": True},
    )
    page = f"/c/pay/{session.id}"
    assert "Tax number of a business" in get(account, page)
    assert "Please choose your country first." in post(account, page, card="succeeds").html
    post(account, page, action="country", country="XX")
    assert "Tax: known once you choose your country" in get(account, page)
    post(account, page, action="country", country="DE")
    shown = get(account, page)
    assert "Tax: €1.71" in shown
    assert "Pay €10.71" in shown
    assert post(account, page, card="succeeds").status == 303
    assert account.sandbox.objects("charge")[0]["amount"] == 1071


def test_yen_have_no_places_anywhere_on_the_page(account: Account) -> None:
    yen = account.price(currency="jpy", unit_amount=1500, recurring={"interval": "month"})
    half = account.client.coupons.create({"duration": "once", "percent_off": 50})
    session = account.session(line_items=[{"price": yen.id}], discounts=[{"coupon": half.id}])
    shown = get(account, f"/c/pay/{session.id}")
    for part in ("¥1,500 a month", "Discount: −¥750", "Due today: ¥750", "Pay ¥750"):
        assert part in shown
    assert "DE89" not in shown


def test_a_trial_without_a_card_is_one_button(account: Account) -> None:
    session = account.session(subscription_data={"trial_period_days": 7}, payment_method_collection="if_required")
    shown = get(account, f"/c/pay/{session.id}")
    assert "No card is needed." in shown
    assert "4242" not in shown
    assert post(account, f"/c/pay/{session.id}").status == 303
    assert account.sandbox.objects("subscription")[0]["status"] == "trialing"


def test_a_debit_is_chosen_by_its_number_and_answered_on_the_control_page(account: Account) -> None:
    session = account.session()
    assert "DE89 3704 0044 0532 0130 00" in get(account, f"/c/pay/{session.id}")
    assert post(account, f"/c/pay/{session.id}", number="DE89370400440532013000").status == 303
    assert "debit on its way" in get(account, "/sandbox/")
    assert post(account, "/sandbox/debit", session=session.id, outcome="paid").location == "/sandbox/"
    assert account.sandbox.objects("subscription")[0]["status"] == "active"
    assert post(account, "/sandbox/debit", session=session.id, outcome="paid").status == 400


def test_disputes_refunds_cards_and_finalisation_have_their_controls(account: Account) -> None:
    subscription = account.subscribe()
    charge = account.sandbox.objects("charge")[0]
    refund = account.client.refunds.create({"charge": charge["id"], "amount": 100})
    assert post(account, "/sandbox/refund", refund=refund.id).status == 303
    assert post(account, "/sandbox/dispute", charge=charge["id"], status="warning_needs_response").status == 303
    (dispute,) = account.sandbox.objects("dispute")
    for step in ("needs_response", "under_review", "won"):
        assert step.replace("_", " ") in get(account, "/sandbox/")
        assert post(account, "/sandbox/dispute", dispute=dispute["id"], status=step).status == 303
    mine = account.customer.id
    assert post(account, "/sandbox/card", customer=mine, step="expires").status == 303
    assert post(account, "/sandbox/card", customer=mine, step="renewed").status == 303
    assert post(account, "/sandbox/finalization").status == 303
    account.sandbox.advance_to_period_end(subscription["id"])
    draft = account.sandbox.objects("invoice")[-1]
    assert "not finalised" in get(account, "/sandbox/")
    assert post(account, "/sandbox/finalization", invoice=draft["id"]).status == 303
    assert (draft["status"], dispute["status"]) == ("paid", "won")


@pytest.mark.parametrize(
    ("control", "form"),
    [
        ("debit", {}),
        ("dispute", {"charge": "ch_unknown", "status": "needs_response"}),
        ("dispute", {"dispute": "dp_unknown", "status": "won"}),
        ("refund", {"refund": "re_unknown"}),
        ("card", {"customer": "cus_unknown", "step": "expires"}),
        ("finalization", {"invoice": "in_unknown"}),
    ],
)
def test_a_control_of_money_refuses_what_is_not_there(account: Account, control: str, form: dict[str, str]) -> None:
    before = account.events()
    assert post(account, f"/sandbox/{control}", **form).status == 400
    assert account.events() == before
