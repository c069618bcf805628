"""Disputes and refunds: what each tells, and what they no longer allow."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_sandbox.account import Account, raw


@pytest.fixture
def charge(account: Account) -> dict[str, Any]:
    account.subscribe()
    return account.sandbox.objects("charge")[0]


def test_a_dispute_takes_the_money_and_gives_it_back_when_it_is_won(account: Account, charge: dict[str, Any]) -> None:
    told = account.forget_events()
    made = account.sandbox.open_dispute(charge["id"])
    account.sandbox.move_dispute(made["id"], "under_review")
    account.sandbox.move_dispute(made["id"], "won")
    assert told() == [
        "charge.updated",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    assert charge["disputed"]
    assert account.client.disputes.retrieve(made["id"]).status == "won"


def test_an_inquiry_leaves_the_money_until_it_becomes_a_dispute(account: Account, charge: dict[str, Any]) -> None:
    told = account.forget_events()
    made = account.sandbox.open_dispute(charge["id"], "warning_needs_response", "general")
    assert "charge.dispute.funds_withdrawn" not in told()
    assert made["payment_method_details"]["card"]["case_type"] == "inquiry"
    account.sandbox.move_dispute(made["id"], "needs_response")
    assert told()[-2:] == ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]
    account.sandbox.move_dispute(made["id"], "lost")
    assert told()[-1] == "charge.dispute.closed"


def test_an_inquiry_that_is_closed_was_no_dispute(account: Account, charge: dict[str, Any]) -> None:
    told = account.forget_events()
    made = account.sandbox.open_dispute(charge["id"], "warning_needs_response")
    account.client.disputes.close(made["id"])
    assert (made["status"], "charge.dispute.funds_withdrawn" in told()) == ("warning_closed", False)
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        account.client.disputes.close(made["id"])


def test_disputes_are_found_by_their_charge_and_payment(account: Account, charge: dict[str, Any]) -> None:
    made = account.sandbox.open_dispute(charge["id"])
    find = account.client.disputes.list
    assert [one.id for one in find({"charge": charge["id"]}).data] == [made["id"]]
    assert [one.id for one in find({"payment_intent": charge["payment_intent"]}).data] == [made["id"]]
    assert find({"charge": "ch_other"}).data == []


def test_evidence_puts_a_dispute_under_review(account: Account, charge: dict[str, Any]) -> None:
    made = account.sandbox.open_dispute(charge["id"])
    account.client.disputes.update(made["id"], {"evidence": {"uncategorized_text": "They read it."}, "submit": False})
    assert made["status"] == "needs_response"
    account.client.disputes.update(made["id"], {"evidence": {"product_description": "A newspaper"}})
    assert (made["status"], made["evidence_details"]["submission_count"]) == ("under_review", 1)


@pytest.mark.parametrize(("status", "code"), [("needs_response", "charge_disputed"), ("warning_needs_response", "")])
def test_what_is_disputed_cannot_be_refunded(account: Account, charge: dict[str, Any], status: str, code: str) -> None:
    account.sandbox.open_dispute(charge["id"], status)
    answer = raw(account.sandbox, "POST", "/v1/refunds", f"charge={charge['id']}")[1]
    assert answer.get("error", {}).get("code", "") == code
    assert charge["refunded"] is (not code)


def test_a_refund_that_the_bank_sends_back_counts_no_more(account: Account, charge: dict[str, Any]) -> None:
    made = account.client.refunds.create({"charge": charge["id"], "amount": 300, "metadata": {"why": "late"}})
    account.sandbox.fail_refund(made.id)
    assert (charge["amount_refunded"], charge["refunded"]) == (0, False)
    failed = account.client.refunds.retrieve(made.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert failed.to_dict()["metadata"] == {"why": "late"}
    assert account.events()[-3:] == ["charge.updated", "refund.updated", "refund.failed"]
    account.client.refunds.create({"charge": charge["id"]})
    assert charge["refunded"]


def test_charges_and_payments_are_found_by_their_customer(account: Account, charge: dict[str, Any]) -> None:
    client, mine = account.client, account.customer.id
    assert [one.id for one in client.charges.list({"customer": mine}).data] == [charge["id"]]
    assert [one.id for one in client.charges.list({"payment_intent": charge["payment_intent"]}).data] == [charge["id"]]
    assert [one.id for one in client.payment_intents.list({"customer": mine}).data] == [charge["payment_intent"]]
    assert client.charges.list({"customer": client.customers.create({}).id}).data == []
