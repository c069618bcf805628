"""The environment: local mode by default, clear refusals on a public host, typed readers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from newsroom.env import (
    Environment,
    EnvironmentRefused,
    is_embedded_database,
    is_local_mode,
    parse_cache_url,
    parse_database_url,
    parse_email_url,
    parse_site_url,
)

PROJECT = Path(__file__).resolve().parent.parent.parent
PUBLIC = {
    "SITE_URL": "https://news.example.org",
    "SECRET_KEY": "k" * 50,
    "DATABASE_URL": "postgresql://u:p@db.example.org/newsroom",
    "EMAIL_URL": "smtp+tls://u:p@mail.example.org",
    "DEFAULT_FROM_EMAIL": "post@news.example.org",
    "STRIPE_SECRET_KEY": "sk_test_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
}


def start(variables: dict[str, str], show: str = "") -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of its own with this environment and nothing else, and print one of them."""
    code = f"from django.conf import settings; print(repr(settings.{show or 'LOCAL_MODE'}))"
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "newsroom.settings", **variables}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("variables", "local"),
    [
        ({}, True),
        ({"SITE_URL": "http://localhost:8000"}, True),
        ({"ALLOWED_HOSTS": "127.0.0.1,localhost"}, True),
        ({"SITE_URL": "https://news.example.org"}, False),
        ({"ALLOWED_HOSTS": "localhost,news.example.org"}, False),
        ({"ALLOWED_HOSTS": "*"}, False),
        ({"SITE_URL": "http://localhost.evil.example"}, False),
    ],
)
def test_only_loopback_hosts_are_local(variables: dict[str, str], local: bool) -> None:
    assert is_local_mode(Environment(variables)) is local


@pytest.mark.parametrize(
    ("variables", "embedded"),
    [
        ({}, True),
        ({"DATABASE_URL": "postgresql://db/newsroom"}, False),
        ({"SITE_URL": "https://news.example.org"}, False),
        ({"SITE_URL": "https://news.example.org", "ALLOW_EMBEDDED_DATABASE": "1"}, True),
    ],
)
def test_the_embedded_database_serves_locally_or_when_allowed(variables: dict[str, str], embedded: bool) -> None:
    assert is_embedded_database(variables) is embedded


def test_nothing_set_is_local_mode_with_loopback_hosts_and_no_debug() -> None:
    assert start({}).stdout == "True\n"
    assert start({}, "ALLOWED_HOSTS").stdout == "['localhost', '127.0.0.1', '[::1]']\n"
    assert start({}, "DEBUG").stdout == "False\n"


def test_a_complete_public_environment_starts_with_its_security() -> None:
    assert start(PUBLIC).stdout == "False\n"
    assert start(PUBLIC, "SESSION_COOKIE_SECURE").stdout == "True\n"
    assert start(PUBLIC, "SECURE_SSL_REDIRECT").stdout == "True\n"


@pytest.mark.parametrize("missing", sorted(PUBLIC))
def test_a_public_host_without_a_required_value_refuses_in_one_line(missing: str) -> None:
    rest = {name: value for name, value in PUBLIC.items() if name != missing}
    result = start({"ALLOWED_HOSTS": "news.example.org", **rest})
    assert result.returncode != 0
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith(f"{missing} is missing")


def test_every_missing_value_has_its_line() -> None:
    lines = start({"SITE_URL": "https://news.example.org"}).stderr.splitlines()
    assert sum(" is missing: " in line for line in lines) == len(PUBLIC) - 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "news.example.org"),
        ("SITE_URL", "http://news.example.org"),
        ("SITE_URL", "https://news.example.org/path"),
        ("DATABASE_URL", "mysql://db/newsroom"),
        ("DATABASE_URL", "postgresql://db"),
        ("DATABASE_URL", "postgresql://db:port/newsroom"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_URL", "smtp://mail.example.org"),
        ("CACHE_URL", "memcached://x"),
        ("DEBUG", "perhaps"),
        ("MONTHLY_ALLOWANCE", "-1"),
        ("MONTHLY_ALLOWANCE", "five"),
        ("DEFAULT_TIER", "gold"),
        ("TRUSTED_PROXIES", "10.0.0.1"),
        ("TIME_ZONE", "Europe/Berlinn"),
        ("LANGUAGE_CODE", "tlh"),
    ],
)
def test_a_malformed_value_stops_the_start_with_one_line(name: str, value: str) -> None:
    result = start(PUBLIC | {name: value})
    assert result.returncode != 0
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith(name)


def test_a_value_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("from a file\n")
    assert Environment({"SECRET_KEY_FILE": str(secret)}).text("SECRET_KEY") == "from a file"


def test_a_file_that_is_not_there_and_a_value_given_twice_are_problems(tmp_path: Path) -> None:
    environment = Environment({"A_FILE": str(tmp_path / "none"), "B": "x", "B_FILE": str(tmp_path / "none")})
    environment.text("A")
    environment.text("B")
    with pytest.raises(EnvironmentRefused, match="A_FILE cannot be read"):
        environment.refuse_problems()
    assert any("both set" in problem for problem in environment.problems)


def test_addresses_are_taken_apart() -> None:
    database = parse_database_url("postgresql://us%40er:p%2Fw@db.example.org:6432/news%20room?sslmode=require")
    assert (database["USER"], database["PASSWORD"], database["HOST"]) == ("us@er", "p/w", "db.example.org")
    assert (database["PORT"], database["NAME"], database["OPTIONS"]) == ("6432", "news room", {"sslmode": "require"})
    mailer = parse_email_url("smtp+tls://u%40x:p@mail.example.org")
    assert mailer["OPTIONS"] == {
        "host": "mail.example.org",
        "port": 587,
        "username": "u@x",
        "password": "p",
        "timeout": 20,
        "use_tls": True,
    }
    assert parse_cache_url("redis://localhost:6379/1")["LOCATION"] == "redis://localhost:6379/1"
    assert parse_site_url("https://News.Example.org/") == "https://news.example.org"
