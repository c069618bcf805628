"""Changes of a subscription, as the tests of the stand-in make them and look at what they cost."""

from __future__ import annotations

from typing import Any

from tests.stripe_sandbox.account import Account

DAY = 86400


def item_of(subscription: dict[str, Any]) -> dict[str, Any]:
    return subscription["items"]["data"][0]  # type: ignore[no-any-return]


def halfway(account: Account, subscription: dict[str, Any]) -> int:
    """Moves the clock to the middle of the period; answers that moment, to which shares are counted."""
    item = item_of(subscription)
    middle = (item["current_period_start"] + item["current_period_end"]) // 2
    account.sandbox.advance(seconds=max(0, middle - account.sandbox.now()))
    return int(middle)


def change(account: Account, subscription: dict[str, Any], price: Any, **more: Any) -> Any:
    item = {"id": item_of(subscription)["id"], "price": price.id}
    params: Any = {"items": [item], **more}
    return account.client.subscriptions.update(subscription["id"], params)


def dearer(account: Account, amount: int = 1900, interval: str = "month") -> Any:
    return account.price(unit_amount=amount, recurring={"interval": interval})


def lines(invoice: dict[str, Any]) -> list[int]:
    return [line["amount"] for line in invoice["lines"]["data"]]


def newest_invoice(account: Account) -> dict[str, Any]:
    return account.sandbox.objects("invoice")[-1]
