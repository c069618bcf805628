"""Who leaves at once gets back what pays for time that is not used: of what was paid, and of what is still here."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from subscriptions.models import Alert, DeclaredContract, Subscription
from subscriptions.money_back.refunds import BY_STAFF, Kept, value_of
from subscriptions.stripe_gateway import Answer, Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.leavers import code_sent_to, declared, refunds_of, type_code

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


@pytest.fixture(autouse=True)
def _returns(settings: Any) -> None:
    settings.REFUND_WHEN_LEAVING = True


def bought(shop: Shop, plan: str = "monthly", card: str = "succeeds") -> Subscription:
    attempt = shop.checkout(Client(), ADDRESS, plan)
    shop.pay(attempt, card)
    shop.settle()
    return Subscription.objects.get()


def left_at_once() -> tuple[DeclaredContract, str]:
    """What became of the contract, and the page that says so."""
    declaration = declared(Client(), ADDRESS, end="at_once")
    page = type_code(Client(), declaration, code_sent_to(ADDRESS)).content.decode()
    contract = DeclaredContract.objects.get()
    assert contract.subscription.status == "canceled"
    return contract, page


def gives_back(shop: Shop, intent: str, amount: int | None = None) -> None:
    Gateway().refund(intent, key="by-hand", amount=amount, mark=BY_STAFF)
    shop.settle()


def changed(shop: Shop, subscription: Subscription, plan: str) -> None:
    """To the price of another plan, billed at once."""
    item = Gateway().subscription(subscription.stripe_id)["items"]["data"][0]["id"]
    wanted = [{"id": item, "price": make.plan_price(plan).stripe_id}]
    Gateway().update_subscription(subscription.stripe_id, {"items": wanted, "proration_behavior": "always_invoice"})
    shop.settle()


def intents(subscription: Subscription) -> list[str]:
    """Of the payments that came in, the newest first."""
    charges = Gateway().charges_of(subscription.customer.stripe_id)
    return [row["payment_intent"] for row in charges if row["status"] == "succeeded"]


def returned_by_intent(shop: Shop) -> dict[str, int]:
    return {row["payment_intent"]: row["amount"] for row in shop.sandbox.objects("refund")}


@pytest.mark.parametrize("days", [31, 32, 34])
def test_who_leaves_at_once_with_a_renewal_that_is_not_paid_gets_nothing_of_the_month_before(
    shop: Shop, days: int
) -> None:
    subscription = bought(shop, card="fails_at_renewal")
    with shop.later(days=days):
        subscription.refresh_from_db()
        assert subscription.status == "past_due"
        contract, page = left_at_once()
        assert (contract.due_minor, contract.returned_minor, refunds_of(shop)) == (0, 0, [])
        assert "There was nothing to give back." in page
        assert not Alert.objects.filter(kind="not_returned").exists()


def test_a_renewal_that_was_paid_late_gives_back_what_is_unused_of_it(shop: Shop) -> None:
    subscription = bought(shop, card="fails_at_renewal")
    with shop.later(days=32):
        shop.sandbox.set_card(subscription.customer.stripe_id, "succeeds")
        shop.settle()
        contract, _page = left_at_once()
        assert 700 < contract.due_minor < subscription.amount_minor
        assert returned_by_intent(shop) == {intents(subscription)[0]: contract.due_minor}


def test_who_got_the_month_back_gets_nothing_of_the_one_before_on_leaving(shop: Shop) -> None:
    subscription = bought(shop)
    with shop.later(days=32):
        gives_back(shop, intents(subscription)[0])
        contract, page = left_at_once()
        assert (contract.due_minor, refunds_of(shop)) == (0, [subscription.amount_minor])
        assert "There was nothing to give back." in page
        assert not Alert.objects.filter(kind="not_returned").exists()


@pytest.mark.parametrize(("returned", "least"), [(100, 700), (700, 200)])
def test_what_went_back_in_part_lowers_what_leaving_gives_back_at_most_to_what_is_left(
    shop: Shop, returned: int, least: int
) -> None:
    subscription = bought(shop)
    with shop.later(days=32):
        newest = intents(subscription)[0]
        gives_back(shop, newest, returned)
        contract, _page = left_at_once()
        left = subscription.amount_minor - returned
        assert contract.due_minor == contract.returned_minor
        assert least <= contract.due_minor <= left
        assert refunds_of(shop) == [returned, contract.due_minor]
        assert {row["payment_intent"] for row in shop.sandbox.objects("refund")} == {newest}


def test_what_a_bank_took_back_for_good_is_not_given_back_again(shop: Shop) -> None:
    subscription = bought(shop)
    with shop.later(days=32):
        shop.decide(shop.dispute(subscription), "lost")
        contract, _page = left_at_once()
        assert (contract.due_minor, refunds_of(shop)) == (0, [])
        assert not Alert.objects.filter(kind="not_returned").exists()


def test_a_dearer_plan_gives_back_also_what_it_took_over_from_the_former_one(shop: Shop) -> None:
    subscription = bought(shop)
    with shop.later(days=10):
        changed(shop, subscription, "annual")
        second, first = intents(subscription)
        contract, _page = left_at_once()
        paid = next(row["amount"] for row in shop.sandbox.objects("charge") if row["payment_intent"] == second)
        assert 8890 <= contract.due_minor <= 8900
        assert returned_by_intent(shop) == {second: paid, first: contract.due_minor - paid}


@pytest.mark.parametrize("days", [0, 32], ids=["at once", "after a month paid from the credit"])
def test_a_cheaper_plan_that_is_paid_from_credit_gives_back_what_is_unused_of_its_month(shop: Shop, days: int) -> None:
    subscription = bought(shop, "annual")
    changed(shop, subscription, "monthly")
    with shop.later(days=days):
        assert len(intents(subscription)) == 1
        contract, _page = left_at_once()
        assert 700 < contract.due_minor <= 900
        assert refunds_of(shop) == [contract.due_minor]


def test_what_waits_for_an_invoice_is_no_reason_to_give_back_more(shop: Shop) -> None:
    """A second item that was never paid, and a second copy that no invoice tells of yet."""
    subscription = bought(shop, card="fails_at_renewal")
    with shop.later(days=15):
        item = Gateway().subscription(subscription.stripe_id)["items"]["data"][0]["id"]
        more = [{"price": make.plan_price("annual").stripe_id}]
        bill_now: Any = {"items": more, "proration_behavior": "always_invoice"}
        Gateway().update_subscription(subscription.stripe_id, bill_now)
        bill_later: Any = {"items": [{"id": item, "quantity": 2}], "proration_behavior": "create_prorations"}
        Gateway().update_subscription(subscription.stripe_id, bill_later)
        shop.settle()
        contract, _page = left_at_once()
        assert 380 < contract.due_minor < 500
        assert refunds_of(shop) == [contract.due_minor]


def test_of_a_dearer_plan_that_was_not_paid_only_what_the_former_one_paid_goes_back(shop: Shop) -> None:
    subscription = bought(shop, card="fails_at_renewal")
    with shop.later(days=10):
        changed(shop, subscription, "annual")
        subscription.refresh_from_db()
        assert subscription.status == "past_due"
        (paid,) = intents(subscription)
        lines = shop.sandbox.objects("invoice")[-1]["lines"]["data"]
        taken_over = -sum(line["amount"] for line in lines if line["amount"] < 0)
        with shop.later(days=4):
            contract, _page = left_at_once()
            assert 80 < taken_over - contract.due_minor < 120, "four days of the dearer plan were used"
            assert returned_by_intent(shop) == {paid: contract.due_minor}


class Payments(Gateway):
    """One payment for every invoice, without a dispute."""

    def __init__(self) -> None:
        pass

    def payment_intents_of(self, invoice_id: str) -> list[str]:
        return ["pi_1"]


def test_what_was_drawn_is_not_drawn_again() -> None:
    invoice = {"id": "in_1", "created": 1, "amount_paid": 900, "amount_remaining": 0, "starting_balance": 0}
    charge = {"id": "ch_1", "payment_intent": "pi_1", "status": "succeeded", "amount": 900, "amount_refunded": 0}
    kept = Kept(Payments(), [{**invoice, "lines": {"data": []}}], [charge])
    assert [kept.draw(kept.invoices[0], 600) for _ in range(3)] == [600, 300, 0]
    assert (kept.drawn, kept.shares) == (900, {"pi_1": 900})


def previewing(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Stripe's previews come with other lines."""
    asked = Gateway.preview_invoice

    def changed_preview(gateway: Gateway, params: Any) -> Answer:
        invoice = asked(gateway, params)
        change(invoice["lines"])
        return invoice

    monkeypatch.setattr(Gateway, "preview_invoice", changed_preview)


