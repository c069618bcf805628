"""Pages of lists by places: what is on each, which addresses there are, and that a deep one costs as the first does."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles import lists
from articles.models import Article, Byline, Section, TopicEntry
from articles.paging import NEWEST_FIRST, Order
from tests import make
from tests.articles.buffers import blocks_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
# A web process keeps most of it, the tests do not: what is open and to whom, for the marks, for the banner and for the
# moment at which the clock changes the page next, come to fifteen.
MOST_QUERIES = 24
# How many articles the library has whose queries are looked at; with 200000 it takes a minute.
LIBRARY = int(os.environ.get("LIBRARY_ROWS", "6000"))


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def numbers_on(text: str) -> list[int]:
    """Of the rows on a page, in their order."""
    return [int(number) for number in re.findall(r'href="/articles/n-(\d+)/"', text)]


def link(text: str, rel: str) -> str:
    """The address in the head under this name; empty where there is none."""
    found = re.search(rf'<link rel="{rel}" href="([^"]*)">', text)
    return found[1] if found else ""


def rows(count: int, moments: str, **texts: str) -> None:
    """Insert published articles n-1 … n-count by SQL, `moments` being an expression over their number n."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO articles_article (public_id, headline, slug, standfirst, teaser, teaser_word_count, word_count,
                language, tier, status, published_at, created_at, modified_at, source_digest, section_id)
            SELECT gen_random_uuid(), 'Number ' || n, 'n-' || n, '', '', 0, 900, 'en', 'premium', 'published',
                {moments}, now(), now(), '', {texts.get("section", "NULL")}
            FROM generate_series(1, %s) AS n
            """,
            [count],
        )


@pytest.fixture
def fifty(db: None) -> Section:
    """A section with fifty articles: n-1 is the newest; three of each moment."""
    section = make.section()
    rows(50, "timestamptz '2026-03-14 12:00Z' - (n / 3) * interval '1 day'", section=str(section.pk))
    return section


def in_order() -> list[int]:
    newest_first = Article.objects.filter(slug__startswith="n-").newest_first()
    return [int(slug[2:]) for slug in newest_first.values_list("slug", flat=True)]


def test_the_way_through_a_list_and_back_shows_every_article_once_and_in_order(
    stranger: Client, fifty: Section
) -> None:
    url, texts = fifty.get_absolute_url(), []
    while url:
        texts.append(page(stranger, url))
        url = link(texts[-1], "next")
    assert [len(numbers_on(text)) for text in texts] == [20, 20, 10]
    assert [number for text in texts for number in numbers_on(text)] == in_order()
    back = page(stranger, link(texts[2], "prev"))
    assert numbers_on(back) == numbers_on(texts[1])
    assert link(back, "prev") == link(texts[1], "prev")
    assert stranger.get(link(back, "prev"))["Location"] == fifty.get_absolute_url()
    assert link(texts[0], "prev") == ""


def test_a_page_deep_in_a_list_stays_what_it_was_when_articles_come_and_go(stranger: Client, fifty: Section) -> None:
    second = link(page(stranger, fifty.get_absolute_url()), "next")
    before = numbers_on(page(stranger, second))
    make.article(section=fifty)
    assert numbers_on(page(stranger, second)) == before
    last_of_first = Article.objects.get(slug=f"n-{in_order()[19]}")  # the very one that the address names
    last_of_first.delete()
    assert numbers_on(page(stranger, second)) == before


def test_the_way_back_ends_at_the_address_of_the_list(stranger: Client, fifty: Section) -> None:
    tenth = Article.objects.get(slug=f"n-{in_order()[10]}")
    near = f"{fifty.get_absolute_url()}?after={NEWEST_FIRST.write((tenth.published_at or NOON, tenth.pk))}"
    response = stranger.get(near)
    assert (response.status_code, response["Location"]) == (302, fifty.get_absolute_url())


@pytest.mark.parametrize(
    "query",
    [
        "before=",
        "before=x",
        "before=20260314T120000",
        "before=20260314T120000-",
        "before=20260314T120000-0x1",
        "before=20260314T120000-01",
        "before=20260314T120000--1",
        "before=20260314T120000-99999999999999999999",
        "before=20260314T120000.000000-1",
        "before=20260332T120000-1",
        "before=00000101T000000-1",
        "before=２０260314T120000-1",
        "before=1-20260314T120000-1",
        "before=19990101T000000-1",
        "before=99990101T000000-1",
        "before=20260314T120000-1&after=20260314T120000-1",
        "before=20260314T120000-1&before=20260314T120000-1",
        "after=x",
        "after=20260314T120000-1'--",
    ],
)
def test_a_place_that_cannot_be_is_not_found(query: str, stranger: Client, fifty: Section) -> None:
    assert stranger.get(f"{fifty.get_absolute_url()}?before=20260314T120000-1").status_code == 200
    assert stranger.get(f"{fifty.get_absolute_url()}?{query}").status_code == 404


@pytest.mark.parametrize("query", ["page=2", "page=1", "page=x", "page=99999999999", "page=2&before=x"])
def test_a_numbered_page_of_before_leads_to_the_list(query: str, stranger: Client, fifty: Section) -> None:
    response = stranger.get(f"{fifty.get_absolute_url()}?{query}")
    assert (response.status_code, response["Location"]) == (301, fifty.get_absolute_url())


def test_moments_to_the_microsecond_and_before_1970_have_their_place(stranger: Client) -> None:
    section = make.section()
    rows(45, "timestamptz '1066-10-14 12:00:00.000045Z' - n * interval '1 microsecond'", section=str(section.pk))
    first = page(stranger, section.get_absolute_url())
    assert "before=10661014T120000.000025-" in link(first, "next")
    assert numbers_on(page(stranger, link(first, "next"))) == list(range(21, 41))


def test_a_series_goes_on_with_its_next_part(stranger: Client) -> None:
    series = make.series()
    for number in range(45, 0, -1):
        make.article(series=series, series_part=number, slug=f"n-{number}", body="<p>Short.</p>")
    unnumbered = make.article(series=series, slug="n-46", body="<p>Short.</p>", published_at=NOON)
    assert unnumbered.series_part is None
    first = page(stranger, series.get_absolute_url())
    second = page(stranger, link(first, "next"))
    third = page(stranger, link(second, "next"))
    assert [numbers_on(text) for text in (first, second, third)] == [
        list(range(1, 21)),
        list(range(21, 41)),
        list(range(41, 47)),
    ]
    assert numbers_on(page(stranger, link(third, "prev"))) == list(range(21, 41))


def test_writing_and_reading_a_place_is_the_same() -> None:
    order = Order(("part", "published_at", "pk"), (int, datetime, int), is_descending=False)
    for place in [
        (1, NOON, 7),
        (0, NOON + timedelta(microseconds=5), 2**63 - 1),
        (40, datetime(1001, 1, 1, tzinfo=UTC), 0),
    ]:
        assert order.read(order.write(place)) == place


# --- what it costs --------------------------------------------------------------------------------------------------


def classify(cursor: Any, topic: int, author: int, old_topic: int, old_author: int, series: int) -> None:
    """Give the rows of the library their topics, authors and series, by the first id of each."""
    article = "SELECT id, substr(slug, 3)::int AS n FROM articles_article"
    old = LIBRARY * 19 // 20
    cursor.execute(
        f"INSERT INTO articles_article_topics (article_id, topic_id) SELECT id, %s + (n * 7 + k * 5) %% 12"
        f" FROM ({article}) AS a, generate_series(0, 2) AS k",
        [topic],
    )
    cursor.execute(
        f"INSERT INTO articles_byline (article_id, author_id, position) SELECT id, CASE WHEN n > %s THEN %s"
        f" ELSE %s + n %% 9 END, 0 FROM ({article}) AS a",
        [old, old_author, author],
    )
    cursor.execute(
        f"INSERT INTO articles_article_topics (article_id, topic_id) SELECT id, %s FROM ({article}) AS a WHERE n > %s",
        [old_topic, old],
    )
    cursor.execute(
        "UPDATE articles_article SET series_id = %s, series_part = (%s - substr(slug, 3)::int) / 12 + 1"
        " WHERE substr(slug, 3)::int %% 12 = 0",
        [series, LIBRARY],
    )
    cursor.execute("ANALYZE articles_article, articles_article_topics, articles_byline")


@pytest.fixture
def large(db: None) -> dict[str, lists.Listing]:
    """A library of some thousand articles in four sections, twelve topics and nine authors; one topic and one author
    that all but the oldest twentieth is without; every twelfth article is a part of one series. By name the listings of
    each kind.
    """
    for number in range(4):
        make.section(f"Section {number}")
    topics = [make.topic(f"Topic {number}") for number in range(12)]
    authors = [make.author(f"Author {number}") for number in range(9)]
    series = make.series()
    old_topic, old_author = make.topic("Old"), make.author("Old")
    first = Section.objects.order_by("pk")[0]
    rows(LIBRARY, "timestamptz '2026-03-14 12:00Z' - n * interval '11 minutes'", section=f"{first.pk} + n %% 4")
    with connection.cursor() as cursor:
        classify(cursor, topics[0].pk, authors[0].pk, old_topic.pk, old_author.pk, series.pk)
    now = timezone.now()
    return {
        "section": lists.listing_of(first, now),
        "topic": lists.listing_of(topics[3], now),
        "author": lists.listing_of(authors[3], now),
        "topic of old": lists.listing_of(old_topic, now),
        "author of old": lists.listing_of(old_author, now),
        "series": lists.listing_of(series, now),
        "month": lists.month_listing(lists.Month(datetime(2026, 2, 1).date(), 1), now),  # noqa: DTZ001
    }


def buffers(listing: lists.Listing, query: str = "") -> int:
    """How many blocks of 8 KB the queries of one page look at."""
    request = RequestFactory().get("/list/", query_params={"before": query} if query else {})
    with CaptureQueriesContext(connection) as queries:
        assert len(listing.page(request).rows) == 20
    return blocks_of(queries)


def deep_place(listing: lists.Listing) -> str:
    """So far down that a page is left below."""
    below = listing.count() - 25
    return listing.order.write(listing.order.places(listing.rows)[below])


def test_a_page_deep_in_a_list_looks_at_no_more_than_the_first(large: dict[str, lists.Listing]) -> None:
    looked = {name: (buffers(listing), buffers(listing, deep_place(listing))) for name, listing in large.items()}
    if "LIBRARY_ROWS" in os.environ:
        print(looked)
    assert {name: both for name, both in looked.items() if both[1] > both[0] * 1.5} == {}
    # At most 57 where no test wrote before; rows that others took back lie between these. To read all takes over 150.
    assert max(first for first, _deep in looked.values()) <= 100
    assert list(large) == ["section", "topic", "author", "topic of old", "author of old", "series", "month"]


def test_every_page_of_a_list_costs_as_many_queries_as_any_other(
    stranger: Client, fifty: Section, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    author, topic = make.author(portrait=make.photo()), make.topic()
    for article in Article.objects.all():
        Byline.objects.create(article=article, author=author)
        article.topics.add(topic)
    month = "/archive/2026/03/"
    costs = {}
    for url in [fifty.get_absolute_url(), author.get_absolute_url(), topic.get_absolute_url(), month]:
        second = link(page(stranger, url), "next")
        for name, address in {"first": url, "second": second, "third": link(page(stranger, second), "next")}.items():
            with CaptureQueriesContext(connection) as queries:
                page(stranger, address)
            costs[url, name] = len(queries)
    assert max(costs.values()) <= MOST_QUERIES, costs
    for url in {url for url, _name in costs}:
        assert costs[url, "second"] == costs[url, "third"] == costs[url, "first"]


@pytest.mark.parametrize("table", [Byline, TopicEntry])
def test_what_a_list_is_ordered_by_follows_the_article_wherever_it_is_changed(
    table: type[Byline | TopicEntry],
) -> None:
    article = make.article(authors=[make.author()], topics=[make.topic()], published_at=NOON)
    draft = make.article(authors=[make.author()], topics=[make.topic()], status="draft", published_at=NOON)
    moments = table.objects.order_by("article_id").values_list("out_at", flat=True)
    assert list(moments.all()) == [NOON, None]
    Article.objects.filter(pk=draft.pk).update(status="published")
    assert list(moments.all()) == [NOON, NOON]
    Article.objects.update(published_at=NOON + timedelta(hours=1))
    assert list(moments.all()) == [NOON + timedelta(hours=1)] * 2
    Article.objects.filter(pk=article.pk).update(status="withdrawn")
    assert list(moments.all()) == [None, NOON + timedelta(hours=1)]
    with connection.cursor() as cursor:  # nobody sets it but the trigger
        cursor.execute(f"UPDATE {table._meta.db_table} SET out_at = '2020-01-01'")
    assert list(moments.all()) == [None, NOON + timedelta(hours=1)]


def test_an_article_that_comes_after_its_byline_in_one_transaction_is_in_the_list(stranger: Client) -> None:
    author = make.author()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('articles_article', 'id')) + 1")
        ((coming,),) = cursor.fetchall()
        cursor.execute(
            "INSERT INTO articles_byline (article_id, author_id, position) VALUES (%s, %s, 0)", [coming, author.pk]
        )
    rows(1, "timestamptz '2026-03-14 12:00Z'")
    assert Byline.objects.get().article.slug == "n-1"
    assert numbers_on(page(stranger, author.get_absolute_url())) == [1]
