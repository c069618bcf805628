"""Nothing secret stands where somebody else can read it: in the repository, on pages, in errors, in logs."""

from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests import make

pytestmark = pytest.mark.django_db

PROJECT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", ".venv", ".uv", ".local", "node_modules"}
# What providers' keys and private keys look like; the words after `sk_test_` are those of the stand-in and the tests.
KEYS = re.compile(
    rb"sk_live_[0-9A-Za-z]{16,}|rk_live_[0-9A-Za-z]{16,}|sk_test_[0-9A-Za-z]{24,}|whsec_[0-9A-Za-z+/]{24,}"
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}|ghp_[0-9A-Za-z]{36}|xox[bp]-[0-9A-Za-z-]{20,}"
    rb"|django-insecure[-]|SG\.[\w-]{20,}\.[\w-]{20,}"
)
SECRETS = {
    "SECRET_KEY": "secret-of-the-sessions-0123456789-abcdefghijklmnopq",
    "STRIPE_SECRET_KEY": "sk_test_secretOfStripe",
    "STRIPE_WEBHOOK_SECRETS": ["whsec_secretOfTheWebhook"],
}
WORDS = ["secret-of-the-sessions", "secretOfStripe", "secretOfTheWebhook", "password-of-the-database"]


def project_files() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        yield from (PROJECT / name.decode() for name in listed.stdout.split(b"\0") if name)
    else:
        yield from (path for path in PROJECT.rglob("*") if not SKIPPED & set(path.relative_to(PROJECT).parts))


@pytest.fixture
def secrets(settings: Any) -> None:
    for name, value in SECRETS.items():
        setattr(settings, name, value)
    settings.DATABASES["default"]["PASSWORD"] = "password-of-the-database"


@pytest.mark.attack("S07")
def test_no_file_of_the_project_holds_a_key() -> None:
    found = [path for path in project_files() if path.is_file() and KEYS.search(path.read_bytes())]
    assert found == []


@pytest.mark.attack("S07")
def test_no_secret_of_a_site_is_part_of_the_project() -> None:
    names = {path.name for path in project_files()}
    assert not {".env", "secret_key", "id_rsa", "credentials.json", "dump.sql"} & names
    ignored = (PROJECT / ".gitignore").read_text().splitlines()
    assert {"/.env", "/.local/"} <= set(ignored)


@pytest.mark.attack("S07")
def test_no_page_of_health_no_refusal_and_no_fault_tells_a_secret(
    secrets: None, stranger: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stranger.raise_request_exception = False

    def fail(_now: Any) -> None:
        raise RuntimeError(f"{WORDS} reader@example.org")

    monkeypatch.setattr("articles.views.front_page", fail)
    with caplog.at_level(logging.INFO):
        answers = [
            stranger.get(address)
            for address in ("/healthz", "/readyz", "/metrics", "/nothing/", "/", "/.well-known/security.txt", "/%00")
        ]
        answers.append(stranger.get("/", headers={"Host": "evil.example"}))
        answers.append(stranger.post("/stripe/webhook/", b"{}", content_type="application/json"))
        answers.append(stranger.post("/account/login/", {"login": "x" * 1_100_000}))
    assert [answer.status_code for answer in answers if answer.status_code == 500] == [500]
    for answer in answers:
        page = answer.content.decode() + str(answer.headers)
        assert not any(word in page for word in [*WORDS, "Traceback", "settings", "PASSWORD", "/site-packages/"])
    lines = " ".join(record.getMessage() for record in caplog.records)
    assert not any(word in lines for word in WORDS)


@pytest.mark.attack("S07")
@pytest.mark.parametrize("actor", ["subscriber", "editor", "superuser"])
def test_no_page_shows_a_hash_of_a_password_or_a_secret(
    actor: str, secrets: None, request: pytest.FixtureRequest
) -> None:
    owner = make.user("owner@example.org", password="a long password indeed")
    client = request.getfixturevalue(actor)
    addresses = ["/account/", "/account/sessions/", "/admin/", "/admin/accounts/user/"]
    addresses.append(f"/admin/accounts/user/{owner.pk}/change/")
    for address in addresses:
        page = client.get(address, follow=True).content.decode()
        assert not any(word in page for word in [*WORDS, owner.password, owner.password.split("$")[0] + "$"]), address


@pytest.mark.attack("S07")
def test_debug_is_off_unless_it_is_asked_for() -> None:
    text = (PROJECT / "newsroom" / "settings.py").read_text()
    assert 'DEBUG = env.flag("DEBUG")' in text  # whose default is off
