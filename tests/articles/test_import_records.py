"""What an import makes of records: articles with all that belongs to them, or a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from articles.bodies import Body
from articles.importers import library
from articles.importers.lines import Unreadable
from articles.models import Article, ArticleRedirect, Author, Photo, Section, Series, Status, Topic
from tests import make
from tests.articles.import_lines import BODY, counts, load, reasons, record

pytestmark = pytest.mark.django_db


def test_an_article_comes_with_all_that_belongs_to_it() -> None:
    report = load(
        record(
            slug="the-ferry-of-noon",
            standfirst="It left &#8220;early&#8221;.",
            authors=["Tomás Adeyemi", "Ilse Marchetti"],
            section="Security",
            topics=["Ports", "Ferries"],
            series="Hulls",
            series_part=2,
            tier="registered",
            language="en-GB",
        )
    )
    assert (counts(report), reasons(report)) == ((1, 0, 0, 0), [])
    article = Article.objects.get()
    assert (article.slug, article.standfirst, article.status) == (
        "the-ferry-of-noon",
        "It left “early”.",
        Status.PUBLISHED,
    )
    assert article.published_at == datetime(2020, 5, 4, 8, tzinfo=UTC)
    assert [author.name for author in article.byline_authors] == ["Tomás Adeyemi", "Ilse Marchetti"]
    assert (article.section.name, article.series.title, article.series_part) == ("Security", "Hulls", 2)
    assert {topic.name for topic in article.topics.all()} == {"Ports", "Ferries"}
    assert (article.tier, article.language, article.word_count) == ("registered", "en-gb", 17)
    assert article.teaser == "<p>The ferry left. Nobody saw it. …</p>"
    body = Body.objects.get(article=article)
    assert (body.html, body.language) == (BODY, "en-gb")
    assert body.html[body.continue_at :].startswith(" The harbour")


def test_articles_that_come_in_are_found_by_their_words() -> None:
    load(record())
    assert Article.objects.filter(search_vector="ferry").exists()
    assert Body.objects.filter(search_vector="clerk").exists()


def test_markdown_is_read_and_prose_that_looks_like_a_tag_stays() -> None:
    load(
        record(format="markdown", body="Standard Oil <SRD> *fell*. It rose.\n\n- one\n- two <b>three</b>\n\nEnd of it.")
    )
    html = Body.objects.get().html
    assert html.startswith("<p>Standard Oil &lt;SRD&gt; <em>fell</em>. It rose.</p>\n<ul><li>one</li>")
    assert "<strong>three</strong>" in html


def test_without_a_tier_an_article_is_what_new_ones_are(settings: Any) -> None:
    settings.DEFAULT_TIER = "premium"
    load(record())
    assert Article.objects.get().tier == "premium"


def test_a_date_in_the_future_schedules_and_one_without_a_zone_is_utc() -> None:
    future = timezone.now() + timedelta(days=3)
    load(record(id="a", published=future.isoformat()), record(id="b", published="2021-01-02"))
    assert Article.objects.get(source_id="b").published_at == datetime(2021, 1, 2, tzinfo=UTC)
    assert [article.source_id for article in Article.objects.published()] == ["b"]


def test_nobody_is_mailed_and_nobody_is_made_staff(django_user_model: Any) -> None:
    load(record(authors=["Eve"], role="administrator", is_staff=True))
    assert not mail.outbox
    assert not django_user_model.objects.exists()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (Unreadable("not UTF-8"), "not UTF-8"),
        ([1, 2], "not a JSON object"),
        (None, "not a JSON object"),
        (record(headline=None), "no headline"),
        (record(headline=" \x00 "), "no headline"),
        (record(headline=["a"]), "no headline"),
        (record(headline="a" * 251), "the headline has 251 characters, at most 250 are allowed"),
        (record(published=None), "no date"),
        (record(published=""), "no date"),
        (record(published="yesterday"), "the date 'yesterday' is not in ISO 8601"),
        (record(published=1588579200), "the date 1588579200 is not in ISO 8601"),
        (record(published={"a": 1}), "the date {'a': 1} is not in ISO 8601"),
        (record(published="0001-01-01T00:00:00+14:00"), "lies outside the years 1001 to 9998"),
        (record(tier="gold"), "unknown tier 'gold': expected free, registered, premium"),
        (record(tier=[]), "unknown tier []"),
        (record(format="rtf"), "unknown format 'rtf': expected html or markdown"),
        (record(format=["html"]), "unknown format ['html']"),
        (record(body=None), "empty body"),
        (record(body=" \n "), "empty body"),
        (record(body=["a"]), "the body is not a text"),
        (record(body="<script>a()</script>"), "empty body: nothing of it is left once cleaned"),
        (record(body="a" * 1_000_001), "the body is too long: 1,000,001 characters"),
        (record(body="<p>" + "&" * 400_000), "the body is too long: 2,000,007 characters once cleaned"),
    ],
)
def test_a_record_is_rejected_with_its_line_and_the_reason(raw: object, reason: str) -> None:
    report = load(record(id="good"), raw, record(id="better"))
    assert counts(report) == (2, 0, 0, 1)
    assert len(report.problems) == 1
    assert str(report.problems[0]).startswith(f"line 2: rejected: {reason}") or reason in str(report.problems[0])
    assert Article.objects.count() == Body.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "warning"),
    [
        ({"standfirst": "word " * 200}, "standfirst was shortened to 500 characters"),
        ({"standfirst": 5}, "standfirst is not a text and was left out"),
        ({"section": "s" * 81}, "section has more than 80 characters and was left out"),
        ({"authors": "Eve"}, "authors is not a list and was left out"),
        ({"authors": ["Eve", 5, ""]}, "authors: what is empty, not a text or longer than 160 characters was left out"),
        ({"topics": [f"t{n}" for n in range(150)]}, "topics: no more than 100 are kept"),
        ({"language": "klingon!"}, "the language 'klingon!' is not a code such as en or pt-BR and was left out"),
        ({"body": BODY + '<img src="https://x/y.png" alt="A quay">'}, "an image in the body was replaced"),
        ({"body": BODY + "<img><img>"}, "2 images in the body were replaced by their alternative texts"),
        ({"body": "<hr>"}, "the body holds no words"),
        ({"photo": {"alt": "a"}}, "photo left out: it has no url"),
        ({"photo": {"url": "a.png"}}, "photo left out: it has no alternative text"),
    ],
)
def test_what_can_be_left_out_is_and_the_article_comes_in(fields: dict[str, Any], warning: str) -> None:
    report = load(record(**fields))
    assert counts(report) == (1, 0, 0, 0)
    assert [text for text in reasons(report) if text.startswith(f"line 1: {warning}")]


def test_scripts_in_every_field_are_text_or_gone() -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    photo = {"url": evil, "alt": evil, "caption": evil, "credit": evil}
    names = {"authors": [evil], "topics": [evil], "section": evil, "series": evil, "language": evil, "photo": photo}
    report = load(record(headline=evil, standfirst=evil, slug=evil, body=evil + BODY, **names))
    assert report.created == 1
    article = Article.objects.get()
    assert article.headline == evil
    assert article.slug == "scriptalert1-scriptimg-srcx-onerroralert1"
    assert "<script" not in Body.objects.get().html + article.teaser
    assert Author.objects.get().slug == article.slug


# --- again ----------------------------------------------------------------------------------------------------------


def test_the_same_again_changes_nothing_and_keeps_what_editors_did() -> None:
    load(record(authors=["Eve"], topics=["Ports"]))
    Article.objects.update(headline="Edited", status=Status.WITHDRAWN)
    report = load(record(authors=["Eve"], topics=["Ports"]))
    assert counts(report) == (0, 0, 1, 0)
    assert (Article.objects.get().headline, Article.objects.get().status) == ("Edited", Status.WITHDRAWN)


def test_a_changed_record_writes_what_it_names_and_nothing_else() -> None:
    load(record(authors=["Eve"], topics=["Ports"], section="Security", tier="premium"))
    article = Article.objects.get()
    article.slug, article.status, article.tier, article.standfirst = "edited", Status.WITHDRAWN, "registered", "Edited."
    article.save()
    body = BODY.replace("ferry", "barge")
    report = load(record(headline="The barge", slug="other", body=body, authors=["Adam", "Eve"], topics=[]))
    assert counts(report) == (0, 1, 0, 0)
    article = Article.objects.get()
    assert (article.headline, Body.objects.get().html) == ("The barge", body)
    assert article.teaser.startswith("<p>The barge left.")
    assert (article.slug, article.status, article.tier) == ("edited", Status.WITHDRAWN, "registered")
    assert (article.standfirst, article.section.name) == ("Edited.", "Security")
    assert [author.name for author in article.byline_authors] == ["Adam", "Eve"]
    assert not article.topics.exists()
    assert counts(load(record(headline="The barge", slug="other", body=body, authors=["Adam", "Eve"], topics=[]))) == (
        0,
        0,
        1,
        0,
    )


def test_one_id_twice_in_a_file_is_one_article_and_the_last_line_counts() -> None:
    report = load(record(), record(headline="Later"), record(id=7), record(id="7"))
    assert counts(report) == (2, 2, 0, 0)
    assert set(Article.objects.values_list("source_id", "headline")) == {("a1", "Later"), ("7", "The ferry")}


def test_records_without_an_id_are_known_by_headline_and_date() -> None:
    plain = record()
    del plain["id"]
    assert counts(load(plain, plain | {"headline": "Other"})) == (2, 0, 0, 0)
    report = load(plain, plain | {"headline": "Other", "body": BODY + BODY})
    assert counts(report) == (0, 1, 1, 0)
    assert reasons(report) == ["line 2: has no id: taken for a new version of the article of this headline and date"]


def test_an_id_too_long_for_its_column_still_tells_articles_apart() -> None:
    long_ids = record(id="x" * 300), record(id="x" * 299 + "y")
    assert counts(load(*long_ids)) == (2, 0, 0, 0)
    assert counts(load(*long_ids)) == (0, 0, 2, 0)


# --- the database refuses -------------------------------------------------------------------------------------------


def test_what_the_database_refuses_loses_no_other_record_of_its_batch() -> None:
    load(record(id="old", topics=["Ports"]))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE articles_article ADD CONSTRAINT no_ghosts CHECK (headline <> 'Ghost')")
    report = load(
        record(id="b", authors=["Eve"]),
        record(id="c", headline="Ghost", authors=["Nobody"]),
        record(id="old", headline="Ghost"),
        record(id="d", topics=["Ports"]),
    )
    assert counts(report) == (2, 0, 0, 2)
    assert all("the database refused it: " in reason and "no_ghosts" in reason for reason in reasons(report))
    assert [problem.line for problem in report.problems] == [2, 3]
    assert set(Article.objects.values_list("source_id", flat=True)) == {"old", "b", "d"}
    assert not Author.objects.filter(name="Nobody").exists()


def test_every_line_is_counted_whatever_the_size_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "BATCH_RECORDS", 3)
    records = [record(id=f"n{n}", headline=f"Story {n % 4}", topics=[f"t{n % 3}"]) for n in range(10)]
    assert counts(load(*records)) == (10, 0, 0, 0)
    assert counts(load(*records)) == (0, 0, 10, 0)
    assert Topic.objects.count() == 3
    slugs = set(Article.objects.values_list("slug", flat=True))
    assert slugs == {f"story-{n}{end}" for n in range(4) for end in ("", "-2", "-3")} - {"story-2-3", "story-3-3"}


# --- addresses and names --------------------------------------------------------------------------------------------


def test_an_address_that_is_taken_gets_the_next_number_former_ones_too() -> None:
    make.article(slug="the-ferry")
    ArticleRedirect.objects.create(slug="the-ferry-2", article=Article.objects.get())
    load(record(id="a"), record(id="b"), record(id="c", slug="The Ferry!"))
    slugs = Article.objects.filter(source_id__isnull=False).order_by("source_id").values_list("slug", flat=True)
    assert list(slugs) == ["the-ferry-3", "the-ferry-4", "the-ferry-5"]


def test_a_headline_without_latin_letters_has_an_address_all_the_same() -> None:
    load(
        record(id="a", headline="渡轮离开了"),
        record(id="b", headline="渡轮离开了"),
        record(id="c", headline="Łódź — ære"),
    )
    first, second, third = Article.objects.order_by("source_id").values_list("slug", flat=True)
    assert first.startswith("article-")
    assert second == f"{first}-2"
    assert third == "lodz-aere"


def test_names_are_the_rows_that_are_there_whatever_their_capitals() -> None:
    section, topic, author, series = (
        make.section("Security"),
        make.topic("Ports"),
        make.author("Eve Fox"),
        make.series(),
    )
    names = {"section": "SECURITY", "topics": ["ports", "Ports"], "authors": ["eve fox"], "series": series.title}
    load(record(id="a", **names), record(id="b", **names))
    for article in Article.objects.all():
        assert (article.section, article.series, article.byline_authors) == (section, series, [author])
        assert list(article.topics.all()) == [topic]
    assert [model.objects.count() for model in (Section, Topic, Author, Series)] == [1, 1, 1, 1]


def test_names_that_make_the_same_address_stay_two() -> None:
    load(record(topics=["R&D", "RD", "研究", "研发"]))
    assert Topic.objects.count() == 4
    assert {"rd", "rd-2"} < set(Topic.objects.values_list("slug", flat=True))


def test_new_sections_fill_an_empty_navigation_and_leave_one_that_editors_made() -> None:
    load(*(record(id=f"n{n}", section=f"Section {n}") for n in range(12)))
    assert Section.objects.filter(is_in_navigation=True).count() == 8
    load(record(id="later", section="Later"))
    assert not Section.objects.get(name="Later").is_in_navigation


# --- a dry run ------------------------------------------------------------------------------------------------------


def test_a_dry_run_reports_the_same_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "quay.png").write_bytes(make.picture_bytes())
    load(record(id="old"))
    before = everything()
    records = (
        record(id="old", headline="New"),
        record(id="b", section="S", topics=["T"], authors=["A"], photo={"url": "quay.png", "alt": "A quay"}),
        record(id="c", published=None),
        record(id="b", headline="Again", photo={"url": "missing.png", "alt": "Nothing"}),
    )
    dry = load(*records, folder=tmp_path, dry_run=True)
    assert everything() == before
    assert not default_storage.exists("photos")
    real = load(*records, folder=tmp_path)
    assert counts(dry) == counts(real) == (1, 2, 0, 1)
    assert reasons(dry) == reasons(real)


def everything() -> list[list[dict[str, Any]]]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Article, Body, Section, Topic, Author, Photo, ArticleRedirect, Article.topics.through)
    ]
