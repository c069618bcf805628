"""Somebody who leaves without logging in: what they send, and the code that they get."""

from __future__ import annotations

import re
from typing import Any

from django.core import mail
from django.http import HttpResponse
from django.test import Client

from subscriptions.models import Declaration
from tests import make
from tests.shop import Shop

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


def declare(client: Client, email: str = "", **fields: Any) -> HttpResponse:
    form = {"email": email, "kind": "cancel", "end": "period_end", "contract": "", "name": "", **fields}
    return client.post("/cancel/", form, headers=OWN_PAGE)


def declared(client: Client, email: str = "", **fields: Any) -> Declaration:
    """The declaration as it was received."""
    response = declare(client, email, **fields)
    assert response.status_code == 303, response.content.decode()[:2000]
    return Declaration.objects.get(pk=response["Location"].rstrip("/").rpartition("/")[2])


def code_sent_to(email: str) -> str:
    """The code of the newest mail to the address, once the queue has run."""
    make.run_tasks()
    found = codes_sent_to(email)
    assert found, "no code was sent"
    return found[-1]


def codes_sent_to(email: str) -> list[str]:
    bodies = [str(letter.body) for letter in mail.outbox if letter.to == [email]]
    return [code for body in bodies for code in re.findall(r"^(\d{6})$", body, re.MULTILINE)]


def type_code(client: Client, declaration: Declaration, code: str) -> HttpResponse:
    return client.post(f"/cancel/{declaration.pk}/", {"code": code}, headers=OWN_PAGE)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def changing_calls(shop: Shop) -> list[str]:
    """What was asked of Stripe that could change a subscription or move money."""
    return [
        f"{call.method} {call.path}"
        for call in shop.sandbox.calls
        if call.method in ("POST", "DELETE") and re.search(r"/subscriptions/|/refunds", call.path)
    ]


def refunds_of(shop: Shop) -> list[int]:
    """Each in minor units."""
    return [int(thing["amount"]) for thing in shop.sandbox.objects("refund")]
