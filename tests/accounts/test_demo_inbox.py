"""The page that shows a demonstration's mail."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage, mailers
from django.test import Client
from django.utils import timezone

from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

INBOX = "/demo/inbox/"


@pytest.fixture
def mail_dir(settings: Any, tmp_path: Path) -> Path:
    """Mail goes into files, as it does in local mode."""
    folder = tmp_path / "letters"
    settings.MAIL_DIR = folder
    backend = "django.core.mail.backends.filebased.EmailBackend"
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"file_path": str(folder)}}}
    return folder


def write(count: int) -> None:
    """Letters that are sent a tenth of a second apart, and so share files."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number in range(count):
            EmailMessage(f"Letter {number}", f"Text {number}", "post@example.org", ["reader@example.org"]).send()
            clock.shift(timedelta(seconds=0.1))


def test_an_empty_inbox_says_so(mail_dir: Path, stranger: Client) -> None:
    response = stranger.get(INBOX)
    assert response.status_code == 200
    assert "No mail yet" in response.content.decode()


def test_the_mailed_code_stands_on_the_page_as_six_digits(mail_dir: Path, stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    make.run_tasks()
    text = stranger.get(INBOX).content.decode()
    assert "reader@example.org" in text
    code = re.search(r"\b\d{6}\b", text[text.index("To reader@example.org") :])
    assert code is not None
    assert doors.type_code(stranger, code.group()).status_code == 302


def test_the_newest_come_first_and_no_more_than_a_hundred(mail_dir: Path, stranger: Client) -> None:
    write(103)
    subjects = re.findall(r"<h2>(Letter \d+)</h2>", stranger.get(INBOX).content.decode())
    assert subjects == [f"Letter {number}" for number in range(102, 2, -1)]


def test_several_letters_of_one_file_are_all_shown(mail_dir: Path, stranger: Client) -> None:
    letters = [EmailMessage(f"Letter {number}", "é" * 90, "post@example.org", ["a@example.org"]) for number in range(3)]
    mailers.default.send_messages(letters)
    text = stranger.get(INBOX).content.decode()
    assert sorted(re.findall(r"<h2>(Letter \d)</h2>", text)) == ["Letter 0", "Letter 1", "Letter 2"]
    assert text.count("é" * 90) == 3


def test_a_letter_is_shown_as_text(mail_dir: Path, stranger: Client) -> None:
    EmailMessage("<b>Hello</b>", "<script>alert(1)</script>", "post@example.org", ["a@example.org"]).send()
    text = stranger.get(INBOX).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<b>Hello" not in text


def test_the_page_is_stored_nowhere_and_indexed_nowhere(mail_dir: Path, stranger: Client) -> None:
    response = stranger.get(INBOX)
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_it_can_only_be_read(method: str, stranger: Client) -> None:
    assert getattr(stranger, method)(INBOX).status_code == 405


def test_a_public_site_has_no_such_page(settings: Any, stranger: Client) -> None:
    settings.LOCAL_MODE = False
    assert stranger.get(INBOX).status_code == 404


def test_the_html_of_a_mail_is_shown_where_it_can_do_nothing(mail_dir: Path, stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    make.run_tasks()
    links = re.findall(r'href="(/demo/inbox/[0-9a-f]{16}/)"', stranger.get(INBOX).content.decode())
    response = stranger.get(links[0])
    assert re.search(r">\d{6}</p>", response.content.decode())
    policy = response["Content-Security-Policy"]
    assert "sandbox;" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"


def test_a_mail_without_html_has_no_such_page(mail_dir: Path, stranger: Client) -> None:
    write(1)
    assert "As HTML" not in stranger.get(INBOX).content.decode()
    assert stranger.get(f"{INBOX}0123456789abcdef/").status_code == 404


def test_a_public_site_has_no_html_of_mails(mail_dir: Path, settings: Any, stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    make.run_tasks()
    (link,) = re.findall(r'href="(/demo/inbox/[0-9a-f]{16}/)"', stranger.get(INBOX).content.decode())
    settings.LOCAL_MODE = False
    assert stranger.get(link).status_code == 404
