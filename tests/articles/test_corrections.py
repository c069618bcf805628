"""Corrections: on the article for everybody, on a page of their own, and made in admin by those who publish."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models import Article, CachePurge, Correction
from articles.paging import PAGE_SIZE
from tests import make
from tests.articles.admin_forms import change_url, fields_of, opened_as

pytestmark = pytest.mark.django_db

WRONG = "An earlier version said that the dam was forty metres high. It is fourteen."


def correct(article: Article, text: str = WRONG, **fields: Any) -> Correction:
    return Correction.objects.create(article=article, text=text, **fields)


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_the_box_stands_on_the_article_for_every_reader_also_at_the_gate(stranger: Client, subscriber: Client) -> None:
    article = make.article()
    correct(article, kind="clarification")
    for client, reads_on in ((stranger, False), (subscriber, True)):
        text = page(client, article.get_absolute_url())
        assert (article.sentinel in text) is reads_on
        box = text.split('id="corrections"')[1].split("</aside>")[0]
        assert WRONG in box
        assert "Clarification" in box
        assert 'href="#corrections"' in text.split('id="corrections"')[0]  # named at the head


def test_an_article_without_corrections_has_no_box(stranger: Client) -> None:
    assert "corrections" not in page(stranger, make.article().get_absolute_url()).split('<footer class="footer')[0]


def test_the_text_of_a_correction_is_text(stranger: Client) -> None:
    article = make.article()
    correct(article, "<script>alert(1)</script>\n\nSecond paragraph.")
    for url in (article.get_absolute_url(), "/corrections/"):
        text = page(stranger, url)
        assert "<script>alert" not in text
        assert "<p>Second paragraph.</p>" in text


def test_the_page_has_the_newest_first_each_with_its_article(stranger: Client) -> None:
    article, now = make.article(headline="The dam"), timezone.now()
    for days in (3, 1, 2):
        correct(article, f"Day {days}.", made_at=now - timedelta(days=days))
    text = page(stranger, "/corrections/")
    assert re.findall(r"Day \d", text) == ["Day 1", "Day 2", "Day 3"]
    assert f'href="{article.get_absolute_url()}#corrections"' in text


@pytest.mark.parametrize(
    "state",
    [
        {"status": "draft"},
        {"status": "withdrawn"},
        {"published_at": timezone.now() + timedelta(days=9)},
    ],
)
def test_corrections_of_what_is_not_out_stand_nowhere(stranger: Client, state: dict[str, Any]) -> None:
    article, other = make.article(headline="Taken back"), make.article()
    correct(article, "Gone.")
    correct(other, "Here.")
    assert "Gone." in page(stranger, "/corrections/")
    Article.objects.filter(pk=article.pk).update(**state)
    text = page(stranger, "/corrections/")
    assert "Here." in text
    assert "Gone." not in text
    assert "Taken back" not in text


def test_the_list_goes_on_by_place_without_a_gap_and_each_page_costs_the_same(
    stranger: Client,
) -> None:
    article, moment = make.article(), timezone.now() - timedelta(days=1)
    wanted = [correct(article, f"Number {number}.", made_at=moment).pk for number in range(2 * PAGE_SIZE + 5)]
    found: list[int] = []
    counts: list[int] = []
    url = "/corrections/"
    while url:
        with CaptureQueriesContext(connection) as queries:
            text = page(stranger, url)
        counts.append(len(queries))
        found += [int(pk) for pk in re.findall(r'id="correction-(\d+)"', text)]
        following = re.search(r'<link rel="next" href="([^"]+)"', text)
        url = following[1] if following else ""
        assert (f'rel="next" href="{url}">Next' in text) is bool(following)
    assert found == wanted[::-1]
    assert len(counts) == 3
    assert len(set(counts)) == 1


@pytest.mark.parametrize(
    "place", ["x", "1", "-", "1-", "9" * 18 + "-1", "1" * 30 + "-1", "1-²", "1-1-1", "1-1", "001-1"]
)
def test_a_place_that_is_none_is_not_found(stranger: Client, place: str) -> None:
    assert stranger.get("/corrections/", {"before": place}).status_code == 404


def test_every_page_of_the_list_leads_back(stranger: Client) -> None:
    article, moment = make.article(), timezone.now() - timedelta(days=1)
    for number in range(2 * PAGE_SIZE + 1):
        correct(article, f"Number {number}.", made_at=moment - timedelta(hours=number))
    texts = [page(stranger, "/corrections/")]
    for _ in range(2):
        following = re.search(r'<link rel="next" href="([^"]+)"', texts[-1])
        assert following
        texts.append(page(stranger, following[1]))
    back = re.search(r'<link rel="prev" href="([^"]+)"', texts[2])
    assert back
    second = page(stranger, back[1])
    assert re.findall(r'id="correction-\d+"', second) == re.findall(r'id="correction-\d+"', texts[1])
    back = re.search(r'<link rel="prev" href="([^"]+)"', second)
    assert back
    response = stranger.get(back[1])
    assert (response.status_code, response["Location"]) == (302, "/corrections/")


def test_the_page_is_kept_under_the_keys_of_what_it_shows(stranger: Client) -> None:
    article = make.article()
    correct(article)
    keys = stranger.get("/corrections/")["Surrogate-Key"].split()
    assert {"corrections", "library", f"article-{article.pk}"} <= set(keys)


def test_only_known_kinds_are_stored() -> None:
    with pytest.raises(IntegrityError, match="correction_kind_is_known"):
        correct(make.article(), kind="apology")


# --- in admin -------------------------------------------------------------------------------------------------------


def test_an_editor_adds_and_mends_a_correction_on_the_articles_form(editor: Client, stranger: Client) -> None:
    article = make.article(section=make.section())
    body = f"<p>{article.sentinel}</p>"
    new = {"corrections-TOTAL_FORMS": "1", "corrections-0-kind": "correction", "corrections-0-text": WRONG}
    assert editor.post(change_url(article), fields_of(article, body, **new)).status_code == 302
    made = Correction.objects.get()
    assert (made.article_id, made.text) == (article.pk, WRONG)
    mended = new | {
        "corrections-INITIAL_FORMS": "1",
        "corrections-0-text": "Mended.",
        "corrections-0-id": str(made.pk),
        "corrections-0-article": str(article.pk),
    }
    assert editor.post(change_url(article), fields_of(article, body, **mended)).status_code == 302
    made.refresh_from_db()
    assert made.text == "Mended."
    assert "Mended." in page(stranger, article.get_absolute_url())


def test_a_correction_is_neither_overwritten_nor_added_from_a_form_opened_before(editor: Client) -> None:
    article = make.article(section=make.section())
    url, body = change_url(article), f"<p>{article.sentinel}</p>"
    opened = opened_as(editor, url)

    def sent(text: str) -> Any:
        new = {"corrections-TOTAL_FORMS": "1", "corrections-0-kind": "correction", "corrections-0-text": text}
        return editor.post(url, fields_of(article, body, **new, **opened))

    assert sent("Theirs, saved first.").status_code == 302
    refused = sent("Mine, typed meanwhile.")
    assert "Somebody else has saved this" in refused.content.decode()
    assert "Mine, typed meanwhile." in refused.content.decode()
    opened = opened_as(editor, url)
    made = Correction.objects.get()
    row = {"TOTAL_FORMS": "1", "INITIAL_FORMS": "1", "0-id": str(made.pk), "0-article": str(article.pk)}
    row |= {"0-kind": "correction", "0-text": "Theirs, mended."}
    mended = fields_of(article, body, **{f"corrections-{name}": value for name, value in row.items()}, **opened)
    assert editor.post(url, mended).status_code == 302
    answer = editor.post(url, mended | {"corrections-0-text": "Mine, mended."})
    assert "Somebody else has saved this" in answer.content.decode()
    assert list(Correction.objects.values_list("text", flat=True)) == ["Theirs, mended."]


def test_a_draft_has_nothing_to_correct(editor: Client) -> None:
    def offers(status: str) -> bool:
        return b"corrections-TOTAL_FORMS" in editor.get(change_url(make.article(status=status))).content

    assert [offers(status) for status in ("draft", "published", "withdrawn")] == [False, True, True]


def test_an_editor_takes_none_away() -> None:
    held = set(Permission.objects.filter(group__name="editors").values_list("codename", flat=True))
    assert {"add_correction", "change_correction", "view_correction"} <= held
    assert "delete_correction" not in held


# --- what is kept ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_every_change_purges_the_article_and_the_page_of_corrections() -> None:
    article = make.article()
    for change in (
        lambda: correct(article),
        lambda: Correction.objects.update(text="Another."),
        lambda: Correction.objects.all().delete(),
    ):
        CachePurge.objects.all().delete()
        change()
        keys = {key for purge in CachePurge.objects.all() for key in purge.keys.split()}
        assert keys == {f"article-{article.pk}", "corrections"}