def unname(lines: Answer) -> None:
    """As of a credit of which Stripe does not say what it is for."""
    for line in lines["data"]:
        line["parent"]["subscription_item_details"]["proration_details"] = None


@pytest.mark.parametrize(("card", "is_paid"), [("succeeds", True), ("fails_at_renewal", False)])
def test_where_stripe_does_not_name_the_invoice_it_is_known_by_item_and_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, card: str, is_paid: bool
) -> None:
    subscription = bought(shop, card=card)
    previewing(monkeypatch, unname)
    with shop.later(days=32):
        contract, _page = left_at_once()
        assert (contract.due_minor > 700) is is_paid
        assert returned_by_intent(shop) == ({intents(subscription)[0]: contract.due_minor} if is_paid else {})


def test_lines_that_were_not_told_are_somebodys_work(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    bought(shop)
    previewing(monkeypatch, lambda lines: lines.update(data=[], has_more=True))
    contract, page = left_at_once()
    assert (contract.due_minor > 700, contract.returned_minor) == (True, 0)
    assert "A person here sees to it" in page
    assert Alert.objects.filter(kind="not_returned").count() == 1


def test_a_line_comes_to_its_amount_less_discounts_with_the_tax_that_stands_on_top() -> None:
    taxes = [{"amount": -19, "tax_behavior": "exclusive"}, {"amount": -7, "tax_behavior": "inclusive"}]
    line = {"amount": -100, "discount_amounts": [{"amount": -10}], "taxes": taxes}
    assert value_of(line) == -109
