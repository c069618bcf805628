"""An article that is free for a time: who reads it till when, what the page says, and who decides it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import User
from articles.models import Article
from articles.page_store import PageStore
from paywall.feed_keys import FeedKey
from paywall.models import ArticleTerms, MeteredRead, Opening, Rule
from tests import make
from tests.articles.admin_forms import LIST, change_url, fields_of, moment, terms_fields

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=6)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("tier", ["premium", "registered"])
@pytest.mark.parametrize(("now", "is_open"), [(LATER - timedelta(seconds=1), True), (LATER, False)])
def test_a_stranger_reads_it_until_that_second(stranger: Client, tier: str, now: datetime, is_open: bool) -> None:
    article = make.article(tier=tier, published_at=NOON - timedelta(days=1))
    ArticleTerms.objects.create(article=article, free_until=LATER)
    with time_machine.travel(now, tick=False):
        page = stranger.get(article.get_absolute_url()).content.decode()
    assert (article.sentinel in page) is is_open
    assert ("Free to read until 23 November 2026, 18:00 UTC." in page) is is_open
    data = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)[0])
    assert data["isAccessibleForFree"] is is_open
    assert ("hasPart" in data) is not is_open


def test_no_free_read_is_spent_on_it(registered: Client) -> None:
    article = make.article()
    ArticleTerms.objects.create(article=article, free_until=datetime(2999, 1, 1, tzinfo=UTC))
    assert article.sentinel in registered.get(article.get_absolute_url()).content.decode()
    assert not MeteredRead.objects.exists()
    ArticleTerms.objects.all().delete()
    assert article.sentinel in registered.get(article.get_absolute_url()).content.decode()
    assert MeteredRead.objects.count() == 1


def test_a_draft_stays_closed_whatever_its_terms(stranger: Client) -> None:
    article = make.article(status="draft")
    ArticleTerms.objects.create(article=article, free_until=datetime(2999, 1, 1, tzinfo=UTC))
    assert stranger.get(article.get_absolute_url()).status_code == 404


def test_an_editor_sets_it_on_the_articles_own_page(editor: Client, stranger: Client) -> None:
    article = make.article(section=make.section(), body=make.long_body(0))
    form = fields_of(article, make.long_body(1), **terms_fields(datetime(2999, 1, 1, tzinfo=UTC)))
    response = editor.post(change_url(article), form)
    assert response.status_code == 302, response.content.decode()[:3000]
    assert ArticleTerms.objects.get().free_until == datetime(2999, 1, 1, tzinfo=UTC)
    assert 'data-reason="free"' in stranger.get(article.get_absolute_url()).content.decode()


def test_the_form_names_the_terms_and_the_zone_of_their_moment(editor: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/London"
    page = editor.get(change_url(make.article())).content.decode()
    terms = page.split('id="terms-group"')[1]
    assert re.search(r"<h2[^>]*>\s*Terms of this article\s*</h2>", terms)
    assert "whatever “Open to” says. In the publication's time, Europe/London." in terms


def test_who_may_not_publish_sees_the_terms_and_cannot_change_them() -> None:
    article = make.article(section=make.section())
    ArticleTerms.objects.create(article=article, free_until=datetime(2999, 1, 1, tzinfo=UTC))
    user = make.editor("writer@example.org")
    group = user.groups.get()
    group.permissions.remove(*group.permissions.filter(codename="publish_article"))
    writer = make.logged_in(User.objects.get(pk=user.pk))
    page = writer.get(change_url(article)).content.decode()
    assert "1 Jan 2999" in page
    assert 'name="terms-0-free_until_0"' not in page


# --- Counted from publication, and premium from a moment on ----------------------------------------------------------

DAY_BEFORE = NOON - timedelta(days=1)


def is_open(client: Client, article: Article, now: datetime) -> bool:
    with time_machine.travel(now, tick=False):
        return article.sentinel in client.get(article.get_absolute_url()).content.decode()


@pytest.mark.attack("L27")
@pytest.mark.parametrize(("now", "is_free"), [(LATER - timedelta(seconds=1), True), (LATER, False)])
def test_it_is_free_for_so_many_hours_from_its_publication(stranger: Client, now: datetime, is_free: bool) -> None:
    article = make.article(published_at=NOON)
    ArticleTerms.objects.create(article=article, free_hours=6)
    assert is_open(stranger, article, now) is is_free


@pytest.mark.attack("L38")
@pytest.mark.parametrize(("now", "is_free"), [(LATER - timedelta(seconds=1), True), (LATER, False)])
def test_what_is_free_becomes_premium_at_that_second(stranger: Client, now: datetime, is_free: bool) -> None:
    article = make.article(tier="free", published_at=DAY_BEFORE)
    ArticleTerms.objects.create(article=article, premium_from=LATER)
    assert is_open(stranger, article, now) is is_free


@pytest.mark.attack("L38")
@pytest.mark.parametrize("field", ["free_until", "free_hours", "premium_from"])
def test_no_kept_copy_outlives_the_moment_at_which_it_closes(
    kept_pages: PageStore, stranger: Client, field: str
) -> None:
    tier = "free" if field == "premium_from" else "premium"
    article = make.article(tier=tier, section=make.section(), topics=[make.topic()], published_at=NOON)
    value = 6 if field == "free_hours" else LATER
    ArticleTerms.objects.create(article=article, **{field: value})
    own, paths = article.get_absolute_url(), ["/", article.section.get_absolute_url(), "/search/?q=harbour"]
    feeds = ["/feeds/latest.xml", "/feeds/latest.atom", "/feeds/latest.json"]
    with time_machine.travel(LATER - timedelta(seconds=1), tick=False) as clock:
        before = {path: stranger.get(path) for path in (own, *paths, *feeds)}
        assert {response.status_code for response in before.values()} == {200}
        kept_for = {response["Cache-Control"] for response in before.values()}
        assert kept_for == {"public, max-age=0, s-maxage=0, must-revalidate"}
        assert article.sentinel in before[own].content.decode()
        assert all("meta__item mark mark--free" in before[path].content.decode() for path in paths)
        clock.move_to(LATER)
        after = {path: stranger.get(path).content.decode() for path in (own, *paths, *feeds)}
    assert not any(article.sentinel in text for text in after.values())
    assert not any("meta__item mark mark--free" in after[path] for path in paths)
    assert '"access": "premium"' in after["/feeds/latest.json"]
    assert all(">free<" not in text and 'term="free"' not in text for text in after.values())


# --- Plans -----------------------------------------------------------------------------------------------------------


def needing(*keys: str, **fields: Any) -> Article:
    article = make.article(**fields)
    plans = make.plans()
    ArticleTerms.objects.create(article=article).plans.set([plans[key] for key in keys])
    return article


def subscriber_of(key: str) -> Client:
    user = make.user()
    make.subscription(user, plan=key)
    return make.logged_in(user)


@pytest.mark.parametrize(
    ("keys", "held", "opens"),
    [
        (["annual"], "annual", True),
        (["annual"], "monthly", False),
        (["annual", "monthly"], "monthly", True),
        ([], "monthly", True),
    ],
)
def test_an_article_that_needs_a_plan_is_open_to_its_subscribers(keys: list[str], held: str, opens: bool) -> None:
    article = needing(*keys)
    page = subscriber_of(held).get(article.get_absolute_url()).content.decode()
    assert (article.sentinel in page) is opens


@pytest.mark.parametrize("tier", ["free", "registered", "premium"])
def test_a_plan_is_needed_whatever_the_tier_and_no_read_opens_it(registered: Client, tier: str) -> None:
    article = needing("annual", tier=tier)
    page = registered.get(f"{article.get_absolute_url()}?read=now").content.decode()
    assert article.sentinel not in page
    assert 'data-reason="subscription_needed"' in page
    assert not MeteredRead.objects.exists()


def test_a_subscriber_of_another_plan_is_told_which_opens_it_and_where_to_change() -> None:
    article = needing("annual")
    name = make.plans()["annual"].name
    page = subscriber_of("monthly").get(article.get_absolute_url()).content.decode()
    assert 'data-reason="plan_needed"' in page
    gate = page.split('class="gate"')[1].split("</section>")[0]
    assert name in gate
    assert 'href="/account/"' in gate
    assert "<form" not in gate, "a second subscription would be sold, and returned"
    assert f"For subscribers of {name}" in page


def test_a_stranger_is_told_at_each_option_that_does_not_open_it(stranger: Client) -> None:
    said = "It does not open this article."
    page = stranger.get(needing("annual").get_absolute_url()).content.decode()
    options = page.split('class="option')[1:]
    closed = [said in option.split("</button>")[0] for option in options if 'name="plan"' in option]
    assert closed == [True, False, True]  # free, annual, monthly
    assert said not in stranger.get(make.article().get_absolute_url()).content.decode()


def test_a_grant_of_the_library_counts_as_any_plan(subscriber: Client) -> None:
    article = needing("annual")
    assert article.sentinel in subscriber.get(article.get_absolute_url()).content.decode()


def test_neither_the_readers_own_feed_nor_any_other_has_the_body_for_another_plan(stranger: Client) -> None:
    """Also not in the words beside it: there the feed says for whom it is."""
    article, other = needing("annual"), make.article()
    texts = {}
    for held in ("annual", "monthly"):
        user = make.user()
        make.subscription(user, plan=held)
        token = FeedKey.objects.make_for(user.pk, NOON)
        texts[held] = stranger.get(f"/feeds/private/{token}/feed.xml").content.decode()
    assert article.sentinel in texts["annual"]
    assert article.sentinel not in texts["monthly"]
    assert f"For subscribers of {make.plans()['annual'].name}." in texts["monthly"]
    assert all(other.sentinel in text for text in texts.values())
    assert article.sentinel not in stranger.get("/feeds/latest.xml").content.decode()


# --- In admin --------------------------------------------------------------------------------------------------------


def outlook(client: Client, article: Article, now: datetime) -> list[str]:
    with time_machine.travel(now, tick=False):
        page = client.get(change_url(article)).content.decode()
    return re.findall(r"<p>((?:Now|From|What)[^<]*)</p>", page)


def test_the_form_says_what_it_asks_now_and_what_later(editor: Client) -> None:
    article = make.article(tier="registered", section=make.section(), published_at=DAY_BEFORE)
    assert outlook(editor, article, NOON) == ["Now: registered readers (its tier)."]
    terms = ArticleTerms.objects.create(article=article, free_until=LATER, premium_from=LATER + timedelta(days=1))
    Opening.objects.create(
        section=article.section, starts_at=LATER + timedelta(hours=1), ends_at=LATER + timedelta(hours=2)
    )
    assert outlook(editor, article, NOON) == [
        "Now: open to everybody (its own terms).",
        "From 23 November 2026, 18:00 (UTC): registered readers (its tier).",
        "From 23 November 2026, 19:00 (UTC): open to everybody (an opening).",
        "From 23 November 2026, 20:00 (UTC): registered readers (its tier).",
        "From 24 November 2026, 18:00 (UTC): subscribers, or one of the free articles (its own terms).",
    ]
    Rule.objects.create(name="Walls", ask="plan")
    assert outlook(editor, article, LATER + timedelta(days=2)) == ["Now: subscribers alone (the rule “Walls”)."]
    terms.plans.add(make.plans()["annual"])
    name = make.plans()["annual"].name
    assert outlook(editor, article, LATER + timedelta(days=2)) == [f"Now: subscribers of {name} (its own terms)."]


def test_all_terms_are_set_on_the_articles_own_page(editor: Client) -> None:
    article = make.article(section=make.section(), body=make.long_body(0))
    plan = make.plans()["annual"]
    terms = {
        **terms_fields(None), "terms-0-free_hours": "6", "terms-0-plans": [plan.pk],
        **moment("terms-0-premium_from", LATER),
    }  # fmt: skip
    response = editor.post(change_url(article), fields_of(article, make.long_body(0), **terms))
    assert response.status_code == 302, response.content.decode()[:3000]
    made = ArticleTerms.objects.get()
    assert (made.free_until, made.free_hours, made.premium_from, list(made.plans.all())) == (None, 6, LATER, [plan])


def opened_form(client: Client, article: Article) -> dict[str, Any]:
    """The form as it stands when it is opened, the terms as they are shown included."""
    page = client.get(change_url(article)).content.decode()
    found = re.search(r'name="terms-0-opened_as" value="([^"]+)"', page)
    assert found is not None
    terms = ArticleTerms.objects.filter(article=article).first()
    told = terms_fields(terms.free_until if terms else None, initial=1 if terms else 0)
    if terms:
        told |= {"terms-0-article": str(article.pk), "terms-0-plans": [plan.pk for plan in terms.plans.all()]}
    return told | {"terms-0-opened_as": found[1]}


@pytest.mark.parametrize("has_terms", [True, False])
def test_who_did_not_touch_the_terms_keeps_those_that_a_colleague_set_meanwhile(
    editor: Client, has_terms: bool
) -> None:
    article = make.article(section=make.section(), body=make.long_body(0))
    plan = make.plans()["annual"]
    if has_terms:
        ArticleTerms.objects.create(article=article, free_until=LATER)
    sent = fields_of(article, make.long_body(0), **opened_form(editor, article), headline="Another headline")
    terms, _is_new = ArticleTerms.objects.get_or_create(article=article)
    ArticleTerms.objects.update(free_until=LATER + timedelta(days=1), free_hours=3)
    terms.plans.add(plan)
    response = editor.post(change_url(article), sent)
    assert response.status_code == 302, response.content.decode()[:3000]
    terms.refresh_from_db()
    assert (terms.free_until, terms.free_hours) == (LATER + timedelta(days=1), 3)
    assert list(terms.plans.all()) == [plan]
    article.refresh_from_db()
    assert article.headline == "Another headline"


@pytest.mark.parametrize("has_terms", [True, False])
@pytest.mark.parametrize("meanwhile", ["moment", "plan"])
def test_terms_are_not_written_over_those_that_a_colleague_set_meanwhile(
    editor: Client, has_terms: bool, meanwhile: str
) -> None:
    article = make.article(section=make.section(), body=make.long_body(0))
    if has_terms:
        ArticleTerms.objects.create(article=article, free_until=LATER)
    mine = moment("terms-0-free_until", LATER + timedelta(hours=5))
    sent = fields_of(article, make.long_body(0), **(opened_form(editor, article) | mine))
    terms, _is_new = ArticleTerms.objects.get_or_create(article=article)
    if meanwhile == "moment":
        ArticleTerms.objects.update(free_hours=3)
    else:
        terms.plans.add(make.plans()["annual"])
    response = editor.post(change_url(article), sent)
    assert "Somebody else has saved this since you opened it" in response.content.decode()
    terms.refresh_from_db()
    assert terms.free_until == (LATER if has_terms else None)


# --- Free for some hours ---------------------------------------------------------------------------------------------


def open_url(article: Article) -> str:
    return f"/admin/articles/article/{article.pk}/open/"


def test_an_editor_opens_one_article_for_six_hours(editor: Client, stranger: Client) -> None:
    article = make.article(published_at=DAY_BEFORE)
    with time_machine.travel(NOON, tick=False):
        assert f'href="{open_url(article)}"' in editor.get(change_url(article)).content.decode()
        page = editor.get(open_url(article)).content.decode()
        assert re.search(r'name="hours" value="6"', page)
        assert not ArticleTerms.objects.exists()
        assert editor.post(open_url(article), {"hours": "6", "confirmed": "yes"}).status_code == 302
    assert is_open(stranger, article, LATER - timedelta(seconds=1))
    assert not is_open(stranger, article, LATER)
    told = LogEntry.objects.get(object_id=str(article.pk)).get_change_message()
    assert told == "Free to read until 23 November 2026, 18:00 (UTC)."


def test_several_are_opened_from_the_list_and_what_is_free_for_longer_stays_so(editor: Client) -> None:
    out = {"published_at": DAY_BEFORE}
    first, longer, draft = make.article(**out), make.article(**out), make.article(status="draft", **out)
    ArticleTerms.objects.create(article=longer, free_until=LATER + timedelta(days=1), free_hours=2)
    chosen = {"action": "open_for_a_time", "_selected_action": [first.pk, longer.pk, draft.pk]}
    with time_machine.travel(NOON, tick=False):
        asked = editor.post(LIST, chosen).content.decode()
        assert 'name="hours"' in asked
        assert draft.headline not in asked
        assert "Ensure this value" in editor.post(LIST, chosen | {"confirmed": "yes", "hours": "0"}).content.decode()
        assert not ArticleTerms.objects.filter(article=first).exists()
        assert editor.post(LIST, chosen | {"confirmed": "yes", "hours": "3"}).status_code == 302
    assert dict(ArticleTerms.objects.values_list("pk", "free_until")) == {
        first.pk: NOON + timedelta(hours=3), longer.pk: LATER + timedelta(days=1),
    }  # fmt: skip
    assert ArticleTerms.objects.get(article=longer).free_hours == 2


def test_who_may_not_publish_opens_nothing() -> None:
    article = make.article()
    user = make.editor("writer@example.org")
    group = user.groups.get()
    group.permissions.remove(*group.permissions.filter(codename="publish_article"))
    writer = make.logged_in(User.objects.get(pk=user.pk))
    sent = {"hours": "6", "confirmed": "yes"}
    assert writer.post(open_url(article), sent).status_code == 403
    writer.post(LIST, {"action": "open_for_a_time", "_selected_action": [article.pk], **sent})
    assert make.logged_in(make.user()).post(open_url(article), sent).status_code == 302
    assert not ArticleTerms.objects.exists()
