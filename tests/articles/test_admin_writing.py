"""Writing in admin: the body goes in and out through the form alone, and is seen nowhere else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from articles.bodies import Body
from articles.models import Article
from articles.sanitising import MAX_CHARACTERS
from tests import make
from tests.articles.admin_forms import ADD, LIST, article_fields, change_url, fields_of

pytestmark = pytest.mark.django_db


def stored_html(article: Article) -> str:
    return Body.objects.get(pk=article.pk).html


def test_a_saved_draft_keeps_its_body_cleaned_and_its_teaser(editor: Client) -> None:
    body = '<p>One free sentence.</p><hr class="paywall-cut"><p>The rest costs.<script>alert(1)</script></p>'
    response = editor.post(ADD, article_fields(body=body))
    assert response.status_code == 302
    article = Article.objects.get(slug="the-tide-tables")
    assert article.status == "draft"
    assert '<hr class="paywall-cut">' in stored_html(article)
    assert "script" not in stored_html(article)
    assert "One free sentence." in article.teaser
    assert "The rest costs" not in article.teaser


def test_the_form_shows_the_stored_body(editor: Client) -> None:
    article = make.article()
    page = editor.get(change_url(article))
    assert article.sentinel in page.content.decode()
    assert "data-body-editor" in page.content.decode()


def test_a_changed_body_replaces_the_former_one(editor: Client) -> None:
    article = make.article(status="draft", section=make.section())
    editor.post(change_url(article), fields_of(article, "<p>All new. Entirely so.</p>"))
    assert stored_html(article) == "<p>All new. Entirely so.</p>"
    article.refresh_from_db()
    assert article.word_count == 4


def test_saving_without_touching_the_body_leaves_it_alone(editor: Client) -> None:
    article = make.article(status="draft")
    before = stored_html(article)
    editor.post(change_url(article), fields_of(article, before.replace("\n", "\r\n"), headline="Another headline"))
    article.refresh_from_db()
    assert (article.headline, stored_html(article)) == ("Another headline", before)


def test_a_new_language_reaches_the_index_of_the_body(editor: Client) -> None:
    article = make.article(status="draft")
    editor.post(change_url(article), fields_of(article, stored_html(article), language="pt"))
    assert Body.objects.get(pk=article.pk).language == "pt"


def test_a_body_that_is_too_long_is_refused_in_words_and_nothing_is_written(editor: Client) -> None:
    response = editor.post(ADD, article_fields(body="<p>" + "a" * MAX_CHARACTERS + "</p>"))
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["body"] == [
        "This body is too long: at most 1,000,000 characters of HTML are kept."
    ]
    assert not Article.objects.exists()


def test_article_and_body_are_saved_together_or_not_at_all(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr(Body, "save", fail)
    with pytest.raises(RuntimeError):
        editor.post(ADD, article_fields())
    assert not Article.objects.exists()


def test_the_body_appears_neither_in_the_list_nor_in_the_history(editor: Client) -> None:
    article = make.article(status="draft")
    editor.post(change_url(article), fields_of(article, "<p>A new text with brightword. And more.</p>"))
    assert article.headline in editor.get(LIST).content.decode()
    assert list(editor.get(f"{LIST}?q=brightword").context["cl"].result_list) == []
    for address in (LIST, f"{change_url(article)}../history/", f"{change_url(article)}../delete/", "/admin/"):
        assert "brightword" not in editor.get(address).content.decode()
    entry = LogEntry.objects.get(object_id=str(article.pk))
    assert "brightword" not in f"{entry.change_message}{entry.object_repr}"
    assert "Body" in entry.get_change_message()


def test_the_list_takes_the_same_queries_for_one_article_as_for_ten(editor: Client) -> None:
    def made() -> None:
        make.article(section=make.section(), authors=[make.author()], topics=[make.topic()], photo=make.photo())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert editor.get(LIST).status_code == 200
        return len(captured)

    made()
    editor.get(LIST)
    first = queries()
    for _number in range(9):
        made()
    assert queries() == first


def test_every_field_of_a_byline_says_what_it_is(editor: Client) -> None:
    """The head of the column is no label."""
    article = make.article(authors=[make.author("First")])
    text = editor.get(f"/admin/articles/article/{article.pk}/change/").content.decode()
    fields = re.findall(
        r'<(?:input|select)[^>]*\bname="bylines-(?:0|__prefix__)-(?:author|position|DELETE)"[^>]*>', text
    )
    assert len(fields) == 5
    for field in fields:
        name = re.search(r"-(\w+)\"", field)
        assert name is not None
        assert f'aria-label="{name[1].capitalize()}"' in field


def test_bylines_keep_the_order_that_the_editor_gave(editor: Client) -> None:
    second, first = make.author("Noor Lindqvist"), make.author("Pavel Okonjo")
    bylines = {
        "bylines-TOTAL_FORMS": "2",
        "bylines-0-author": str(second.pk),
        "bylines-0-position": "2",
        "bylines-1-author": str(first.pk),
        "bylines-1-position": "1",
    }
    editor.post(ADD, article_fields(**bylines))
    assert Article.objects.get().byline_authors == [first, second]


def test_a_new_slug_leaves_a_redirect_from_the_former_one(editor: Client, stranger: Client) -> None:
    article = make.article(slug="first-address", section=make.section())
    editor.post(change_url(article), fields_of(article, stored_html(article), slug="second-address"))
    assert stranger.get("/articles/first-address/")["Location"] == "/articles/second-address/"


def test_the_slug_follows_the_headline_of_drafts_only(editor: Client) -> None:
    draft, out = make.article(status="draft"), make.article()
    assert b'data-prepopulated-fields="[{' in editor.get(change_url(draft)).content
    assert b'data-prepopulated-fields="[{' not in editor.get(change_url(out)).content


def test_a_draft_can_be_deleted_with_its_former_addresses_and_nothing_else_can(editor: Client) -> None:
    draft, out = make.article(status="draft"), make.article()
    draft.slug = "moved"
    draft.save()
    assert editor.post(f"{LIST}{draft.pk}/delete/", {"post": "yes"}).status_code == 302
    assert editor.post(f"{LIST}{out.pk}/delete/", {"post": "yes"}).status_code == 403
    assert list(Article.objects.all()) == [out]


def test_two_editors_cannot_undo_each_other_unawares(editor: Client) -> None:
    article = make.article(status="draft")
    page = editor.get(change_url(article))
    opened_as = page.context["adminform"].form.initial["opened_as"]
    assert f'name="opened_as" value="{opened_as}"' in page.content.decode()
    mine = fields_of(article, "<p>Mine. My very own.</p>", opened_as=opened_as)
    theirs = fields_of(article, "<p>Theirs. Saved first.</p>", opened_as=opened_as)
    assert editor.post(change_url(article), theirs).status_code == 302
    refused = editor.post(change_url(article), mine)
    assert refused.status_code == 200
    assert "Somebody else has saved this" in refused.content.decode()
    assert "Mine. My very own." in refused.content.decode()
    assert stored_html(article) == "<p>Theirs. Saved first.</p>"


def test_the_former_address_of_another_article_cannot_be_taken(editor: Client) -> None:
    moved = make.article(slug="first")
    moved.slug = "second"
    moved.save()
    response = editor.post(ADD, article_fields(slug="first"))
    assert response.status_code == 200
    assert "old links lead to it" in response.content.decode()
    own = fields_of(moved, stored_html(moved), slug="first")
    moved.section = make.section()
    moved.save()
    assert editor.post(change_url(moved), own | {"section": moved.section_id}).status_code == 302


@pytest.mark.parametrize("year", ["0202", "0999", "9999"])
def test_a_year_that_was_mistyped_is_refused_in_words(year: str, editor: Client) -> None:
    fields = article_fields() | {"published_at_0": f"{year}-11-20", "published_at_1": "12:00:00"}
    response = editor.post(ADD, fields)
    assert response.status_code == 200
    assert "published_at" in response.context["adminform"].form.errors
    assert not Article.objects.exists()
