"""Erasing an account as a reader does it: asking for the code, and typing what came by mail."""

from __future__ import annotations

import re
from typing import Any

from django.core import mail
from django.test import Client

from accounts.models import User
from tests import make

DOOR = "/account/erase/"


def code_for(browser: Client, email: str) -> str:
    response = browser.post(DOOR, {"action": "code"})
    assert response.status_code == 200, response.content.decode()[:2000]
    make.run_tasks()
    letters = [str(letter.body) for letter in mail.outbox if letter.to == [email]]
    return [str(code) for text in letters for code in re.findall(r"^\d{6}$", text, re.MULTILINE)][-1]


def type_code(browser: Client, code: str) -> Any:
    return browser.post(DOOR, {"code": code})


def erase(user: User) -> None:
    """In a browser of theirs, from the login on; it has to succeed."""
    browser = make.logged_in(user)
    response = type_code(browser, code_for(browser, user.email))
    assert response.status_code == 302, response.content.decode()[:5000]
    assert not User.objects.filter(pk=user.pk).exists()
