"""What was kept goes when anything that it shows is changed, whoever changes it and however."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from articles import purging
from articles.bodies import Body
from articles.models import Article, ArticleRedirect, Byline, CachePurge, FrontPage, ListRedirect, Section
from articles.page_store import Lifetime, PageStore
from articles.purging import Listener, NothingHeard
from paywall.models import ArticleTerms
from subscriptions.models import Plan, PlanAmount, PlanPrice
from tests import make
from tests.newsroom.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

LATER = timezone.now() + timedelta(days=30)


@pytest.fixture
def listened() -> Iterator[PageStore]:
    """A store that a real listener keeps purged."""
    kept = PageStore(1_000_000)
    listener = Listener(kept)
    listener.start()
    assert eventually(lambda: kept.is_open)
    yield kept
    listener.end()
    listener.join(10)


def keys_of(change: Callable[[], object]) -> set[str]:
    """The keys that the change sends, as the outbox has them."""
    CachePurge.objects.all().delete()
    change()
    return {key for purge in CachePurge.objects.all() for key in purge.keys.split()}


def put(kept: PageStore, *keys: str) -> None:
    kept.put("page", "text", Lifetime(keys, LATER), size=10, stamp=kept.stamp())
    assert kept.get("page", timezone.now()) == "text"


def hear_out(kept: PageStore) -> None:
    """Let all that was sent so far arrive: messages come in their order."""

    def is_put() -> bool:
        kept.put("mark", "text", Lifetime(("mark",), LATER), size=10, stamp=kept.stamp())
        return kept.get("mark", timezone.now()) is not None  # else something arrived just then

    assert eventually(is_put)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, 'mark')", [purging.CHANNEL])
    assert eventually(lambda: kept.get("mark", timezone.now()) is None)


def is_gone(kept: PageStore) -> bool:
    return kept.get("page", timezone.now()) is None


def test_a_bare_save_is_heard_of(listened: PageStore) -> None:
    article = make.article()
    hear_out(listened)
    put(listened, f"article-{article.pk}")
    article.tier = "free"
    article.save()
    assert eventually(lambda: is_gone(listened))
    assert listened.is_open


def test_a_moved_list_page_purges_its_former_address(db: None) -> None:
    section = make.section("Rivers")
    section.slug = "waters"
    assert f"section-{section.pk}" in keys_of(section.save)
    assert keys_of(ListRedirect.objects.all().delete) == {f"section-{section.pk}"}


def test_another_choice_for_the_front_page_purges_it(db: None) -> None:
    article = make.article()
    page = FrontPage.objects.create()
    assert keys_of(lambda: page.picks.create(place="lead", article=article)) == {"front"}
    assert keys_of(lambda: page.picks.update(words="Others")) == {"front"}
    assert keys_of(page.picks.all().delete) == {"front"}


def test_nothing_is_heard_of_a_change_that_is_rolled_back(listened: PageStore) -> None:
    article, other = make.article(), make.article()
    hear_out(listened)
    put(listened, f"article-{article.pk}")
    with transaction.atomic():
        Article.objects.filter(pk=article.pk).update(headline="Never")
        transaction.set_rollback(True)
    listened.put("other", "text", Lifetime((f"article-{other.pk}",), LATER), size=10, stamp=listened.stamp())
    Article.objects.filter(pk=other.pk).update(headline="Now")
    assert eventually(lambda: listened.get("other", timezone.now()) is None)
    assert not is_gone(listened)


def test_while_the_connection_is_down_nothing_is_kept_and_then_it_comes_back(listened: PageStore) -> None:
    put(listened, "library")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'newsroom purge listener' AND datname = current_database()"
        )
    assert eventually(lambda: is_gone(listened))
    assert eventually(lambda: listened.is_open)
    assert is_gone(listened)
    put(listened, "library")


def test_no_error_whatsoever_ends_the_listening(
    listened: PageStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors = [ValueError("filedescriptor out of range"), RuntimeError("anything else")]
    hear = purging.hear_out

    def stumble(listening: psycopg.Connection) -> float:
        if errors:
            raise errors.pop()
        return hear(listening)

    monkeypatch.setattr(purging, "hear_out", stumble)
    assert eventually(lambda: not errors and listened.is_open)
    assert len([record for record in caplog.records if "page cache is off" in record.message]) <= 2


def test_a_connection_on_which_no_message_arrives_is_never_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "PROOF_LIMIT", 0.5)
    kept = PageStore(1_000)
    listener = Listener(kept)
    with psycopg.connect(**purging.parameters(), autocommit=True) as deaf, pytest.raises(NothingHeard):
        listener._prove(deaf)
    assert not kept.is_open


# --- what sends which keys ------------------------------------------------------------------------------------------


def test_an_edit_of_what_is_out_purges_its_pages_and_no_more() -> None:
    article = make.article()
    assert keys_of(lambda: Article.objects.update(headline="New")) == {f"article-{article.pk}", "articles"}
    assert keys_of(lambda: Article.objects.update(headline="New")) == set()  # nothing is different


@pytest.mark.parametrize(("tier", "is_told"), [("premium", False), ("registered", False), ("free", True)])
def test_a_change_of_the_part_that_strangers_do_not_read_is_told_to_nobody(tier: str, is_told: bool) -> None:
    """Else the slow answer after a purge would tell a stranger of it."""
    article = make.article(tier=tier)
    body = make.long_body(1)
    article.save_with_body(body)
    edited = body.replace(make.sentinel(1), "elsewhere")
    assert (f"article-{article.pk}" in keys_of(lambda: article.save_with_body(edited))) is is_told


def test_a_change_of_the_rounded_length_is_told() -> None:
    article = make.article()
    Article.objects.update(word_count=130)
    assert keys_of(lambda: Article.objects.update(word_count=140)) == set()  # both are said to be 150
    assert f"article-{article.pk}" in keys_of(lambda: Article.objects.update(word_count=190))


def test_a_body_that_is_open_for_a_time_is_told_of() -> None:
    article = make.article()
    ArticleTerms.objects.create(article=article, free_until=LATER)
    assert f"article-{article.pk}" in keys_of(lambda: Body.objects.update(html="<p>New.</p>", continue_at=0))


def test_a_part_of_a_series_purges_the_pages_of_the_others() -> None:
    article = make.article(series=make.series())
    assert f"series-{article.series_id}" in keys_of(lambda: Article.objects.update(headline="New"))


def test_emptying_a_table_purges_everything() -> None:
    def empty() -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE paywall_articleterms CASCADE")

    assert keys_of(empty) == {"everything"}


@pytest.mark.parametrize(
    "change",
    [
        {"status": "withdrawn"},
        {"status": "draft"},
        {"published_at": timezone.now() + timedelta(hours=1)},
        {"slug": "another"},
        {"section": None},
    ],
)
def test_a_change_of_what_is_out_purges_every_list(change: dict[str, Any]) -> None:
    make.article(section=make.section())
    assert "library" in keys_of(lambda: Article.objects.update(**change))


def test_a_draft_purges_nothing_until_it_is_published() -> None:
    draft = make.article(status="draft")
    assert keys_of(lambda: Article.objects.update(headline="Another")) == set()
    assert keys_of(lambda: make.article(status="draft")) & {"library", "articles"} == set()
    assert keys_of(lambda: Article.objects.filter(pk=draft.pk).update(status="published")) >= {
        "library",
        f"article-{draft.pk}",
    }
    assert "library" in keys_of(lambda: make.article())
    assert "library" in keys_of(lambda: Article.objects.all().delete())


def test_names_pictures_bylines_and_former_addresses_purge_what_shows_them() -> None:
    writer, topic, photo = make.author(), make.topic(), make.photo()
    article = make.article(section=make.section(), topics=[topic], photo=photo, series=make.series())
    mine = f"article-{article.pk}"
    assert keys_of(lambda: Byline.objects.create(article=article, author=writer)) == {
        mine,
        f"author-{writer.pk}",
        "lists",
    }
    assert keys_of(lambda: type(writer).objects.update(name="New")) == {f"author-{writer.pk}", "lists"}
    assert keys_of(lambda: type(topic).objects.update(name="New")) == {f"topic-{topic.pk}", "lists"}
    assert keys_of(lambda: article.topics.clear()) == {mine, f"topic-{topic.pk}", "lists"}
    assert keys_of(lambda: type(photo).objects.update(caption="New")) == {mine}
    assert "sections" in keys_of(lambda: Section.objects.update(name="New"))
    assert keys_of(lambda: ArticleRedirect.objects.create(slug="old", article=article)) == {mine}
    assert f"series-{article.series_id}" in keys_of(lambda: article.series.delete())


def test_a_portrait_purges_the_pages_of_its_author() -> None:
    portrait = make.photo()
    writer = make.author(portrait=portrait)
    assert keys_of(lambda: type(portrait).objects.update(focal_x=10)) == {f"author-{writer.pk}"}


def test_plans_prices_and_terms_purge_what_shows_them() -> None:
    article = make.article()
    assert keys_of(lambda: Plan.objects.update(small_print="New")) == {"plans"}
    assert keys_of(lambda: Plan.objects.update(small_print="New")) == set()
    assert keys_of(lambda: make.plan_price()) == {"plans"}
    further = {"plan": Plan.objects.get(key="annual"), "amount_minor": 7900, "currency": "EUR", "interval": "year"}
    assert keys_of(lambda: PlanAmount.objects.create(**further)) == {"plans"}
    assert keys_of(lambda: PlanAmount.objects.update(amount_minor=7800)) == {"plans"}
    assert keys_of(lambda: PlanPrice.objects.update(is_active=False)) == {"plans"}
    assert keys_of(lambda: ArticleTerms.objects.create(article=article, free_until=LATER)) == {
        f"article-{article.pk}",
        "moments",
    }
    assert "moments" in keys_of(lambda: ArticleTerms.objects.all().delete())


def test_an_import_purges_everything_in_few_rows(tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    line = '{"headline": "Number %d", "published": "2026-01-02T03:04:05Z", "body": "<p>One. Two. Three.</p>"}\n'
    lines.write_text("".join(line % number for number in range(150)))
    keys = keys_of(lambda: call_command("import_articles", str(lines), verbosity=0))
    assert "everything" in keys
    assert CachePurge.objects.count() < 20
