"""What an article leads on to: the parts of its series, and the library by its topics."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models import Article
from articles.related import RELATED, WINDOW, place_in_series, related_articles
from tests import make
from tests.articles.buffers import blocks_of

pytestmark = pytest.mark.django_db


def article(days_ago: float, *topics: str, **fields: Any) -> Article:
    """In a section of its own, unless it says one."""
    published_at = timezone.now() - timedelta(days=days_ago)
    fields.setdefault("section", make.section(f"Section {days_ago}"))
    return make.article(published_at=published_at, topics=[make.topic(name) for name in topics], **fields)


def test_what_shares_most_topics_comes_first_then_the_newest() -> None:
    this = article(1, "Ports", "Rivers", "Grain")
    both = article(30, "Ports", "Rivers")
    newer, older = article(5, "Ports"), article(9, "Grain")
    article(2, "Elections")
    assert related_articles(this) == [both, newer, older]


def test_the_section_fills_what_topics_leave_and_the_newest_of_all_what_the_section_leaves() -> None:
    section = make.section()
    this = article(1, "Ports", section=section)
    shares, same = article(50, "Ports"), article(60, section=section)
    elsewhere = article(70)
    assert related_articles(this) == [shares, same, elsewhere]


def test_one_comes_from_the_library_where_there_is_one() -> None:
    this = article(1, "Ports")
    young = [article(number, "Ports") for number in range(2, 12)]
    assert related_articles(this) == young[:3]
    old = article(800, "Ports")
    article(900, "Ports")
    assert related_articles(this) == [*young[:2], old]


def test_it_names_neither_itself_nor_its_series_nor_what_is_not_out() -> None:
    series = make.series()
    this = article(5, "Ports", series=series, series_part=1)
    other_part = article(4, "Ports", series=series, series_part=2)
    article(-1, "Ports")
    article(2, "Ports", status="withdrawn")
    article(2.5, "Ports", status="draft")
    found = article(3, "Ports")
    place = place_in_series(this)
    assert place is not None
    assert related_articles(this, without=place.ids) == [found]
    assert other_part not in related_articles(this, without=[other_part.pk])


def test_its_cost_does_not_grow_with_the_library() -> None:
    topics = [f"Topic {number}" for number in range(9)]
    this = article(1, *topics)

    def cost() -> tuple[int, int]:
        fresh = Article.objects.get(pk=this.pk)
        with CaptureQueriesContext(connection) as queries:
            related_articles(fresh)
        return len(queries), sum(query["sql"].count("LIMIT") for query in queries.captured_queries)

    for number in range(3):
        article(number + 2, *topics)
    few = cost()
    for number in range(3 * WINDOW):
        article(number + 10, *topics)
    assert cost() == few
    assert few[0] <= 6


def test_it_looks_at_few_blocks_however_many_articles_have_its_topics() -> None:
    """One topic has the whole library, another only its oldest articles."""
    everywhere, old = make.topic("Everywhere"), make.topic("Old")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO articles_article (public_id, headline, slug, standfirst, teaser, teaser_word_count, word_count,
                language, tier, status, published_at, created_at, modified_at, source_digest, section_id)
            SELECT gen_random_uuid(), 'Number ' || n, 'n-' || n, '', '', 0, 900, 'en', 'premium', 'published',
                now() - n * interval '3 hours', now(), now(), '', %s
            FROM generate_series(1, 6000) AS n
            """,
            [make.section("Elsewhere").pk],
        )
        cursor.execute(
            "INSERT INTO articles_article_topics (article_id, topic_id)"
            " SELECT id, %s FROM articles_article UNION ALL"
            " SELECT id, %s FROM articles_article WHERE substr(slug, 3)::int > 5600",
            [everywhere.pk, old.pk],
        )
        cursor.execute("ANALYZE articles_article, articles_article_topics")
    this = article(1, "Everywhere", "Old")
    with CaptureQueriesContext(connection) as queries:
        found = related_articles(this)
    assert len(found) == RELATED
    assert [other.slug for other in found[:2]] == ["n-1", "n-2"]
    assert blocks_of(queries) <= 120


def test_older_years_are_named_on_the_page(stranger: Client) -> None:
    this = article(1, "Ports")
    article(2000, "Ports")
    page = stranger.get(this.get_absolute_url()).content.decode()
    year = (timezone.localtime() - timedelta(days=2000)).year
    assert page.count(f"From {year}") == 1
    assert "From the library" in page


def test_a_page_is_made_anew_when_what_it_leads_to_changes(stranger: Client) -> None:
    this, other = article(1, "Ports"), article(2, "Ports")
    keys = stranger.get(this.get_absolute_url())["Surrogate-Key"].split()
    assert {f"article-{other.pk}", f"topic-{make.topic('Ports').pk}", "library"} <= set(keys)


# --- series ---------------------------------------------------------------------------------------------------------


def parts(count: int) -> list[Article]:
    series = make.series()
    return [article(count - n, series=series, series_part=n + 1, headline=f"Part called {n + 1}") for n in range(count)]


@pytest.mark.parametrize(("here", "before", "after"), [(0, None, 1), (2, 1, 3), (5, 4, None)])
def test_a_part_knows_its_neighbours(here: int, before: int | None, after: int | None) -> None:
    six = parts(6)
    place = place_in_series(six[here])
    assert place is not None
    assert (place.number, place.total) == (here + 1, 6)
    assert place.previous == (None if before is None else six[before])
    assert place.next == (None if after is None else six[after])


def test_a_draft_of_a_series_stands_beside_what_is_out() -> None:
    published = parts(2)
    draft = article(1, series=make.series(), series_part=3, status="draft")
    place = place_in_series(draft)
    assert place is not None
    assert (place.number, place.total, place.previous, place.next) == (3, 3, published[1], None)


def test_head_and_foot_of_the_page_say_where_one_is(stranger: Client) -> None:
    six = parts(6)
    page = stranger.get(six[2].get_absolute_url()).content.decode()
    head, foot = page.split('<footer class="article__foot">')
    assert "Part 3 of 6" in head
    assert f'rel="prev" href="{six[1].get_absolute_url()}"' in foot
    assert f'rel="next" href="{six[3].get_absolute_url()}"' in foot
    assert len(related_articles(six[2])) == RELATED
