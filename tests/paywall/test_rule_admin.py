"""The rules in admin: nothing is saved before its effect was looked at, and never on an effect that is no longer so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from articles.models import Article
from paywall.models import ArticleTerms, Meter, Rule
from tests import make
from tests.paywall.rule_forms import (
    ADD,
    LIST,
    address,
    do,
    hidden,
    places,
    previewed,
    publisher_client,
    rule,
    rule_fields,
    save,
    three_rules,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def publisher() -> Client:
    return publisher_client()


@pytest.fixture
def three() -> list[Rule]:
    return three_rules()


def looking_client() -> Client:
    user = make.user("looker@example.org", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_rule"))
    return make.logged_in(user)


def history() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


# --- Looking before saving -------------------------------------------------------------------------------------------


def test_nothing_is_saved_before_its_effect_was_looked_at(publisher: Client) -> None:
    article = make.article(headline="The tide tables")
    page = publisher.post(ADD, {**rule_fields(name="Mine"), "_save": "Save"}).content.decode()
    assert not Rule.objects.exists()
    assert "This changes what 1 published article asks for." in page
    assert f'<a href="{article.get_absolute_url()}" target="_blank">The tide tables</a>' in page
    assert "<strong>Every article: subscribers alone</strong>" in page
    assert "<td>subscribers, or one of the free articles</td><td>subscribers alone</td><td>1</td>" in page
    assert "Strangers: as before, they meet the gate." in page
    assert "Registered readers: they meet the gate; until now they read them as one of their free articles." in page
    assert "Subscribers: as before, they read them." in page
    assert 'value="Mine"' in page
    assert "Please correct" not in page
    assert "Look at what this changes first" not in page


def test_what_was_looked_at_is_saved(publisher: Client) -> None:
    make.article()
    assert save(publisher, ADD, name="Mine").status_code == 302
    made = Rule.objects.get()
    assert (made.name, made.ask, made.position, made.is_active) == ("Mine", "plan", 1, True)


def test_a_button_for_saving_stands_below_a_preview_alone(publisher: Client) -> None:
    assert 'name="_save"' not in publisher.get(ADD).content.decode()
    page, _sent = previewed(publisher, ADD, rule_fields())
    assert page.count('name="_save"') == 1


def test_what_is_changed_after_looking_is_shown_once_more(publisher: Client) -> None:
    make.article(section=make.section("World"))
    _page, sent = previewed(publisher, ADD, rule_fields())
    page = publisher.post(ADD, {**sent, "ask": "open"}).content.decode()
    assert not Rule.objects.exists()
    assert "until now they meet the gate" in page
    assert publisher.post(ADD, {**sent, "ask": "open", **hidden(page, "previewed")}).status_code == 302


@pytest.mark.parametrize("meanwhile", ["rule", "article", "terms"])
def test_what_changes_between_looking_and_saving_is_shown_afresh(publisher: Client, meanwhile: str) -> None:
    article = make.article()
    _page, sent = previewed(publisher, ADD, rule_fields(name="Mine"))
    if meanwhile == "rule":
        rule("Theirs", 1, tier="free")
    elif meanwhile == "article":
        make.article()
    else:
        ArticleTerms.objects.create(article=article, free_until=NOON + DAY)
    page = publisher.post(ADD, sent).content.decode()
    assert not Rule.objects.filter(name="Mine").exists()
    assert "Rules or articles have changed since you looked." in page
    assert 'value="Mine"' in page
    assert publisher.post(ADD, {**sent, **hidden(page, "previewed")}).status_code == 302


def test_the_preview_reads_topics_authors_ages_and_windows(publisher: Client) -> None:
    port, ilse = make.topic("Ports"), make.author("Ilse Marchetti")
    make.article(headline="Fitting", topics=[port], authors=[ilse], published_at=NOON - 3 * DAY)
    make.article(headline="Young", topics=[port], authors=[ilse], published_at=NOON - DAY)
    make.article(headline="Old", topics=[port], authors=[ilse], published_at=NOON - 30 * DAY)
    make.article(headline="No topic", authors=[ilse], published_at=NOON - 3 * DAY)
    make.article(headline="No author", topics=[port], published_at=NOON - 3 * DAY)
    said = {"topic": port.pk, "author": ilse.pk, "older": (48, "hours"), "younger": (10, "days")}
    page, _sent = previewed(publisher, ADD, rule_fields(**said))
    assert "This changes what 1 published article asks for." in page
    assert "Fitting" in page
    over = rule_fields(**said, starts_at=NOON - 2 * DAY, ends_at=NOON + timedelta(hours=1))
    assert "This changes what 1 published" in previewed(publisher, ADD, over)[0]


def test_the_preview_knows_whether_strangers_have_free_articles(publisher: Client) -> None:
    make.article()
    assert "Strangers: as before, they meet the gate." in previewed(publisher, ADD, rule_fields())[0]
    Meter.objects.create(anonymous_allowance=2)
    sentence = "Strangers: they meet the gate; until now they read them as one of their free articles."
    assert sentence in previewed(publisher, ADD, rule_fields())[0]


def test_of_a_rule_that_begins_later_that_moment_is_shown_too(publisher: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/London"
    make.article(published_at=NOON - DAY)
    make.article(published_at=NOON + DAY)
    page, sent = previewed(publisher, ADD, rule_fields(starts_at=NOON + 2 * DAY))
    assert "This changes nothing for the articles that are published now." in page
    assert "From 25 November 2026, 12:00 (Europe/London) on it changes what 2 articles ask for." in page
    assert publisher.post(ADD, sent).status_code == 302


def test_a_rule_that_is_not_in_use_changes_nothing_yet(publisher: Client) -> None:
    make.article()
    page, sent = previewed(publisher, ADD, rule_fields(is_active=None))
    assert "This changes nothing" in page
    assert publisher.post(ADD, sent).status_code == 302
    page = publisher.get(address(Rule.objects.get(), "switch-on")).content.decode()
    assert "This changes what 1 published article asks for." in page


# --- Two editors at once ---------------------------------------------------------------------------------------------


def test_of_two_forms_of_one_rule_the_second_overwrites_nothing(publisher: Client, three: list[Rule]) -> None:
    url = address(three[0])
    _page, mine = previewed(publisher, url, rule_fields(name="Mine"))
    assert save(publisher, url, name="Theirs").status_code == 302
    page = publisher.post(url, mine).content.decode()
    assert "Somebody else has saved this since you opened it" in page
    assert 'value="Mine"' in page
    assert Rule.objects.get(pk=three[0].pk).name == "Theirs"


def test_a_form_that_was_open_while_the_rule_was_moved_leaves_it_where_it_is(
    publisher: Client, three: list[Rule]
) -> None:
    url = address(three[0])
    fields = {**rule_fields(name="First, later"), **hidden(publisher.get(url).content.decode(), "opened_as")}
    do(publisher, three[0], "down")
    page = publisher.post(url, {**fields, "_preview": ""}).content.decode()
    assert publisher.post(url, {**fields, **hidden(page, "previewed"), "_save": ""}).status_code == 302
    assert places() == {"Second": 1, "First, later": 2, "Third": 3}


def test_the_list_is_locked_before_it_is_read_for_a_change(publisher: Client, three: list[Rule]) -> None:
    sent = hidden(publisher.get(address(three[1], "up")).content.decode(), "previewed")
    _page, form = previewed(publisher, address(three[0]), rule_fields(name="New"))
    for url, data in ((address(three[0]), form), (address(three[1], "up"), sent)):
        with CaptureQueriesContext(connection) as queries:
            publisher.post(url, data)
        said = [query["sql"] for query in queries if "paywall_rule" in query["sql"]]
        lock = next(place for place, statement in enumerate(said) if statement.startswith("LOCK TABLE"))
        ordered = 'ORDER BY "paywall_rule"."position" ASC, "paywall_rule"."id" ASC'
        assert not any(statement.endswith(ordered) or "FOR UPDATE" in statement for statement in said[:lock])
        assert any(statement.endswith(ordered) for statement in said[lock:])


# --- What is typed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "stored", "shown"),
    [((365, "days"), 8760, "older than 365 days"), ((6, "hours"), 6, "6 hours"), ((48, "hours"), 48, "2 days")],
)
def test_an_age_is_given_in_days_or_hours(publisher: Client, age: Any, stored: int, shown: str) -> None:
    save(publisher, ADD, older=age)
    made = Rule.objects.get()
    assert made.older_than_hours == stored
    assert shown in made.sentence().lower()
    page = publisher.get(address(made)).content.decode()
    count, unit = (stored, "hours") if stored % 24 else (stored // 24, "days")
    assert f'name="older_than_hours_count" value="{count}"' in page
    assert f'<option value="{unit}" selected>' in page.split('name="older_than_hours_unit"')[1][:400]


@pytest.mark.parametrize(
    ("said", "field", "sentence"),
    [
        ({"older": (2, "days"), "younger": (48, "hours")}, "younger_than_hours", "this age has to be the greater one"),
        ({"older": (0, "days")}, "older_than_hours", "greater than or equal to 1"),
        ({"older": (40_000, "days")}, "older_than_hours", "At most a hundred years."),
        ({"starts_at": NOON + DAY, "ends_at": NOON + DAY}, "ends_at", "This ends before it begins"),
        ({"ends_at": NOON}, "ends_at", "This moment is past, so the rule would never count."),
    ],
)
def test_a_rule_that_can_never_count_is_refused_in_words(
    publisher: Client, said: dict[str, Any], field: str, sentence: str
) -> None:
    answer = publisher.post(ADD, {**rule_fields(**said), "_preview": ""})
    form = answer.context["adminform"].form
    assert list(form.errors) == [field]
    assert sentence in str(form.errors[field])
    assert 'name="previewed"' not in answer.content.decode()


def test_a_rule_whose_time_is_over_may_stay_out_of_use(publisher: Client) -> None:
    assert save(publisher, ADD, ends_at=NOON, is_active=None).status_code == 302


def test_moments_name_the_zone_of_the_publication(publisher: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/London"
    assert publisher.get(ADD).content.decode().count("In the publication's time, Europe/London.") == 2


def test_a_rule_that_never_decides_is_told_of_and_saved(publisher: Client) -> None:
    rule("All", 1)
    page, sent = previewed(publisher, ADD, rule_fields(name="Narrow", tier="free"))
    warning = "“Narrow” will never decide: “All” stands before it and fits whatever it fits."
    assert warning in page
    assert publisher.post(ADD, sent).status_code == 302
    assert warning in publisher.get(LIST).content.decode()
    Rule.objects.filter(name="All").update(tier="premium")
    assert warning not in publisher.get(LIST).content.decode()


# --- Who, and what is written down -----------------------------------------------------------------------------------


def test_who_may_only_look_changes_nothing(editor: Client, three: list[Rule]) -> None:
    second, looker = three[1], looking_client()
    page = looker.get(LIST).content.decode()
    assert "Every article: subscribers alone" in page
    assert "formaction" not in page
    shown = looker.get(address(second)).content.decode()
    assert "Every article: subscribers alone" in shown
    assert 'name="_preview"' not in shown
    for client, status in ((looker, 403), (editor, 200)):
        assert client.get(ADD).status_code == status
        for deed in ("up", "down", "switch-off", "switch-on", "delete"):
            assert client.get(address(second, deed)).status_code == status, deed
    assert looker.post(address(second), {**rule_fields(), "_save": ""}).status_code == 403


def test_strangers_and_readers_see_nothing_of_it(stranger: Client, registered: Client, three: list[Rule]) -> None:
    for client in (stranger, registered):
        for url in (LIST, ADD, address(three[1], "up"), address(three[1], "delete")):
            assert client.get(url).status_code in {302, 403, 404}


def test_each_change_stands_in_the_history_in_a_sentence(publisher: Client) -> None:
    make.article(section=make.section("World"), published_at=NOON - 400 * DAY)
    rule("Other", 1, tier="free")
    save(publisher, ADD, name="Archive", older=(365, "days"), section=make.section("World").pk, ask="open")
    made = Rule.objects.get(name="Archive")
    save(publisher, address(made), name="Archive", older=(30, "days"), section=make.section("World").pk, ask="open")
    for deed in ("up", "switch-off", "delete"):
        do(publisher, made, deed)
    year, month = (f"Section World, older than {age} days: open to everybody" for age in (365, 30))
    none = "This changes nothing for the articles that are published now."
    one = "This changes what 1 published article asks for."
    assert history() == [
        f"Added at place 2: {year}. {one}",
        f"Now: {month}. Before: {year}. {none}",
        f"“Archive” was moved up to place 1. {month}. {none}",
        f"“Archive” is no longer in use. {month} (not in use). {one}",
        f"“Archive” was deleted. {month} (not in use). {none}",
    ]


@pytest.mark.parametrize("kind", ["section", "topic", "series", "author"])
def test_what_a_rule_names_is_not_deleted(publisher: Client, kind: str) -> None:
    row = getattr(make, kind)()
    url = f"/admin/articles/{kind}/{row.pk}/delete/"
    made = rule("Archive", 1, **{kind: row})
    page = publisher.get(url).content.decode()
    assert f"{row} is named by rules of the paywall: “Archive”. Change or delete these first." in page
    assert publisher.post(url, {"post": "yes"}).status_code in {200, 403}
    assert type(row).objects.filter(pk=row.pk).exists()
    made.delete()
    assert publisher.post(url, {"post": "yes"}).status_code == 302


def test_the_same_numbers_hold_at_another_moment(publisher: Client) -> None:
    """The clock is a change like any other."""
    make.article(published_at=NOON - DAY)
    _page, sent = previewed(publisher, ADD, rule_fields(younger=(25, "hours")))
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        page = publisher.post(ADD, sent).content.decode()
    assert "This changes nothing for the articles that are published now." in page
    assert not Rule.objects.exists()
    assert Article.objects.count() == 1
