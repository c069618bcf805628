"""House rules that are worth a test: sizes, names of migrations, and that every address is either public by list or
guarded.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from hypothesis import settings as hypothesis_settings

from accounts.models import User
from paywall.feed_keys import FeedKey
from paywall.ways_in import gifts, mail_links
from tests import make

PROJECT = Path(__file__).resolve().parent.parent
APPS = ["newsroom", "newsletters", "paywall", "articles", "subscriptions", "accounts"]
PACKAGES = [*APPS, "stripe_sandbox"]
MODULE_LINES = 400
FUNCTION_LINES = 40

# Pages that anybody may open. Whatever is not here must turn a stranger away.
PUBLIC = {
    "articles:front",
    "articles:article",
    "articles:section-index",
    "articles:topic-index",
    "articles:author-index",
    "articles:series-index",
    "articles:section",
    "articles:section-feed",
    "articles:section-feed-atom",
    "articles:section-feed-json",
    "articles:topic",
    "articles:topic-feed",
    "articles:topic-feed-atom",
    "articles:topic-feed-json",
    "articles:author",
    "articles:author-feed",
    "articles:author-feed-atom",
    "articles:author-feed-json",
    "articles:series",
    "articles:series-feed",
    "articles:series-feed-atom",
    "articles:series-feed-json",
    "articles:archive",
    "articles:archive-year",
    "articles:archive-month",
    "articles:archive-feed",
    "articles:archive-feed-atom",
    "articles:archive-feed-json",
    "articles:corrections",
    "articles:house-page",
    "articles:page",
    "paywall:search",
    "articles:feeds",
    "articles:feed-rss",
    "articles:feed-atom",
    "articles:feed-json",
    "articles:sitemap",
    "articles:sitemap-part",
    "articles:sitemap-news",
    "paywall:plans",
    "paywall:buy",
    "paywall:gift-shop",
    "subscriptions:gift-redeem",
    "paywall:leave",
    "paywall:anonymous-read",
    "paywall:access",
    "paywall:institution-access",
    "newsletters:mail-stop",
    "subscriptions:start",
    "subscriptions:leaving",
    "healthz",
    "readyz",
    "robots",
    "security-txt",
    "security-txt-short",
    "favicon",
    "demo-inbox",
    "demo-inbox-html",
    "media",
    "account_login",
    "account_signup",
    "account_request_login_code",
    "account_confirm_login_code",
    "account_inactive",
    "account_reset_password",
    "account_confirm_password_reset_code",
    "account_complete_password_reset",
    "account_password_reset_completed",
    "account_email_verification_sent",
    "account_logout",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "admin:login",
    "admin:jsi18n",
}
SAMPLES = {
    "slug": "sample",
    "year": "2026",
    "month": "11",
    "name": "articles",
    "path": "nothing.webp",
    "pk": 1,
    "object_id": "1",
}


def python_files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in (PROJECT / package).rglob("*.py") if "migrations" not in path.parts)
    yield from (PROJECT / "tests").rglob("*.py")


def named_patterns(resolver: URLResolver, namespaces: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from named_patterns(entry, inner)
        else:
            yield ":".join((*namespaces, entry.name or "(no name)")), entry


def address_of(name: str, pattern: URLPattern) -> str | None:
    arguments = {key: SAMPLES.get(key, "1") for key in pattern.pattern.converters} | {
        key: SAMPLES.get(key, "1") for key in getattr(pattern.pattern, "regex", re.compile("")).groupindex
    }
    try:
        return reverse(name, kwargs=arguments)
    except NoReverseMatch:
        return None


def sizes(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    lines = source.count("\n")
    if lines > MODULE_LINES:
        yield f"{path.relative_to(PROJECT)}: {lines} lines"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{path.relative_to(PROJECT)}: {node.name} has {length} lines"


def test_modules_and_functions_keep_to_the_house_sizes() -> None:
    assert [message for path in python_files() for message in sizes(path)] == []


def test_a_slow_machine_fails_no_test() -> None:
    assert hypothesis_settings().deadline is None


def test_migrations_are_named_for_what_they_do() -> None:
    for app in APPS:
        for path in (Path(apps.get_app_config(app).path) / "migrations").glob("[0-9]*.py"):
            assert re.fullmatch(r"\d{4}_(create|add|drop|rename|fill|alter)_[a-z_]+", path.stem), path


@pytest.mark.django_db
def test_every_address_is_public_by_list_or_turns_a_stranger_away() -> None:
    make.article(slug="sample")
    open_doors = []
    for name, pattern in named_patterns(get_resolver()):
        address = address_of(name, pattern)
        if name in PUBLIC or address is None:
            continue
        response = Client().get(address)
        goes_on = response.status_code in (301, 302) and "/account/login/" not in response["Location"]
        if response.status_code == 200 or (goes_on and not address.startswith("/admin/")):
            open_doors.append((name, address, response.status_code))
    assert open_doors == []


@pytest.mark.django_db
def test_only_the_article_view_what_is_lent_and_ones_own_feed_render_an_article(
    subscriber: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = FeedKey.objects.make_for(int(subscriber.session["_auth_user_id"]), timezone.now())
    monkeypatch.setitem(SAMPLES, "token", token)
    section, topic, author, series = (
        make.section("Sample"),
        make.topic("Sample"),
        make.author("Sample"),
        make.series("Sample"),
    )
    article = make.article(
        slug="sample", section=section, topics=[topic], authors=[author], series=series, published_at=timezone.now()
    )
    now, reader_id = timezone.now(), int(subscriber.session["_auth_user_id"])
    monkeypatch.setitem(SAMPLES, "gift_token", gifts.give(User.objects.get(pk=reader_id), article, now).token)
    (mail_url,) = mail_links.urls_for(reader_id, [article], now).values()
    monkeypatch.setitem(SAMPLES, "mail_token", mail_url.rstrip("/").rpartition("/")[2])
    rendered_by = set()
    for name, pattern in named_patterns(get_resolver()):
        address = address_of(name, pattern)
        if address is None:
            continue
        # What was lent opens for who has nothing else; who subscribes is led to the article.
        is_lent = bool({"gift_token", "mail_token"} & set(pattern.pattern.converters))
        response = (Client() if is_lent else subscriber).get(address)
        templates = {template.name for template in getattr(response, "templates", [])}
        if "articles/article.html" in templates or article.sentinel in getattr(response, "content", b"").decode(
            "utf-8", "replace"
        ):
            rendered_by.add(name)
    own_feed = {"paywall:private-feed-rss", "paywall:private-feed-json"}
    assert rendered_by == {"articles:article", "paywall:gift", "paywall:mail-link", *own_feed}


def attacks_of_the_table() -> set[str]:
    """The ids in the first column of the table of attacks in docs/security.md."""
    text = (PROJECT / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.split("## Attacks and their tests", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| ([A-Z]\d\d) \|", table, re.MULTILINE))


def attacks_of_the_tests() -> dict[str, set[str]]:
    """For each id the test files that name it by a marker."""
    named: dict[str, set[str]] = {}
    for path in (PROJECT / "tests").rglob("test_*.py"):
        for row in re.findall(r'@pytest\.mark\.attack\("(\w+)"\)', path.read_text(encoding="utf-8")):
            named.setdefault(row, set()).add(f"{path.relative_to(PROJECT)}")
    return named


def test_every_attack_of_the_table_has_a_test_and_every_marker_a_row() -> None:
    assert attacks_of_the_table() == set(attacks_of_the_tests())


def test_the_table_of_attacks_names_the_files_that_test_them() -> None:
    text = (PROJECT / "docs" / "security.md").read_text(encoding="utf-8")
    for row, files in attacks_of_the_tests().items():
        line = next(line for line in text.splitlines() if line.startswith(f"| {row} |"))
        for file in files:
            assert file.removeprefix("tests/").removesuffix(".py") in line, (row, file)
