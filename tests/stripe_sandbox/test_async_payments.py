"""SEPA debits: promised on the payment page, and paid or refused by the bank days later."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from stripe_sandbox.faults import Refused
from tests.stripe_sandbox.account import Account

DAY = 86400


def status(account: Account, session_id: str) -> tuple[str, str]:
    session = account.client.checkout.sessions.retrieve(session_id)
    return str(session.status), session.payment_status


def test_a_debit_completes_the_session_unpaid_and_the_clock_pays_it(account: Account) -> None:
    session = account.session()
    told = account.forget_events()
    assert account.sandbox.pay(session.id, "sepa")["outcome"] == "complete"
    assert status(account, session.id) == ("complete", "unpaid")
    subscription = account.sandbox.objects("subscription")[0]
    invoice = account.sandbox.objects("invoice")[0]
    charge = account.sandbox.objects("charge")[0]
    assert (subscription["status"], invoice["status"], charge["status"]) == ("incomplete", "open", "pending")
    assert {"charge.pending", "payment_intent.processing", "checkout.session.completed"} <= set(told())
    assert "invoice.paid" not in told()
    account.sandbox.advance(days=4)
    assert subscription["status"] == "incomplete"
    account.sandbox.advance(days=1)
    assert (subscription["status"], invoice["status"], charge["status"]) == ("active", "paid", "succeeded")
    assert status(account, session.id) == ("complete", "paid")
    assert told()[-1] == "checkout.session.async_payment_succeeded"
    assert len(account.sandbox.objects("charge")) == 1


def test_a_refused_debit_ends_what_never_began(account: Account) -> None:
    session = account.session()
    account.sandbox.pay(session.id, "sepa_fails")
    told = account.forget_events()
    account.sandbox.advance(days=5)
    assert told() == [
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "invoice.voided",
        "customer.subscription.updated",
        "checkout.session.async_payment_failed",
    ]
    assert account.sandbox.objects("subscription")[0]["status"] == "incomplete_expired"
    assert status(account, session.id) == ("complete", "unpaid")
    account.sandbox.advance(days=60)
    assert len(account.sandbox.objects("invoice")) == 1


@pytest.mark.parametrize(("ok", "expected"), [(True, "active"), (False, "past_due")])
def test_where_it_begins_active_a_refusal_makes_it_past_due(account: Account, ok: bool, expected: str) -> None:
    account.sandbox.debits_begin("active")
    session = account.session()
    account.sandbox.pay(session.id, "sepa")
    subscription = account.sandbox.objects("subscription")[0]
    assert subscription["status"] == "active"
    account.sandbox.settle_debit(session.id, ok)
    assert subscription["status"] == expected


def test_a_bank_answers_once(account: Account) -> None:
    session = account.session()
    account.sandbox.pay(session.id, "sepa")
    account.sandbox.settle_debit(session.id)
    with pytest.raises(Refused):
        account.sandbox.settle_debit(session.id)
    account.sandbox.advance(days=10)
    assert account.events().count("checkout.session.async_payment_succeeded") == 1


@pytest.mark.parametrize(("card", "paid", "invoices"), [("sepa", "paid", 1), ("sepa_fails", "unpaid", 0)])
def test_a_single_purchase_by_debit_is_invoiced_when_it_is_paid(
    account: Account, card: str, paid: str, invoices: int
) -> None:
    session = account.session(
        mode="payment", line_items=[{"price": account.price().id}], invoice_creation={"enabled": True}
    )
    account.sandbox.pay(session.id, card)
    assert (status(account, session.id)[1], account.sandbox.objects("invoice")) == ("unpaid", [])
    account.sandbox.advance(days=5)
    assert status(account, session.id)[1] == paid
    assert len(account.sandbox.objects("invoice")) == invoices


@pytest.mark.parametrize("mode", ["payment", "subscription"])
@pytest.mark.parametrize(("ok", "charged"), [(True, "succeeded"), (False, "failed")])
def test_a_bank_answers_also_when_the_customer_is_gone(account: Account, mode: str, ok: bool, charged: str) -> None:
    once: Any = {"line_items": [{"price": account.price().id}], "invoice_creation": {"enabled": True}}
    session = account.session(mode=mode, **(once if mode == "payment" else {}))
    account.sandbox.pay(session.id, "sepa")
    invoices = len(account.sandbox.objects("invoice"))
    account.client.customers.delete(account.customer.id)
    account.sandbox.settle_debit(session.id, ok)
    assert account.sandbox.objects("charge")[0]["status"] == charged
    assert status(account, session.id)[1] == ("paid" if ok else "unpaid")
    assert len(account.sandbox.objects("invoice")) == invoices, "there is nobody to write one to"
    assert "active" not in [one["status"] for one in account.sandbox.objects("subscription")]


@pytest.mark.parametrize("card", ["succeeds", "needs_3ds"])
def test_nothing_is_paid_for_a_customer_who_is_gone(account: Account, card: str) -> None:
    session = account.session()
    if card == "needs_3ds":
        account.sandbox.pay(session.id, card)
    account.client.customers.delete(account.customer.id)
    pay = partial(account.sandbox.pay, session.id, card)
    answer = partial(account.sandbox.confirm_3ds, session.id, ok=True)
    assert (answer if card == "needs_3ds" else pay)()["outcome"] == "closed"
    assert account.sandbox.objects("charge") == []


def test_only_sessions_in_euro_take_debits(account: Account) -> None:
    dollars = account.session(mode="payment", line_items=[{"price": account.price(currency="usd").id}])
    assert "sepa_debit" in account.session().payment_method_types
    assert "sepa_debit" not in dollars.payment_method_types
    with pytest.raises(Refused):
        account.sandbox.pay(dollars.id, "sepa")
