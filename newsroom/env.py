"""Typed readers of the process environment. Nothing here knows Django: a problem is collected, not raised, so that all
of them are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import available_timezones

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off"}
CACHE_BACKENDS = {
    "db": "django.core.cache.backends.db.DatabaseCache",
    "redis": "django.core.cache.backends.redis.RedisCache",
    "rediss": "django.core.cache.backends.redis.RedisCache",
}
# Django drops rows beyond 300 by default, and with them counts of tries that somebody wants forgotten.
MOST_CACHE_ROWS = 1_000_000
# A machine that vanishes says no goodbye. Without these a request would wait for it for minutes: new connections are
# given up after 3 seconds, statements that nobody acknowledges after 10 (in milliseconds), and an idle connection, or
# one that waits for its answer, is asked after 5 seconds and every 2. libpq heeds all but the first over TCP alone.
DATABASE_LIMITS = {
    "connect_timeout": "3",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
SMTP_SECURITY = {"smtp": {}, "smtp+tls": {"use_tls": True}, "smtp+ssl": {"use_ssl": True}}
SMTP_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}


class EnvironmentRefused(Exception):
    """One or more variables are missing or malformed; the message has one line for each."""


@dataclass(slots=True)
class Environment:
    """Reads variables by type. Each may also be given as NAME_FILE, the path of a file that holds the value.

    A malformed value is noted in `problems` and answered with the default, so that `refuse_problems()` can name all
    of them.
    """

    variables: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        path = self.variables.get(f"{name}_FILE")
        if not path:
            return self.variables.get(name, default).strip()
        if name in self.variables:
            self.problems.append(f"{name} and {name}_FILE are both set: keep one")
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{name}_FILE cannot be read: {error}")
            return default

    def has(self, name: str) -> bool:
        return bool(self.text(name))

    def required(self, name: str, why: str) -> str:
        value = self.text(name)
        if not value:
            self.problems.append(f"{name} is missing: {why}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        word = self.text(name).lower()
        if not word:
            return default
        if word not in TRUE_WORDS | FALSE_WORDS:
            self.problems.append(f"{name} must be 1 or 0, not {word!r}")
        return word in TRUE_WORDS

    def integer(self, name: str, default: int, *, least: int = 0, most: int = 1_000_000) -> int:
        raw = self.text(name)
        if not raw:
            return default
        if raw.isascii() and raw.isdigit() and least <= int(raw) <= most:
            return int(raw)
        self.problems.append(f"{name} must be a whole number from {least} to {most}, not {raw!r}")
        return default

    def choice(self, name: str, options: tuple[str, ...], default: str) -> str:
        value = self.text(name) or default
        if value in options:
            return value
        self.problems.append(f"{name} must be one of {', '.join(options)}, not {value!r}")
        return default

    def listed(self, name: str) -> list[str]:
        """The items of a comma-separated value, without blanks."""
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def required_list(self, name: str, why: str) -> list[str]:
        """As `listed`, and missing also if there is nothing between the commas."""
        items = self.listed(name)
        if not items:
            self.problems.append(f"{name} is missing: {why}")
        return items

    def parsed[T](self, name: str, default: str, parse: Callable[[str], T]) -> T:
        """The value run through `parse`, which raises ValueError with a sentence that says what is expected."""
        raw = self.text(name)
        try:
            return parse(raw or default)
        except ValueError as error:
            self.problems.append(f"{name} is malformed: {error}")
            return parse(default)

    def refuse_problems(self) -> None:
        """Raise EnvironmentRefused if anything read so far was missing or malformed."""
        if self.problems:
            raise EnvironmentRefused("\n".join(self.problems))


def split_url(raw: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    parts = urlsplit(raw)
    if parts.scheme not in schemes:
        raise ValueError(f"expected something like {example}")
    _ = parts.port  # raises ValueError for a port that is no number
    return parts


def parse_site_url(raw: str) -> str:
    """An origin without a path: https://news.example.org or http://localhost:8000."""
    parts = split_url(raw.rstrip("/"), ("http", "https"), "https://news.example.org")
    if not parts.hostname or parts.path or parts.query or parts.username:
        raise ValueError("expected an origin without a path, like https://news.example.org")
    return f"{parts.scheme}://{parts.netloc}".lower()


def parse_origin(raw: str) -> str:
    """An origin without a path: https://api.example.org, or plain http:// on this machine alone."""
    parts = split_url(raw.rstrip("/"), ("http", "https"), "https://api.example.org")
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("expected an origin without a path, like https://api.example.org")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("plain http:// is for this machine alone; use https://")
    return f"{parts.scheme}://{parts.netloc}".lower()


