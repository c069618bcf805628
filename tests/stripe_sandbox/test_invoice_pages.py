"""The hosted page of an invoice: a reader pays it there, or authenticates a renewal."""

from __future__ import annotations

from typing import Any

from stripe_sandbox.markup import FORM_TOKEN
from stripe_sandbox.server import Sandbox
from tests.stripe_sandbox.account import Account


def failed_renewal(account: Account, card: str) -> tuple[dict[str, Any], str]:
    subscription = account.subscribe(card)
    account.sandbox.advance_to_period_end(subscription["id"])
    assert subscription["status"] == "past_due"
    return subscription, f"/c/invoice/{subscription['latest_invoice']}"


def look(sandbox: Sandbox, path: str) -> str:
    answer = sandbox.page("GET", path, {}, {})
    assert answer.status == 200
    return answer.html


def post(sandbox: Sandbox, path: str, **form: str) -> Any:
    return sandbox.page("POST", path, {}, {"token": FORM_TOKEN, **form})


def test_a_paid_invoice_offers_no_payment(account: Account) -> None:
    subscription = account.subscribe()
    shown = look(account.sandbox, f"/c/invoice/{subscription['latest_invoice']}")
    assert "€9.00, paid" in shown
    assert "<form" not in shown
    assert look(account.sandbox, f"/c/invoice/{subscription['latest_invoice']}/pdf")
    assert account.sandbox.page("GET", "/c/invoice/in_none", {}, {}).status == 404


def test_another_card_pays_the_open_invoice(account: Account) -> None:
    subscription, path = failed_renewal(account, "fails_at_renewal")
    assert "Pay €9.00" in look(account.sandbox, path)
    assert "declined" in post(account.sandbox, path, card="declined").html
    assert "no" in post(account.sandbox, path, number="1234").html
    assert subscription["status"] == "past_due"
    assert "€9.00, paid" in post(account.sandbox, path, card="succeeds").html
    assert subscription["status"] == "active"


def test_a_form_without_our_token_pays_nothing(account: Account) -> None:
    subscription, path = failed_renewal(account, "fails_at_renewal")
    assert account.sandbox.page("POST", path, {}, {"card": "succeeds"}).status == 403
    assert subscription["status"] == "past_due"


def test_a_renewal_is_authenticated_on_its_page(account: Account) -> None:
    subscription, path = failed_renewal(account, "needs_3ds_later")
    assert f'href="{path}/3ds"' in look(account.sandbox, path)
    assert "whether it is you" in look(account.sandbox, f"{path}/3ds")
    assert "failed authentication" in post(account.sandbox, f"{path}/3ds", outcome="fail").html
    assert f'href="{path}/3ds"' not in look(account.sandbox, path)
    again = post(account.sandbox, path, action="on_file")
    assert (again.status, again.location) == (303, f"{path}/3ds")
    assert "€9.00, paid" in post(account.sandbox, f"{path}/3ds", outcome="complete").html
    assert subscription["status"] == "active"
    assert post(account.sandbox, f"{path}/3ds", outcome="complete").location == path


def test_the_control_page_lets_retries_end_in_unpaid(account: Account) -> None:
    assert post(account.sandbox, "/sandbox/retries", status="nonsense").status == 400
    assert post(account.sandbox, "/sandbox/retries", status="unpaid").status == 303
    subscription, _ = failed_renewal(account, "fails_at_renewal")
    account.sandbox.advance(days=8)
    assert subscription["status"] == "unpaid"
