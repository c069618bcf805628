"""What the tests about groups share: an owner who invites, readers who join, and what came of it."""

from __future__ import annotations

import re
from typing import Any

from django.core import mail
from django.test import Client

from subscriptions.models import Group, Seat, SeatState
from tests import make

OWNER = "owner@example.org"
LINK = re.compile(r"http[^\s]*(/group/invitation/[A-Za-z0-9_-]{43}/)")


def group() -> Group:
    return Group.objects.get()


def invite(owner: Client, *emails: str, status: int = 303) -> Any:
    response = owner.post(f"/account/group/{group().pk}/invite/", {"addresses": "\n".join(emails)})
    assert response.status_code == status, response.content.decode()
    make.run_tasks()
    return response


def link_to(email: str) -> str:
    """The address in the latest invitation to this mailbox."""
    letter = next(letter for letter in reversed(mail.outbox) if letter.to == [email])
    found = LINK.search(str(letter.body))
    assert found is not None
    return found[1]


def join(owner: Client, *emails: str) -> list[Client]:
    invite(owner, *emails)
    browsers = [make.logged_in(make.user(email)) for email in emails]
    for browser, email in zip(browsers, emails, strict=True):
        assert browser.post(link_to(email)).status_code == 302
    return browsers


def names(count: int) -> list[str]:
    return [f"reader{number}@example.net" for number in range(1, count + 1)]


def states() -> dict[str, str]:
    return dict(Seat.objects.exclude(state=SeatState.ENDED).values_list("email", "state"))


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())
