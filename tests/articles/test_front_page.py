"""The front page as editors arrange it, and what stands there where they have not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from articles.front import front_page
from articles.models import Article, FrontPage, FrontPick, Place, Status
from articles.page_store import PageStore
from tests import make
from tests.articles.admin_forms import opened_as

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def pick(article: Article, place: Place, **fields: Any) -> FrontPick:
    FrontPage.objects.get_or_create(pk=1)
    return FrontPick.objects.create(article=article, place=place, **fields)


def aged(days: float, **fields: Any) -> Article:
    return make.article(published_at=timezone.now() - timedelta(days=days), **fields)


def headlines_of(part: str, client: Client) -> list[str]:
    """What is linked in the part of the front page with this class, in order."""
    html = client.get("/").content.decode()
    found = re.search(rf'<(\w+) class="[^"]*\b{part}\b[^"]*".*?</\1>', html, re.DOTALL)
    return re.findall(r'<a href="/articles/[^>]*>([^<]*)</a>', found[0]) if found else []


def test_the_lead_is_the_editors_choice_and_else_the_newest_with_a_picture(stranger: Client) -> None:
    old, pictured, newest = aged(30), aged(2, photo=make.photo()), aged(1)
    assert headlines_of("card--opener", stranger) == [pictured.headline]
    chosen = pick(old, Place.LEAD)
    assert headlines_of("card--opener", stranger) == [old.headline]
    chosen.delete()
    assert headlines_of("card--opener", stranger) == [pictured.headline]
    assert newest.headline in stranger.get("/").content.decode()


def test_beside_the_lead_stand_the_editors_choices_in_their_order_and_then_the_newest(stranger: Client) -> None:
    newest = [aged(1 + number) for number in range(8)]
    first, second = aged(90), aged(100)
    pick(first, Place.SECONDARY, position=1)
    pick(second, Place.SECONDARY, position=0)
    content = front_page(timezone.now())
    assert content.opener == newest[0]
    assert content.secondary == [second, first, newest[1]]
    assert content.latest == newest[2:6]


def test_an_article_stands_once_but_for_the_most_read(stranger: Client) -> None:
    section = make.section()
    newest = [aged(1 + number, section=section) for number in range(8)]
    pick(newest[3], Place.LEAD)
    pick(newest[3], Place.SECTION)
    pick(newest[3], Place.MOST_READ)
    content = front_page(timezone.now())
    places = [content.opener, *content.secondary, *content.latest]
    places += [article for block in content.section_blocks for article in block.articles]
    assert len(places) == len(set(places)) == 8
    assert content.most_read == [newest[3]]
    assert headlines_of("most-read", stranger) == [newest[3].headline]


def test_the_most_read_are_left_out_where_none_is_chosen(stranger: Client) -> None:
    article = aged(1)
    assert "Most read" not in stranger.get("/").content.decode()
    pick(article, Place.MOST_READ)
    assert "Most read" in stranger.get("/").content.decode()


def test_a_section_begins_with_what_editors_put_first_in_it(stranger: Client) -> None:
    section, other = make.section("Rivers"), make.section("Harbours")
    for number in range(12):
        aged(1 + number, section=other)
    mine = [aged(20 + number, section=section) for number in range(4)]
    pick(mine[3], Place.SECTION)
    blocks = {block.section: block.articles for block in front_page(timezone.now()).section_blocks}
    assert blocks[section] == [mine[3], mine[0], mine[1]]


def test_the_piece_from_the_library_is_chosen_and_quoted_by_editors_and_else_a_year_old(stranger: Client) -> None:
    for number in range(9):
        aged(1 + number)
    old = aged(400, standfirst="What it was about.")
    chosen = aged(900, standfirst="Not these words.")
    piece = front_page(timezone.now()).library_piece
    assert piece is not None
    assert (piece.article, piece.words) == (old, "What it was about.")
    pick(chosen, Place.LIBRARY, words="A border is a habit.")
    text = stranger.get("/").content.decode()
    assert "A border is a habit." in text
    assert "Not these words." not in text


@pytest.mark.parametrize("place", Place.values)
def test_a_choice_that_is_not_out_is_told_to_nobody(place: Place, stranger: Client) -> None:
    section = make.section()
    shown = aged(500, headline="Shown to all", section=section)
    hidden = [
        make.article(headline="Still a draft", status=Status.DRAFT, section=section),
        make.article(headline="Not out yet", published_at=timezone.now() + timedelta(days=1), section=section),
        make.article(headline="Taken back", status=Status.WITHDRAWN, section=section),
    ]
    for position, article in enumerate([*hidden, shown]):
        pick(article, place, position=position)
    text = stranger.get("/").content.decode()
    assert "Shown to all" in text
    for article in hidden:
        assert article.headline not in text


def test_a_choice_ends_at_its_second_also_on_a_kept_page(kept_pages: PageStore, stranger: Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        newest, old = aged(1), aged(40)
        pick(old, Place.LEAD, until=NOON + timedelta(seconds=90))
        assert headlines_of("card--opener", stranger) == [old.headline]
        clock.move_to(NOON + timedelta(seconds=89))
        assert headlines_of("card--opener", stranger) == [old.headline]
        clock.move_to(NOON + timedelta(seconds=90))
        assert headlines_of("card--opener", stranger) == [newest.headline]


def test_the_number_of_queries_grows_with_sections_alone(stranger: Client, django_assert_max_num_queries: Any) -> None:
    sections = [make.section(f"Section {number}") for number in range(3)]
    articles = [
        aged(1 + number, section=sections[number % 3], authors=[make.author()], photo=make.photo())
        for number in range(40)
    ]
    with django_assert_max_num_queries(40) as before:
        front_page(timezone.now())
    for number, place in enumerate(Place.values):
        for position in range(3):
            pick(articles[20 + 3 * number + position], place, position=position)
    with django_assert_max_num_queries(len(before)):
        front_page(timezone.now())


# --- In admin ---------------------------------------------------------------------------------------------------------


def arranged(**rows: list[dict[str, str]]) -> dict[str, str]:
    """What the form of the front page sends: for each of its tables, by prefix, the rows."""
    prefixes = ["picks", "picks-2", "picks-3", "picks-4", "picks-5"]
    sent: dict[str, str] = {}
    for prefix, place in zip(prefixes, Place.values, strict=True):
        given = rows.get(place, [])
        kept = [row for row in given if row.get("id")]
        sent |= {f"{prefix}-TOTAL_FORMS": str(len(given)), f"{prefix}-INITIAL_FORMS": str(len(kept))}
        for number, row in enumerate(given):
            sent |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
            sent[f"{prefix}-{number}-front_page"] = "1"
    return sent


def test_an_editor_arranges_the_front_page_in_admin(editor: Client, stranger: Client) -> None:
    lead, second, read, old = aged(5), aged(6), aged(7), aged(700)
    aged(1)
    page = editor.get("/admin/articles/frontpage/", follow=True)
    assert page.status_code == 200
    answer = editor.post(
        "/admin/articles/frontpage/1/change/",
        arranged(
            lead=[{"article": str(lead.pk), "position": "0"}],
            secondary=[{"article": str(second.pk), "position": "0"}],
            most_read=[{"article": str(read.pk), "position": "0"}],
            library=[{"article": str(old.pk), "words": "Said long ago."}],
        ),
    )
    assert answer.status_code == 302
    assert set(FrontPick.objects.values_list("place", "article")) == {
        ("lead", lead.pk),
        ("secondary", second.pk),
        ("most_read", read.pk),
        ("library", old.pk),
    }
    assert headlines_of("card--opener", stranger) == [lead.headline]
    assert "Said long ago." in stranger.get("/").content.decode()


def test_an_article_twice_in_one_place_is_refused_in_words_and_nothing_is_stored(editor: Client) -> None:
    article, other = aged(1), aged(2)
    editor.get("/admin/articles/frontpage/")
    twice = [{"article": str(article.pk), "position": "0"}, {"article": str(article.pk), "position": "1"}]
    answer = editor.post("/admin/articles/frontpage/1/change/", arranged(most_read=twice))
    assert "An article stands here twice" in answer.content.decode()
    assert not FrontPick.objects.exists()
    twice[1]["article"] = str(other.pk)
    assert editor.post("/admin/articles/frontpage/1/change/", arranged(most_read=twice)).status_code == 302
    assert FrontPick.objects.count() == 2


def test_a_choice_is_taken_away_in_admin(editor: Client) -> None:
    kept = pick(aged(1), Place.LEAD)
    row = {"id": str(kept.pk), "article": str(kept.article_id), "position": "0", "DELETE": "on"}
    assert editor.post("/admin/articles/frontpage/1/change/", arranged(lead=[row])).status_code == 302
    assert not FrontPick.objects.exists()


CHANGE = "/admin/articles/frontpage/1/change/"


def row_of(kept: FrontPick, **changed: str) -> dict[str, str]:
    return {"id": str(kept.pk), "article": str(kept.article_id), "position": str(kept.position), **changed}


def test_a_form_opened_before_puts_no_former_choice_back_and_keeps_what_was_chosen(editor: Client) -> None:
    read, lead = pick(aged(1), Place.MOST_READ), pick(aged(2), Place.LEAD)
    theirs, mine = aged(3, headline="Theirs"), aged(4, headline="Mine, chosen meanwhile")
    opened = opened_as(editor, CHANGE)
    changed = arranged(lead=[row_of(lead)], most_read=[row_of(read, article=str(theirs.pk))])
    assert editor.post(CHANGE, changed | opened).status_code == 302
    late = arranged(lead=[row_of(lead, article=str(mine.pk))], most_read=[row_of(read)])
    refused = editor.post(CHANGE, late | opened)
    assert refused.status_code == 200
    assert "Somebody else has saved this" in refused.content.decode()
    assert "Mine, chosen meanwhile" in refused.content.decode()
    assert set(FrontPick.objects.values_list("pk", "article")) == {(lead.pk, lead.article_id), (read.pk, theirs.pk)}
    read.refresh_from_db()
    late = arranged(lead=[row_of(lead, article=str(mine.pk))], most_read=[row_of(read)])
    assert editor.post(CHANGE, late | opened_as(editor, CHANGE)).status_code == 302
    assert set(FrontPick.objects.values_list("pk", "article")) == {(lead.pk, mine.pk), (read.pk, theirs.pk)}


def test_a_choice_taken_away_meanwhile_is_refused_in_words(editor: Client) -> None:
    kept = pick(aged(1), Place.LEAD)
    opened = opened_as(editor, CHANGE)
    kept_row = row_of(kept)
    kept.delete()
    refused = editor.post(CHANGE, arranged(lead=[kept_row]) | opened)
    assert refused.status_code == 200
    assert "Somebody else has saved this" in refused.content.decode()
    assert not FrontPick.objects.exists()


def test_of_two_first_leads_one_is_stored(editor: Client) -> None:
    editor.get("/admin/articles/frontpage/")
    first, second = aged(1), aged(2)
    opened = opened_as(editor, CHANGE)
    leads = [{"article": str(article.pk), "position": "0"} for article in (first, second)]
    assert "At most 1 article stands here" in editor.post(CHANGE, arranged(lead=leads) | opened).content.decode()
    assert editor.post(CHANGE, arranged(lead=leads[:1]) | opened).status_code == 302
    assert "Somebody else has saved this" in editor.post(CHANGE, arranged(lead=leads[1:]) | opened).content.decode()
    assert FrontPick.objects.get().article == first


def test_there_is_one_front_page(editor: Client) -> None:
    editor.get("/admin/articles/frontpage/")
    editor.get("/admin/articles/frontpage/")
    assert FrontPage.objects.count() == 1
    FrontPage().save()
    assert FrontPage.objects.count() == 1
    assert editor.get("/admin/articles/frontpage/add/").status_code == 403
