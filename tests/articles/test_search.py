"""What the search finds and shows, and in which order; bodies are the matter of tests/paywall."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import search
from articles.search import Filters, Search, SearchTooLong, read_words
from articles.snippets import BEGIN, END
from tests import make
from tests.articles.search_results import DAY, SHORT, addresses_in, found, links, main_of, page, titled

pytestmark = pytest.mark.django_db

# --- words ------------------------------------------------------------------------------------------------------------


def test_all_words_have_to_be_there_quotes_keep_them_together_and_a_minus_leaves_out(stranger: Client) -> None:
    guard = titled("The coast guard of the island").get_absolute_url()
    both = titled("A guard walks along the coast").get_absolute_url()
    harbour = titled("The coast guard and the harbours").get_absolute_url()
    assert set(found(stranger, "coast guards")) == {guard, both, harbour}
    assert set(found(stranger, '"coast guard"')) == {guard, harbour}
    assert set(found(stranger, "coast -harbour")) == {guard, both}
    assert set(found(stranger, "island or walking")) == {guard, both}
    assert found(stranger, "coast ferry") == []


def test_each_article_is_read_in_its_own_language(stranger: Client) -> None:
    german = titled("Die Häfen der Küste", language="de").get_absolute_url()
    english = titled("Die casting in the ports", language="en-gb").get_absolute_url()
    titled("Les ports", language="xx")
    assert found(stranger, "Hafen") == [german]
    assert found(stranger, "port casts") == [english]
    assert found(stranger, "die") == [english]  # a filler in German
    assert found(stranger, "die -ports") == []  # the stem of the excluded word is that of the article's language


def test_a_library_of_one_language_is_not_searched_in_others(stranger: Client) -> None:
    titled("Häfen", language="de")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page(stranger, "Hafen")
    assert not [query for query in queries if "'english'" in query["sql"]]


@pytest.mark.parametrize("words", ["the", "the of and", "-ferry", "the -ferry", "ferry or -harbour", "& | !", '""'])
def test_words_that_nothing_can_be_looked_up_for_are_answered_in_a_sentence(words: str, stranger: Client) -> None:
    titled("The ferry")
    text = page(stranger, words)
    assert "There is nothing to look for in these words" in text
    assert addresses_in(text) == []


ODD = [
    "'", '"', '"unbalanced', "a" * 100_000, "<script>alert(1)</script>", "ﷺ" * 500, "\ue000x\ue001", "\u202eferry",
    "e\u0301", "🚢 ferry", "a or or b", "((((", "\\", "%", "x:* & y", "-" * 199, "a -" * 60, '"' * 199, '-"' * 99,
]  # fmt: skip


@pytest.mark.parametrize("words", ODD)
def test_any_words_get_a_page(words: str, stranger: Client) -> None:
    titled("The ferry")
    assert "<script>alert" not in page(stranger, words)


def test_letters_composed_in_another_way_are_the_same_letters(stranger: Client) -> None:
    article = titled("Une école", language="fr")
    assert found(stranger, "e\u0301cole") == [article.get_absolute_url()]


def test_what_is_not_out_is_not_found(stranger: Client) -> None:
    titled("Ferry", status="draft")
    titled("Ferry", published_at=timezone.now() + timedelta(minutes=1))
    titled("Ferry", status="withdrawn")
    text = page(stranger, "ferry")
    assert addresses_in(text) == []
    assert "No article for" in text
    assert "/archive/" in main_of(text)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("zeppelin", "Check its spelling"),
        ("zeppelin -harbour", "Check its spelling"),
        ("zeppelin harbour", "fewer words find more"),
    ],
)
def test_nothing_found_is_answered_with_what_helps(words: str, advice: str, stranger: Client) -> None:
    text = page(stranger, words)
    said = [each for each in ("Check its spelling", "fewer words find more") if each in text]
    assert said == [advice]


def test_nothing_found_offers_the_sections_and_the_way_out_of_a_filter(stranger: Client) -> None:
    section = make.section(is_in_navigation=True)
    titled("The ferry", section=make.section("Diplomacy"))
    text = main_of(page(stranger, "ferry", section=section.slug))
    assert section.get_absolute_url() in text
    assert "Diplomacy" not in addresses_in(text)
    assert links(text, "Security") == "/search/?q=ferry"


def test_the_page_is_not_indexed_and_keeps_what_was_typed(stranger: Client) -> None:
    text = page(stranger, 'a "b" <c>')
    assert '<meta name="robots" content="noindex">' in text
    assert 'value="a &quot;b&quot; &lt;c&gt;"' in text
    assert "<title>a &quot;b&quot; &lt;c&gt; · Search" in text


# --- order ------------------------------------------------------------------------------------------------------------


def test_headline_beats_standfirst_beats_opening(stranger: Client) -> None:
    opening = make.article(standfirst="")
    standfirst = make.article(standfirst="A ferry that nobody ordered.", body=SHORT)
    headline = titled("The ferry of the night")
    assert found(stranger, "ferry") == [each.get_absolute_url() for each in (headline, standfirst, opening)]


def test_of_equal_hits_the_newer_comes_first_and_a_better_one_need_not_be_new(stranger: Client) -> None:
    now = timezone.now()
    older, newer = (titled("The ferry", published_at=now - days * DAY) for days in (30, 3))
    old = titled("The ferry", published_at=now - 3000 * DAY)
    weak = titled("Nothing", standfirst="The ferry", published_at=now - 2 * DAY)
    assert found(stranger, "ferry") == [each.get_absolute_url() for each in (newer, older, weak, old)]
    assert found(stranger, "ferry", sort="date") == [each.get_absolute_url() for each in (weak, newer, older, old)]
    better = titled("The ferry", published_at=now - 1500 * DAY)
    assert found(stranger, "ferry")[2] == better.get_absolute_url()


def test_the_score_is_twice_as_good_a_hit_for_each_half_life() -> None:
    now = timezone.now()
    articles = [titled("The ferry", published_at=now - years * search.HALF_LIFE) for years in (0, 1)]
    question = read_words("ferry", now)
    assert question is not None
    places = [search.find(Search(question, Filters(year=at.year)), now) for at in (now, now - search.HALF_LIFE)]
    assert [place.articles for place in places] == [[articles[0]], [articles[1]]]
    statement, parameters = Search(question).statement(now)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    scores = [score for _, score, _ in search.json.loads(row[1])]
    assert scores[0] - scores[1] == pytest.approx(1)


# --- snippets ---------------------------------------------------------------------------------------------------------


def texts(client: Client, words: str) -> str:
    return "".join(re.findall(r'<p class="result__text"[^>]*>(.*?)</p>', page(client, words), re.DOTALL))


def test_the_words_are_marked_in_headline_and_standfirst_in_all_their_forms(stranger: Client) -> None:
    make.article(headline="Ferries of the night", standfirst="A ferry, and a ferry's lamp.", body=SHORT)
    text = page(stranger, "ferry")
    assert "<mark>Ferries</mark> of the night" in text
    assert "A <mark>ferry</mark>, and a <mark>ferry</mark>&#x27;s lamp." in text


def test_where_only_the_opening_has_them_the_piece_around_them_is_shown(stranger: Client) -> None:
    filler = " ".join(f"Sentence {number} says nothing at all." for number in range(12))
    make.article(body=f"<p>{filler} Then <em>lam</em>ps &amp; ledgers came by.</p>{make.long_body(0, 30)}")
    text = texts(stranger, "lamps ledgers")
    assert text.startswith("… ")
    assert text.endswith(" …")
    assert "<mark>lamps</mark> &amp; <mark>ledgers</mark>" in text
    assert len(text.split()) < 80


MARKUP = "<script>alert(1)</script> &lt;b&gt; \"'> ferry <img src=x onerror=alert(1)>"


def test_markup_in_what_editors_write_stays_text(stranger: Client) -> None:
    make.article(headline=f"A {MARKUP}", standfirst=f"B {MARKUP}", body=f"<p>C ferry {html.escape(MARKUP)}</p>")
    text = main_of(page(stranger, "ferry"))
    assert "<mark>ferry</mark>" in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "<b>" not in text


def test_the_marks_of_the_highlighter_typed_by_an_editor_mark_nothing(stranger: Client) -> None:
    typed = f"{BEGIN}gate{END} ferry {END}{BEGIN} <mark>x</mark>"
    make.article(headline=typed, standfirst=f"B {typed}", body=f"<p>C {html.escape(typed)}</p>")
    text = main_of(page(stranger, "ferry"))
    assert re.findall(r"<mark>(.*?)</mark>", text) == ["ferry", "ferry"]
    assert text.count("<mark>") == text.count("</mark>")


# --- too long ---------------------------------------------------------------------------------------------------------


def test_a_search_that_takes_too_long_ends_in_a_sentence_and_breaks_nothing(
    stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    titled("The ferry")
    statement = Search.statement

    def slow(self: Search, now: datetime) -> Any:
        text, parameters = statement(self, now)
        return text.replace(
            "SELECT (SELECT count(*)", "SELECT (SELECT count(*) + length(pg_sleep(9)::text)"
        ), parameters

    with monkeypatch.context() as patched:
        patched.setattr(Search, "statement", slow)
        patched.setattr(search, "PATIENCE", timedelta(milliseconds=20))
        response = stranger.get("/search/?q=ferry")
    assert response.status_code == 503
    assert "This search took too long" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert int(response["Retry-After"]) > 0
    assert len(found(stranger, "ferry")) == 1


def test_other_faults_of_the_database_are_not_taken_for_patience_that_ended(
    stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    titled("The ferry")
    monkeypatch.setattr(Search, "statement", lambda self, now: ("SELECT 1 / 0", {}))
    question = read_words("ferry", timezone.now())
    assert question is not None
    with pytest.raises(Exception, match="division by zero") as caught:
        search.find(Search(question), timezone.now())
    assert not isinstance(caught.value, SearchTooLong)
