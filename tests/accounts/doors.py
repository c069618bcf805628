"""The ways in, walked with a test client."""

from __future__ import annotations

import re

from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django_tasks_db.models import DBTaskResult

from accounts.models import RateWindow, User
from subscriptions.models import Lead
from tests import make

GATE = "/subscribe/start/"
LOGIN = "/account/login/"
CONFIRM = "/account/login/code/confirm/"
ARTICLE = "/articles/story/#continue"
WRONG = "000000x"
TABLES = [User, EmailAddress, Lead, Session, DBTaskResult, RateWindow]


def row_counts() -> list[int]:
    """How many rows each table has that a stranger's request can fill."""
    return [model._default_manager.count() for model in TABLES]


def ask_at_gate(client: Client, email: str, next_path: str = ARTICLE) -> HttpResponse:
    form = {"email": email, "plan": "free", "next": next_path}
    return client.post(GATE, form, headers={"Sec-Fetch-Site": "same-origin"})


def ask_at_login(client: Client, email: str, next_path: str = ARTICLE) -> HttpResponse:
    return client.post(LOGIN, {"login": email, "next": next_path})


def queued_mails() -> int:
    return DBTaskResult.objects.filter(task_path="accounts.mail.send").count()


def mailed_code(email: str) -> str:
    """The code of the newest mail to the address, once the queue has run."""
    make.run_tasks()
    letter = [letter for letter in mail.outbox if letter.to == [email]][-1]
    found = re.search(r"^\d{6}$", str(letter.body), re.MULTILINE)
    assert found is not None
    return found.group()


def type_code(client: Client, code: str, next_path: str = ARTICLE) -> HttpResponse:
    return client.post(CONFIRM, {"code": code, "next": next_path})


def log_in(email: str) -> Client:
    """A browser that has logged in with a mailed code."""
    client = Client()
    ask_at_login(client, email)
    assert type_code(client, mailed_code(email)).status_code == 302
    return client


def is_logged_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200
