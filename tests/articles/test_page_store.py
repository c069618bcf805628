"""The store of a web process: what it keeps, what it forgets, and when it is not believed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from articles.page_store import Lifetime, PageStore

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOMORROW = NOON + timedelta(days=1)


def life(*keys: str, until: datetime = TOMORROW) -> Lifetime:
    return Lifetime(keys, until)


@pytest.fixture
def pages() -> PageStore:
    opened = PageStore(10_000)
    opened.open()
    return opened


def test_a_closed_store_answers_nothing_and_keeps_nothing(pages: PageStore) -> None:
    pages.put("page", "text", life("a"), size=10, stamp=pages.stamp())
    assert pages.get("page", NOON) == "text"
    pages.close()
    assert pages.get("page", NOON) is None
    pages.put("page", "text", life("a"), size=10, stamp=pages.stamp())
    pages.hear(time.monotonic())
    assert pages.get("page", NOON) is None


def test_a_store_that_has_heard_nothing_for_a_while_is_not_believed(
    pages: PageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages.put("page", "text", life("a"), size=10, stamp=pages.stamp())
    heard_at = pages._heard_at
    monkeypatch.setattr("articles.page_store.time.monotonic", lambda: heard_at + 0.9)
    assert pages.get("page", NOON) == "text"
    monkeypatch.setattr("articles.page_store.time.monotonic", lambda: heard_at + 1.1)
    assert pages.get("page", NOON) is None


def test_a_purge_takes_what_stands_under_the_key_and_nothing_else(pages: PageStore) -> None:
    for name, key in (("one", "article-1"), ("two", "article-2"), ("both", "article-1")):
        pages.put(name, name, life(key, "library"), size=10, stamp=pages.stamp())
    pages.purge(["article-1", "article-9"])
    assert [pages.get(name, NOON) for name in ("one", "two", "both")] == [None, "two", None]
    pages.purge(["everything"])
    assert pages.get("two", NOON) is None


def test_what_was_read_before_a_purge_is_not_kept_after_it(pages: PageStore) -> None:
    stamp = pages.stamp()
    pages.purge(["article-1"])
    pages.put("page", "old text", life("article-1"), size=10, stamp=stamp)
    assert pages.get("page", NOON) is None
    pages.put("page", "new text", life("article-1"), size=10, stamp=pages.stamp())
    assert pages.get("page", NOON) == "new text"


def test_a_page_ends_at_its_moment(pages: PageStore) -> None:
    pages.put("page", "text", life("a", until=NOON), size=10, stamp=pages.stamp())
    assert pages.get("page", NOON - timedelta(microseconds=1)) == "text"
    assert pages.get("page", NOON) is None
    assert pages.get("page", NOON - timedelta(seconds=1)) is None  # it is gone, whatever a clock says


def test_the_least_recently_used_page_makes_room(pages: PageStore) -> None:
    for number in range(8):
        pages.put(number, number, life("a"), size=1_250, stamp=pages.stamp())
    assert pages.get(0, NOON) == 0
    pages.put("new", "text", life("b"), size=1_250, stamp=pages.stamp())
    assert pages.get(1, NOON) is None
    assert pages.get(0, NOON) == 0
    pages.put("huge", "text", life("b"), size=1_251, stamp=pages.stamp())
    assert pages.get("huge", NOON) is None
    assert pages.get("new", NOON) == "text"
