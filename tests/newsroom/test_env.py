"""The environment: local mode by default, clear refusals on a public host, typed readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from newsroom.env import (
    Environment,
    EnvironmentRefused,
    is_embedded_database,
    is_local_mode,
    parse_cache_url,
    parse_database_url,
    parse_email_url,
    parse_origin,
    parse_site_url,
)
from newsroom.stripe_account import STRIPE_API, StripeAccount, refusal, sandbox_url
from tests.newsroom.fresh_settings import load_settings

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


STAND_IN = {"STRIPE_SECRET_KEY": "sk_test_sandbox_x", "STRIPE_API_BASE": "http://127.0.0.1:12111"}
TEST_KEYS = {"STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}


def shown(variables: dict[str, str], *names: str) -> list[Any]:
    """Some settings under this environment."""
    result = load_settings(variables, *names)
    assert result.returncode == 0, result.stderr
    values: list[Any] = json.loads(result.stdout)
    return values


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
    hosts = ["localhost", "127.0.0.1", "[::1]"]
    assert shown({}, "LOCAL_MODE", "ALLOWED_HOSTS", "DEBUG") == [True, hosts, False]


def test_a_complete_public_environment_starts_with_its_security() -> None:
    assert shown(PUBLIC, "LOCAL_MODE", "SESSION_COOKIE_SECURE", "SECURE_SSL_REDIRECT") == [False, True, True]


@pytest.mark.parametrize("missing", sorted(PUBLIC))
def test_a_public_host_without_a_required_value_refuses_in_one_line(missing: str) -> None:
    rest = {name: value for name, value in PUBLIC.items() if name != missing}
    result = load_settings({"ALLOWED_HOSTS": "news.example.org", **rest})
    assert result.returncode != 0
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith(f"{missing} is missing")


def test_every_missing_value_has_its_line() -> None:
    lines = load_settings({"SITE_URL": "https://news.example.org"}).stderr.splitlines()
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
        ("GRACE_DAYS", "91"),
        ("RENEWAL_SLACK", "3 days"),
        ("FIRST_PAYMENT_GRACE", "-1"),
        ("REFUND_SECOND_SUBSCRIPTION", "perhaps"),
        ("TRIAL_NOTICE_DAYS", "6"),
        ("PAUSE_MONTHS", "13"),
        ("STRIPE_API_BASE", "api.stripe.com"),
        ("STRIPE_API_BASE", "http://api.stripe.com"),
        ("STRIPE_API_BASE", "https://api.stripe.com/v1"),
    ],
)
def test_a_malformed_value_stops_the_start_with_one_line(name: str, value: str) -> None:
    result = load_settings(PUBLIC | {name: value})
    assert result.returncode != 0
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith(name)


def test_local_mode_without_a_key_has_a_stand_in_ten_thousand_ports_away() -> None:
    names = ("HAS_STRIPE_SANDBOX", "STRIPE_API_BASE", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS", "STRIPE_LIVEMODE")
    has_sandbox, base, key, (webhook_secret,), is_live = shown({"PORT": "8123"}, *names)
    assert (has_sandbox, base, is_live) == (True, "http://127.0.0.1:18123", False)
    assert key.startswith("sk_test_sandbox_")
    assert len(key) > 60
    assert webhook_secret.startswith("whsec_")
    assert webhook_secret.removeprefix("whsec_") not in key
    assert shown({}, *names)[2:4] == [key, [webhook_secret]]
    assert sandbox_url(55535) == "http://127.0.0.1:65535"
    assert sandbox_url(55536) == "http://127.0.0.1:45536"


def test_real_test_keys_in_local_mode_lead_to_stripe_itself() -> None:
    names = ("LOCAL_MODE", "HAS_STRIPE_SANDBOX", "STRIPE_API_BASE", "STRIPE_SECRET_KEY", "STRIPE_APP")
    assert shown(TEST_KEYS, *names) == [True, False, STRIPE_API, "sk_test_x", "localhost"]
    assert shown(PUBLIC, *names) == [False, False, STRIPE_API, "sk_test_x", "news.example.org"]


@pytest.mark.parametrize(("key", "live"), [("sk_live_x", True), ("rk_live_x", True), ("rk_test_x", False)])
def test_the_key_says_whether_money_moves(key: str, live: bool) -> None:
    assert shown(PUBLIC | {"STRIPE_SECRET_KEY": key}, "STRIPE_LIVEMODE") == [live]


def test_the_rules_of_payment_have_their_defaults_and_can_be_set() -> None:
    names = ("GRACE_DAYS", "RENEWAL_SLACK", "FIRST_PAYMENT_GRACE", "REFUND_SECOND_SUBSCRIPTION")
    assert shown(dict.fromkeys(names, ""), *names) == [7, 72, 0, True]
    assert shown(dict(zip(names, ["0", "24", "2", "off"], strict=True)), *names) == [0, 24, 2, False]


def test_several_webhook_secrets_serve_while_one_is_replaced() -> None:
    variables = PUBLIC | {"STRIPE_WEBHOOK_SECRET": " whsec_new,, whsec_old ,"}
    assert shown(variables, "STRIPE_WEBHOOK_SECRETS") == [["whsec_new", "whsec_old"]]


@pytest.mark.parametrize(
    ("variables", "pages"),
    [
        ({}, "http://127.0.0.1:18000"),
        (TEST_KEYS, "https://checkout.stripe.com https://billing.stripe.com"),
        (TEST_KEYS | STAND_IN, "http://127.0.0.1:12111"),
        (PUBLIC, "https://checkout.stripe.com https://billing.stripe.com"),
    ],
)
def test_forms_lead_to_this_site_and_its_card_pages_alone(variables: dict[str, str], pages: str) -> None:
    (policy,) = shown(variables, "SECURE_CSP")
    assert " ".join(policy["form-action"]) == f"'self' {pages}"


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"STRIPE_SECRET_KEY": "sk_test_x"}, "STRIPE_WEBHOOK_SECRET is missing: "),
        ({"STRIPE_API_BASE": "http://127.0.0.1:12111", "STRIPE_WEBHOOK_SECRET": "x"}, "STRIPE_SECRET_KEY is missing: "),
        (TEST_KEYS | {"STRIPE_SECRET_KEY": "sk_live_x"}, "STRIPE_SECRET_KEY is a live key, and this is local mode"),
        (TEST_KEYS | {"STRIPE_SECRET_KEY": "rk_live_x"}, "STRIPE_SECRET_KEY is a live key, and this is local mode"),
        (TEST_KEYS | {"STRIPE_SECRET_KEY": "sk_test_sandbox_x"}, "STRIPE_API_BASE is missing: "),
        (PUBLIC | {"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET is missing: "),
        (PUBLIC | {"STRIPE_WEBHOOK_SECRET": " , ,"}, "STRIPE_WEBHOOK_SECRET is missing: "),
        (PUBLIC | {"STRIPE_SECRET_KEY": "pk_live_x"}, "STRIPE_SECRET_KEY is no secret key: "),
        (PUBLIC | {"STRIPE_SECRET_KEY": "sk_test_ x"}, "STRIPE_SECRET_KEY is no secret key: "),
        (PUBLIC | {"STRIPE_SECRET_KEY": "sk_test_sandbox_x"}, "STRIPE_SECRET_KEY is a key of the stand-in"),
        (PUBLIC | STAND_IN, "STRIPE_SECRET_KEY is a key of the stand-in"),
        (PUBLIC | {"STRIPE_API_BASE": "http://127.0.0.1:12111"}, f"STRIPE_API_BASE must be {STRIPE_API} on a public"),
        (PUBLIC | {"STRIPE_API_BASE": "https://stripe.example"}, f"STRIPE_API_BASE must be {STRIPE_API} on a public"),
        (
            PUBLIC | STAND_IN | {"ALLOW_STRIPE_SANDBOX": "1", "STRIPE_SECRET_KEY": "sk_live_x"},
            f"STRIPE_API_BASE must be {STRIPE_API} with a live key",
        ),
    ],
)
def test_an_account_that_must_not_serve_is_refused_in_one_line(variables: dict[str, str], line: str) -> None:
    result = load_settings(variables)
    assert result.returncode != 0
    (told,) = result.stderr.strip().splitlines()
    assert told.startswith(line)
    assert variables.get("STRIPE_SECRET_KEY", "no key") not in told


def test_the_stand_in_serves_a_public_host_for_a_trial_only_when_allowed() -> None:
    variables = PUBLIC | STAND_IN | {"ALLOW_STRIPE_SANDBOX": "1"}
    assert shown(variables, "STRIPE_API_BASE", "HAS_STRIPE_SANDBOX") == ["http://127.0.0.1:12111", False]


def test_stripe_itself_may_serve_everywhere_with_a_key_of_its_own() -> None:
    test = StripeAccount("sk_test_x", ["whsec_x"], STRIPE_API)
    live = StripeAccount("sk_live_x", ["whsec_x"], STRIPE_API)
    assert [refusal(test, is_local=local, may_stand_in=local) for local in (True, False)] == ["", ""]
    assert refusal(live, is_local=False, may_stand_in=False) == ""


@pytest.mark.parametrize(
    "raw", ["https://api.stripe.com/", "http://127.0.0.1:18000", "http://[::1]:1", "http://localhost"]
)
def test_an_origin_is_https_or_of_this_machine(raw: str) -> None:
    assert parse_origin(raw) == raw.rstrip("/")


@pytest.mark.parametrize(
    "raw", ["http://stripe.example", "https://a@b.example", "https://x/?y", "https://x/#y", "ftp://x", "", "https://"]
)
def test_what_is_no_origin_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"expected|plain http"):
        parse_origin(raw)


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


def test_a_database_machine_that_vanishes_is_given_up_soon_unless_the_address_says_otherwise() -> None:
    options = parse_database_url("postgresql://u@db.example.org/newsroom")["OPTIONS"]
    assert int(options["connect_timeout"]) == 3  # seconds
    assert int(options["tcp_user_timeout"]) == 10_000  # milliseconds
    asked_for = int(options["keepalives_idle"]) + int(options["keepalives_interval"]) * int(options["keepalives_count"])
    assert asked_for <= 11  # seconds without an answer until a connection that waits is dead
    own = parse_database_url("postgresql://u@db.example.org/newsroom?connect_timeout=20&tcp_user_timeout=0")["OPTIONS"]
    assert own == {**options, "connect_timeout": "20", "tcp_user_timeout": "0"}


def test_addresses_are_taken_apart() -> None:
    database = parse_database_url("postgresql://us%40er:p%2Fw@db.example.org:6432/news%20room?sslmode=require")
    assert (database["USER"], database["PASSWORD"], database["HOST"]) == ("us@er", "p/w", "db.example.org")
    assert (database["PORT"], database["NAME"], database["OPTIONS"]["sslmode"]) == ("6432", "news room", "require")
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


# --- What stands beside the code --------------------------------------------------------------------------------------

FOR_EVERY_PROCESS = ("MEDIA_ROOT", "STATIC_ROOT")


def test_what_commands_by_hand_need_too_stands_in_the_environment_and_not_in_a_unit() -> None:
    example = (PROJECT / ".env.example").read_text().splitlines()
    for name in FOR_EVERY_PROCESS:
        assert any(line.startswith(f"{name}=/") for line in example)
    units = sorted((PROJECT / "deploy").glob("*.service"))
    assert len(units) == 2
    for unit in units:
        assert not any(f"{name}=" in unit.read_text() for name in FOR_EVERY_PROCESS), unit.name


def test_the_web_unit_lets_the_metrics_be_written_where_they_are_counted() -> None:
    unit = (PROJECT / "deploy" / "newsroom-web.service").read_text().splitlines()
    (own,) = [line.removeprefix("RuntimeDirectory=") for line in unit if line.startswith("RuntimeDirectory=")]
    (variables,) = [line.removeprefix("Environment=") for line in unit if line.startswith("Environment=")]
    assert f"METRICS_DIR=/run/{own}" in variables.split()
    assert shown(PUBLIC | {"METRICS_DIR": f"/run/{own}"}, "METRICS_DIR") == [f"/run/{own}"]
