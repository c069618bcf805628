"""A preview says what carrying it out bills, to the minor unit, and changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stripe_sandbox.server import Sandbox
from tests.stripe_sandbox.account import Account

DAY = 86400
SHOWN = ("total", "subtotal", "amount_due", "currency", "starting_balance")


def preview(account: Account, subscription: dict[str, Any], **details: Any) -> dict[str, Any]:
    params: Any = {"subscription": subscription["id"]}
    if details:
        params["subscription_details"] = details
    return account.client.invoices.create_preview(params).to_dict()


def figures(invoice: dict[str, Any]) -> dict[str, Any]:
    """What a preview and its invoice have in common: amounts and lines without their ids."""
    lines = [
        {name: line[name] for name in ("amount", "period", "quantity", "discount_amounts", "taxes")}
        | {"price": line["pricing"]["price_details"]["price"]}
        for line in invoice["lines"]["data"]
    ]
    return {name: invoice[name] for name in SHOWN} | {"lines": lines}


def invoices_of(account: Account) -> list[dict[str, Any]]:
    return [one for one in account.sandbox.objects("invoice") if one["customer"] == account.customer.id]


def state(account: Account) -> dict[str, Any]:
    return copy.deepcopy(account.sandbox.ledger.things)


def test_the_preview_of_nothing_is_the_next_renewal(account: Account) -> None:
    subscription = account.subscribe()
    shown = preview(account, subscription)
    account.sandbox.advance_to_period_end(subscription["id"])
    assert figures(shown) == figures(account.sandbox.objects("invoice")[-1])
    assert (shown["billing_reason"], shown["status"], shown["number"]) == ("upcoming", "draft", None)


@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    amount=st.integers(1, 99_999),
    new_amount=st.integers(0, 99_999),
    quantity=st.integers(1, 7),
    day=st.integers(0, 27),
    interval=st.sampled_from(["month", "year", "week"]),
    behaviour=st.sampled_from(["always_invoice", "create_prorations", "none"]),
    percent=st.sampled_from([0, 33]),
)
def test_a_preview_equals_the_invoice_that_follows(
    sandbox: Sandbox, amount: int, new_amount: int, quantity: int, day: int, interval: str, behaviour: str, percent: int
) -> None:
    account = Account(sandbox)
    old = account.price(unit_amount=amount, recurring={"interval": "month"})
    new = account.price(unit_amount=new_amount, recurring={"interval": interval})
    subscription = account.subscribe(line_items=[{"price": old.id, "quantity": 1}])
    if percent:
        coupon = account.client.coupons.create({"percent_off": percent, "duration": "forever"})
        account.client.subscriptions.update(subscription["id"], {"discounts": [{"coupon": coupon.id}]})
    sandbox.advance(days=day)
    item = {"id": subscription["items"]["data"][0]["id"], "price": new.id, "quantity": quantity}
    asked: Any = {"items": [item], "proration_behavior": behaviour, "proration_date": sandbox.now()}
    before = state(account)
    shown = preview(account, subscription, **asked)
    assert state(account) == before
    made = len(invoices_of(account))
    account.client.subscriptions.update(subscription["id"], asked)
    if len(invoices_of(account)) == made:
        sandbox.advance_to_period_end(subscription["id"])
    carried_out = invoices_of(account)[made]
    restarted = interval != "month"
    if restarted:  # the new period begins with the second of the call
        for invoice in (shown, carried_out):
            for line in invoice["lines"]["data"]:
                line["period"] = {}
    assert figures(shown) == figures(carried_out)
    account.client.subscriptions.cancel(subscription["id"])  # or later examples would renew it


def test_a_preview_of_an_end_gives_back_what_is_unused(account: Account) -> None:
    subscription = account.subscribe()
    account.sandbox.advance(days=10)
    shown = preview(account, subscription, cancel_now=True, proration_behavior="always_invoice")
    assert -900 < shown["total"] < -500
    account.client.subscriptions.cancel(subscription["id"], {"prorate": True, "invoice_now": True})
    assert abs(account.sandbox.objects("invoice")[-1]["total"] - shown["total"]) <= 1


def test_there_is_nothing_to_preview_of_what_ends(account: Account) -> None:
    subscription = account.subscribe()
    for details in ({"cancel_at_period_end": True}, {"cancel_now": True, "proration_behavior": "none"}):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            preview(account, subscription, **details)
        assert refusal.value.code == "invoice_upcoming_none"
    account.client.subscriptions.cancel(subscription["id"])
    with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices"):
        preview(account, subscription)


def test_a_trial_previews_its_first_charge_or_its_end_now(account: Account) -> None:
    subscription = account.subscribe(subscription_data={"trial_period_days": 7})
    assert preview(account, subscription)["lines"]["data"][0]["period"]["start"] == subscription["trial_end"]
    now = preview(account, subscription, trial_end="now")
    assert (now["amount_due"], now["lines"]["data"][0]["period"]["start"] < subscription["trial_end"]) == (900, True)
    assert subscription["status"] == "trialing"


def test_what_waits_for_an_invoice_and_the_balance_are_in_the_preview(account: Account) -> None:
    subscription = account.subscribe()
    item = subscription["items"]["data"][0]
    dear = account.price(unit_amount=1900, recurring={"interval": "month"})
    account.sandbox.advance(days=10)
    account.client.subscriptions.update(subscription["id"], {"items": [{"id": item["id"], "price": dear.id}]})
    shown = preview(account, subscription)
    assert len(shown["lines"]["data"]) == 3
    account.sandbox.advance_to_period_end(subscription["id"])
    assert figures(shown) == figures(account.sandbox.objects("invoice")[-1])


def test_a_scheduled_downgrade_is_previewed_by_its_schedule(account: Account) -> None:
    dear = account.price(unit_amount=1900, recurring={"interval": "month"})
    subscription = account.subscribe(line_items=[{"price": dear.id, "quantity": 1}])
    made = account.client.subscription_schedules.create({"from_subscription": subscription["id"]})
    phase = made.phases[0]
    phases: Any = [
        {"start_date": phase.start_date, "end_date": phase.end_date, "items": [{"price": dear.id}]},
        {"items": [{"price": account.monthly.id}]},
    ]
    account.client.subscription_schedules.update(made.id, {"phases": phases})
    assert account.client.invoices.create_preview({"schedule": made.id}).total == 900
    with pytest.raises(stripe.InvalidRequestError, match="managed by"):
        preview(account, subscription, items=[{"id": subscription["items"]["data"][0]["id"], "quantity": 2}])


def test_only_the_customers_own_subscription_is_previewed(account: Account) -> None:
    subscription = account.subscribe()
    other = account.client.customers.create({"email": "b@example.org"})
    create_preview = account.client.invoices.create_preview
    with pytest.raises(stripe.InvalidRequestError, match="does not belong"):
        create_preview({"customer": other.id, "subscription": subscription["id"]})
    with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices"):
        create_preview({"customer": other.id})
    assert create_preview({"customer": account.customer.id}).total == 900
