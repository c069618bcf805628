"""A section or the site open to everybody for a while: who opens it, who reads it till when, what every page says of
it, and that nothing of it is left after that second.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from articles.models import Article, Section
from articles.page_store import PageStore
from paywall.models import ArticleTerms, MeteredRead, Opening, Rule
from tests import make
from tests.articles.admin_forms import moment
from tests.articles.test_purging import keys_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVENING = NOON + timedelta(hours=6)
SECOND = timedelta(seconds=1)
ADD = "/admin/paywall/opening/add/"
LIST = "/admin/paywall/opening/"

pytestmark = pytest.mark.django_db


def opening(section: Section | None = None, **fields: Any) -> Opening:
    return Opening.objects.create(section=section, **{"starts_at": NOON, "ends_at": EVENING, **fields})


def articles_of_two() -> tuple[Article, Article]:
    """One in a section of that name, one in another."""
    day_before = {"published_at": NOON - timedelta(days=1)}
    return make.article(section=make.section(), **day_before), make.article(section=make.section("Trade"), **day_before)


def page_of(client: Client, path: str, now: datetime) -> str:
    with time_machine.travel(now, tick=False):
        return client.get(path).content.decode()


def is_open(client: Client, article: Article, now: datetime) -> bool:
    return article.sentinel in page_of(client, article.get_absolute_url(), now)


def form(**fields: Any) -> dict[str, Any]:
    """What the page for a new opening sends when its button is pressed at once."""
    return {
        "section": "", "banner": "", "lasting": "hours", "hours": "6",
        **moment("starts_at", None), **moment("ends_at", None), **fields,
    }  # fmt: skip


# --- What opens, and till when ---------------------------------------------------------------------------------------


@pytest.mark.attack("L38")
@pytest.mark.parametrize(
    ("now", "is_running"), [(NOON - SECOND, False), (NOON, True), (EVENING - SECOND, True), (EVENING, False)]
)
def test_a_section_is_open_from_its_second_to_its_second(stranger: Client, now: datetime, is_running: bool) -> None:
    inside, outside = articles_of_two()
    opening(inside.section)
    assert is_open(stranger, inside, now) is is_running
    assert not is_open(stranger, outside, now)


def test_the_site_opens_with_everything_in_it_but_what_is_not_out(stranger: Client) -> None:
    inside, outside = articles_of_two()
    draft = make.article(status="draft")
    opening()
    assert is_open(stranger, inside, NOON)
    assert is_open(stranger, outside, NOON)
    with time_machine.travel(NOON, tick=False):
        assert stranger.get(draft.get_absolute_url()).status_code == 404


def test_an_opening_is_stronger_than_terms_and_rules_and_plans(stranger: Client) -> None:
    inside, _outside = articles_of_two()
    ArticleTerms.objects.create(article=inside, premium_from=NOON - timedelta(days=1)).plans.add(make.plans()["annual"])
    Rule.objects.create(name="Walls", ask="plan")
    assert not is_open(stranger, inside, NOON)
    opening(inside.section)
    assert is_open(stranger, inside, NOON)


def test_no_free_read_is_spent_while_it_is_open(registered: Client) -> None:
    inside, _outside = articles_of_two()
    opening(inside.section)
    assert is_open(registered, inside, NOON)
    assert not MeteredRead.objects.exists()
    assert is_open(registered, inside, EVENING)
    assert MeteredRead.objects.count() == 1


def test_no_opening_ends_before_it_begins() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        opening(ends_at=NOON)


# --- Kept pages ------------------------------------------------------------------------------------------------------


@pytest.mark.attack("L27")
@pytest.mark.parametrize("of_site", [True, False])
def test_no_kept_page_outlives_it(kept_pages: PageStore, stranger: Client, of_site: bool) -> None:
    """Also not one that was kept, with its own end, before anybody thought of opening anything."""
    inside, _outside = articles_of_two()
    paths = ["/", inside.get_absolute_url(), inside.section.get_absolute_url(), "/feeds/latest.json"]
    with time_machine.travel(NOON, tick=False) as clock:
        for path in paths:
            stranger.get(path)
        opening(None if of_site else inside.section, banner="The flood reports are open")
        kept_pages.purge(["access"])
        for path in paths:
            response = stranger.get(path)
            assert "private" not in response["Cache-Control"], path
            assert response.status_code == 200, path
            kept_for = int(re.findall(r"s-maxage=(\d+)", response["Cache-Control"])[0])
            assert kept_for <= 600
        clock.move_to(EVENING - SECOND)
        assert inside.sentinel in stranger.get(inside.get_absolute_url()).content.decode()
        assert int(re.findall(r"s-maxage=(\d+)", stranger.get("/")["Cache-Control"])[0]) == 0
        clock.move_to(EVENING)
        for path in paths:
            text = stranger.get(path).content.decode()
            assert inside.sentinel not in text, path
            assert "open-line" not in text, path
            assert "meta__item mark mark--free" not in text, path
            assert '"access":"free"' not in text.replace(" ", ""), path


@pytest.mark.attack("L27")
def test_kept_pages_open_by_the_clock_alone_when_it_begins_later(kept_pages: PageStore, stranger: Client) -> None:
    inside, _outside = articles_of_two()
    with time_machine.travel(NOON - timedelta(hours=1), tick=False) as clock:
        assert inside.sentinel not in stranger.get(inside.get_absolute_url()).content.decode()
        opening(inside.section)
        kept_pages.purge(["access"])
        assert inside.sentinel not in stranger.get(inside.get_absolute_url()).content.decode()
        clock.move_to(NOON)
        assert inside.sentinel in stranger.get(inside.get_absolute_url()).content.decode()


# --- The line on the pages -------------------------------------------------------------------------------------------


def line_of(page: str) -> str:
    found = re.search(r'<aside class="open-line".*?</aside>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", found[0]).split()) if found else ""


def test_the_line_of_a_section_stands_on_its_page_and_on_its_articles_alone(stranger: Client) -> None:
    inside, outside = articles_of_two()
    opening(inside.section, banner="Our reports on the flood are open to everybody")
    words = "Our reports on the flood are open to everybody until 23 November, 18:00 UTC"
    assert line_of(page_of(stranger, inside.section.get_absolute_url(), NOON)) == words
    assert line_of(page_of(stranger, inside.get_absolute_url(), NOON)) == words
    for path in ("/", outside.get_absolute_url(), outside.section.get_absolute_url(), "/search/", "/accounts/login/"):
        assert line_of(page_of(stranger, path, NOON)) == "", path
    assert line_of(page_of(stranger, inside.get_absolute_url(), EVENING)) == ""


@pytest.mark.parametrize("who", ["stranger", "registered", "subscriber", "editor"])
def test_the_line_of_the_site_stands_on_every_page_for_everybody(who: str, request: pytest.FixtureRequest) -> None:
    client = request.getfixturevalue(who)
    inside, _outside = articles_of_two()
    opening()
    for path in (
        "/",
        inside.get_absolute_url(),
        inside.section.get_absolute_url(),
        "/search/?q=island",
        "/no-such-page/",
    ):
        with time_machine.travel(NOON):
            text = client.get(path).content.decode()
        assert line_of(text) == "Everything here is open to everybody until 23 November, 18:00 UTC", path


def test_the_line_says_when_the_page_closes_where_two_openings_meet(stranger: Client) -> None:
    inside, outside = articles_of_two()
    opening()
    opening(inside.section, ends_at=EVENING + timedelta(hours=2))
    assert line_of(page_of(stranger, inside.get_absolute_url(), NOON)).endswith("until 23 November, 20:00 UTC")
    assert line_of(page_of(stranger, outside.get_absolute_url(), NOON)).endswith("until 23 November, 18:00 UTC")


def test_the_line_holds_no_markup_of_an_editor(stranger: Client) -> None:
    opening(banner="<b>Open</b> & free")
    assert "<span>&lt;b&gt;Open&lt;/b&gt; &amp; free</span>" in page_of(stranger, "/", NOON)


# --- In admin --------------------------------------------------------------------------------------------------------


def test_an_editor_opens_a_section_for_six_hours(editor: Client, stranger: Client) -> None:
    inside, outside = articles_of_two()
    with time_machine.travel(NOON, tick=False):
        response = editor.post(ADD, form(section=inside.section.pk, banner="Open for the flood"))
    assert response.status_code == 302, response.content.decode()
    made = Opening.objects.get()
    assert (made.section, made.starts_at, made.ends_at, made.banner) == (
        inside.section, NOON, EVENING, "Open for the flood",
    )  # fmt: skip
    assert made.opened_by == User.objects.get(email="editor@example.org")
    assert LogEntry.objects.filter(object_id=str(made.pk), user=made.opened_by).count() == 1
    assert is_open(stranger, inside, NOON)
    assert not is_open(stranger, outside, NOON)
    assert "editor@example.org" in page_of(editor, f"{LIST}{made.pk}/change/", NOON)
    assert "editor@example.org" not in page_of(stranger, inside.get_absolute_url(), NOON)


@pytest.mark.parametrize(
    ("fields", "begins", "ends"),
    [
        # In London the clock is put forward at one o'clock of 28 March 2027: six hours are six hours.
        ({"starts_at_0": "2027-03-27", "starts_at_1": "22:00", "hours": "6"}, (27, 22, 0), (28, 4, 0)),
        ({"starts_at_0": "2027-03-28", "starts_at_1": "09:00", "lasting": "midnight"}, (28, 8, 0), (28, 23, 0)),
        (
            {"starts_at_0": "2027-03-28", "starts_at_1": "09:00", "lasting": "moment", "ends_at_0": "2027-03-28",
             "ends_at_1": "12:30"},
            (28, 8, 0), (28, 11, 30),
        ),
    ],
)  # fmt: skip
def test_its_moments_are_in_the_publications_time(
    editor: Client, settings: Any, fields: dict[str, str], begins: tuple[int, ...], ends: tuple[int, ...]
) -> None:
    settings.TIME_ZONE = "Europe/London"
    response = editor.post(ADD, form(**fields))
    assert response.status_code == 302, response.content.decode()
    made = Opening.objects.get()
    assert (made.starts_at, made.ends_at) == tuple(datetime(2027, 3, *each, tzinfo=UTC) for each in (begins, ends))


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"hours": ""}, "hours"),
        ({"hours": "0"}, "hours"),
        ({"hours": "100000"}, "hours"),
        ({"lasting": "moment"}, "ends_at"),
        ({"lasting": "moment", "ends_at_0": "2026-11-23", "ends_at_1": "11:59"}, "ends_at"),
        ({"starts_at_0": "2026-11-20", "starts_at_1": "09:00"}, "ends_at"),
        ({"lasting": "for ever"}, "lasting"),
        ({"starts_at_0": "yesterday"}, "starts_at"),
    ],
)
def test_an_end_that_is_missing_or_over_is_refused(editor: Client, fields: dict[str, str], refused: str) -> None:
    with time_machine.travel(NOON, tick=False):
        response = editor.post(ADD, form(**fields))
    assert refused in response.context["adminform"].form.errors
    assert not Opening.objects.exists()


def test_close_now_closes_in_that_second_and_is_told_of(editor: Client, stranger: Client) -> None:
    inside, _outside = articles_of_two()
    made = opening(inside.section)
    later = NOON + timedelta(hours=1)
    change = f"{LIST}{made.pk}/change/"
    close = f"{LIST}{made.pk}/close/"
    assert f'formaction="{close}"' in page_of(editor, change, later)
    with time_machine.travel(later, tick=False):
        assert editor.get(close).status_code == 405
        assert editor.post(close).status_code == 302
    made.refresh_from_db()
    assert made.ends_at == later
    assert not is_open(stranger, inside, later)
    assert LogEntry.objects.get(object_id=str(made.pk)).get_change_message() == "Closed."
    assert f'formaction="{close}"' not in page_of(editor, change, later)


def test_the_list_closes_what_is_open_and_leaves_the_rest(editor: Client) -> None:
    running, planned, over = (
        opening(),
        opening(starts_at=EVENING, ends_at=EVENING + SECOND),
        opening(ends_at=NOON + SECOND),
    )
    later = NOON + timedelta(hours=1)
    with time_machine.travel(later, tick=False):
        chosen = [running.pk, planned.pk, over.pk]
        editor.post(LIST, {"action": "close_selected", "_selected_action": chosen})
    ends = dict(Opening.objects.values_list("pk", "ends_at"))
    assert ends == {running.pk: later, planned.pk: EVENING + SECOND, over.pk: NOON + SECOND}


def test_what_is_over_may_be_deleted(editor: Client) -> None:
    over = opening(starts_at=NOON - SECOND, ends_at=NOON)
    with time_machine.travel(NOON, tick=False):
        assert editor.post(f"{LIST}{over.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Opening.objects.exists()


def test_what_runs_is_closed_and_not_deleted(editor: Client) -> None:
    running, planned = opening(), opening(starts_at=EVENING, ends_at=EVENING + SECOND)
    with time_machine.travel(NOON, tick=False):
        assert editor.post(f"{LIST}{running.pk}/delete/", {"post": "yes"}).status_code == 403
        assert editor.post(f"{LIST}{planned.pk}/delete/", {"post": "yes"}).status_code == 302
        page = editor.get(f"{LIST}{running.pk}/change/").content.decode()
    assert list(Opening.objects.all()) == [running]
    assert 'name="starts_at_0"' not in page
    assert 'name="ends_at_0"' in page


def test_its_end_is_moved_but_not_into_the_past_and_not_behind_a_colleague(editor: Client) -> None:
    made = opening(banner="Old words")
    change = f"{LIST}{made.pk}/change/"
    with time_machine.travel(NOON + SECOND, tick=False):
        opened = re.findall(r'name="opened_as" value="([^"]+)"', editor.get(change).content.decode())[0]
        sent = {"banner": "Old words", "opened_as": opened, **moment("ends_at", NOON)}
        refused = editor.post(change, sent)
        assert "ends_at" in refused.context["adminform"].form.errors
        Opening.objects.update(banner="A colleague's words")
        late = editor.post(change, sent | moment("ends_at", EVENING + SECOND))
        assert "Somebody else has saved this" in late.content.decode()
        opened = re.findall(r'name="opened_as" value="([^"]+)"', editor.get(change).content.decode())[0]
        assert (
            editor.post(change, sent | {"opened_as": opened} | moment("ends_at", EVENING + SECOND)).status_code == 302
        )
    made.refresh_from_db()
    assert (made.ends_at, made.banner) == (EVENING + SECOND, "Old words")


def test_who_may_not_opens_and_closes_nothing() -> None:
    made = opening()
    user = make.user("support@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    support = make.logged_in(user)
    for who in (support, Client(), make.logged_in(make.user())):
        with time_machine.travel(NOON + SECOND):
            assert who.post(ADD, form()).status_code in (302, 403)
            assert who.post(f"{LIST}{made.pk}/close/").status_code in (302, 403)
    assert list(Opening.objects.values_list("ends_at", flat=True)) == [EVENING]


# --- Who is told of a change -----------------------------------------------------------------------------------------


def test_whoever_changes_an_opening_every_kept_page_is_purged() -> None:
    made: list[Opening] = []
    assert keys_of(lambda: made.append(opening())) == {"access"}
    assert keys_of(lambda: Opening.objects.update(ends_at=EVENING + SECOND)) == {"access"}
    assert keys_of(made[0].delete) == {"access"}


def test_whoever_changes_the_plans_or_terms_of_an_article_its_pages_are_purged() -> None:
    article = make.article()
    purged = {f"article-{article.pk}", "moments"}
    terms: list[ArticleTerms] = []
    assert keys_of(lambda: terms.append(ArticleTerms.objects.create(article=article))) == purged
    assert keys_of(lambda: terms[0].plans.add(make.plans()["annual"])) == purged
    assert keys_of(lambda: ArticleTerms.objects.update(premium_from=NOON)) == purged
    assert keys_of(terms[0].plans.clear) == purged