def parse_contact(raw: str) -> str:
    """Where security reports go: mailto:security@example.org or an https:// page; empty for none."""
    if raw and "@" in raw and ":" not in raw:
        raw = f"mailto:{raw}"
    if raw and not (raw.startswith("mailto:") and "@" in raw):
        split_url(raw, ("https",), "mailto:security@example.org or https://example.org/security")
    return _one_line(raw)


def parse_policy_url(raw: str) -> str:
    """The address of a page; empty for none."""
    if raw:
        split_url(raw, ("https",), "https://example.org/security-policy")
    return _one_line(raw)


def _one_line(raw: str) -> str:
    if any(character.isspace() for character in raw):
        raise ValueError("expected an address without blanks")
    return raw


def parse_hook_url(raw: str) -> str:
    """An address that is called with a secret: https://…, plain http:// on this machine alone; empty for none."""
    if not raw:
        return ""
    parts = split_url(raw, ("http", "https"), "https://cdn.example.org/purge")
    if not parts.hostname or parts.username is not None:
        raise ValueError("expected something like https://cdn.example.org/purge")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("plain http:// is for this machine alone; use https://")
    return raw


def parse_header(raw: str) -> str:
    """A header with its value, such as `Fastly-Key: secret`; empty for none."""
    name, separator, value = raw.partition(":")
    if raw and not (separator and name.strip().replace("-", "").isalnum() and value.strip().isprintable()):
        raise ValueError("expected a header, like Fastly-Key: secret")
    return raw


def parse_database_url(raw: str) -> dict[str, Any]:
    """postgresql://user:password@host:port/name?sslmode=require as Django's DATABASES entry. What the query says of
    libpq's parameters comes before DATABASE_LIMITS.
    """
    parts = split_url(raw, ("postgres", "postgresql"), "postgresql://user:password@host:5432/newsroom")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ValueError("expected the name of the database at its end, like postgresql://user@host/newsroom")
    options = DATABASE_LIMITS | dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def parse_cache_url(raw: str) -> dict[str, Any]:
    """db://table or redis://host:6379/1. Never local memory: limits must hold across processes."""
    parts = split_url(raw, tuple(CACHE_BACKENDS), "db://site_cache or redis://localhost:6379/1")
    location = parts.netloc if parts.scheme == "db" else raw
    if not location:
        raise ValueError("expected a table or a host, like db://site_cache")
    entry: dict[str, Any] = {"BACKEND": CACHE_BACKENDS[parts.scheme], "LOCATION": location}
    if parts.scheme == "db":
        entry["OPTIONS"] = {"MAX_ENTRIES": MOST_CACHE_ROWS}
    return entry


def parse_email_url(raw: str) -> dict[str, Any]:
    """smtp+tls://user:password@host:587, smtp+ssl://…, smtp://… or file:///folder as an entry of Django's MAILERS."""
    parts = split_url(raw, (*SMTP_SECURITY, "file"), "smtp+tls://user:password@mail.example.org:587")
    if parts.scheme == "file":
        if not parts.path:
            raise ValueError("expected a folder, like file:///var/mail/newsroom")
        return {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": unquote(parts.path)},
        }
    if not parts.hostname:
        raise ValueError("expected a host, like smtp+tls://user:password@mail.example.org:587")
    if parts.scheme == "smtp" and not is_loopback(parts.hostname):
        raise ValueError("plain smtp:// is for a relay on this machine; use smtp+tls:// or smtp+ssl://")
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": parts.port or SMTP_PORTS[parts.scheme],
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "timeout": 20,
            **SMTP_SECURITY[parts.scheme],
        },
    }


def parse_time_zone(raw: str) -> str:
    """The name of a time zone, such as Europe/Berlin."""
    if raw not in available_timezones():
        raise ValueError("expected the name of a time zone, like Europe/Berlin")
    return raw


def is_loopback(host: str) -> bool:
    return host in LOOPBACK_HOSTS or host == "::1"


def is_local_mode(environment: Environment) -> bool:
    """Whether every host that the environment names is this machine's own: nothing set at all is local, a public host
    is not.
    """
    site_host = urlsplit(environment.text("SITE_URL")).hostname
    hosts = [*environment.listed("ALLOWED_HOSTS"), *([site_host] if site_host else [])]
    return all(is_loopback(host) for host in hosts)


def is_embedded_database(variables: Mapping[str, str]) -> bool:
    """Whether the PostgreSQL that comes with the project serves: no DATABASE_URL, and local mode or
    ALLOW_EMBEDDED_DATABASE=1.
    """
    environment = Environment(variables)
    if environment.has("DATABASE_URL"):
        return False
    return is_local_mode(environment) or environment.flag("ALLOW_EMBEDDED_DATABASE")
