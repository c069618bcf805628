"""Publishing in admin: what an article needs before it goes out, and the steps between its states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from articles.bodies import Body
from articles.models import Article
from tests import make
from tests.articles.admin_forms import ADD, LIST, article_fields, change_url, fields_of

pytestmark = pytest.mark.django_db


def draft(**fields: Any) -> Article:
    article: Article = make.article(status="draft", section=make.section(), **fields)
    Article.objects.filter(pk=article.pk).update(published_at=None)
    article.refresh_from_db()
    return article


def press(client: Client, article: Article, button: str, **fields: Any) -> Any:
    """Send the article's form as it stands by one of its buttons."""
    body = fields.pop("body", Body.objects.get(pk=article.pk).html)
    response = client.post(change_url(article), {**fields_of(article, body, **fields), button: "x"})
    article.refresh_from_db()
    return response


def errors(response: Any) -> dict[str, list[str]]:
    return response.context["adminform"].form.errors


def test_publish_now_brings_the_article_out(editor: Client, stranger: Client) -> None:
    article = draft()
    assert stranger.get(article.get_absolute_url()).status_code == 404
    response = press(editor, article, "_publish")
    assert response["Location"] == change_url(article)
    assert article.is_out(timezone.now())
    assert stranger.get(article.get_absolute_url()).status_code == 200


def test_publish_now_from_the_empty_form(editor: Client) -> None:
    editor.post(ADD, {**article_fields(section=make.section().pk), "_publish": "x"})
    assert Article.objects.get().is_out(timezone.now())


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("headline", "", "This field is required."),
        ("section", "", "Choose a section: an article without one cannot go out."),
        ("body", "<p> </p>", "Write the body: an article without one cannot go out."),
    ],
)
@pytest.mark.parametrize("button", ["_publish", "_schedule"])
def test_an_incomplete_article_does_not_go_out(
    editor: Client, button: str, field: str, value: str, sentence: str
) -> None:
    article = draft()
    later = timezone.now() + timedelta(days=1)
    response = press(editor, article, button, published_at=later, **{field: value})
    assert errors(response) == {field: [sentence]}
    assert article.status == "draft"


def test_a_photo_without_alternative_text_keeps_the_article_from_going_out(editor: Client) -> None:
    article = draft(photo=make.photo(alt=""))
    response = press(editor, article, "_publish")
    assert "no alternative text" in errors(response)["photo"][0]
    assert article.status == "draft"
    article.photo.alt = "A quay"
    article.photo.save()
    press(editor, article, "_publish")
    assert article.status == "published"


def test_what_is_out_cannot_lose_what_it_needs(editor: Client) -> None:
    article = make.article(section=make.section())
    response = press(editor, article, "_save", section="", published_at=None)
    assert set(errors(response)) == {"section", "published_at"}


def test_schedule_wants_a_moment_in_the_future(editor: Client) -> None:
    article = draft()
    for published_at in (None, timezone.now() - timedelta(minutes=1)):
        response = press(editor, article, "_schedule", published_at=published_at)
        assert errors(response) == {"published_at": ["Give a moment in the future, in UTC."]}
    assert article.status == "draft"


def test_a_scheduled_article_says_when_and_in_whose_time(editor: Client, stranger: Client, settings: Any) -> None:
    settings.TIME_ZONE = "America/New_York"
    article = draft()
    press(editor, article, "_schedule", published_at=datetime(2099, 1, 2, 17, 30, tzinfo=UTC))
    assert article.published_at == datetime(2099, 1, 2, 17, 30, tzinfo=UTC)
    words = "scheduled for 2 January 2099, 12:30 (America/New_York)"
    assert words in editor.get(LIST).content.decode()
    assert words in editor.get(change_url(article)).content.decode()
    assert stranger.get(article.get_absolute_url()).status_code == 404


def test_publish_now_brings_a_scheduled_article_out_at_once(editor: Client) -> None:
    article = make.article(section=make.section(), published_at=timezone.now() + timedelta(days=3))
    press(editor, article, "_publish")
    assert article.is_out(timezone.now())


def test_publish_now_keeps_a_date_in_the_past(editor: Client) -> None:
    article, then = draft(), datetime(2019, 5, 4, 10, tzinfo=UTC)
    press(editor, article, "_publish", published_at=then)
    assert (article.status, article.published_at) == ("published", then)


def test_what_is_out_is_not_moved_into_the_future_by_saving(editor: Client) -> None:
    article = make.article(section=make.section())
    response = press(editor, article, "_save", published_at=timezone.now() + timedelta(days=1))
    assert errors(response) == {"published_at": ["This article is out. To bring it later, withdraw it first."]}


def test_a_scheduled_article_goes_back_to_draft(editor: Client) -> None:
    article = make.article(section=make.section(), published_at=timezone.now() + timedelta(days=3))
    press(editor, article, "_draft")
    assert article.status == "draft"


def test_withdrawing_asks_first_and_then_answers_410(editor: Client, stranger: Client) -> None:
    article = make.article(section=make.section())
    page = editor.get(f"{LIST}{article.pk}/withdraw/")
    assert article.headline in page.content.decode()
    article.refresh_from_db()
    assert article.status == "published"
    assert editor.post(f"{LIST}{article.pk}/withdraw/")["Location"] == change_url(article)
    assert stranger.get(article.get_absolute_url()).status_code == 410


def test_several_are_withdrawn_from_the_list_after_one_question(editor: Client) -> None:
    articles = [make.article(section=make.section()) for _number in range(2)]
    chosen = {"action": "withdraw_selected", "_selected_action": [article.pk for article in articles]}
    page = editor.post(LIST, chosen)
    assert all(article.headline in page.content.decode() for article in articles)
    assert Article.objects.filter(status="withdrawn").count() == 0
    editor.post(LIST, chosen | {"confirmed": "yes"})
    assert Article.objects.filter(status="withdrawn").count() == 2


def test_several_are_published_from_the_list_and_the_incomplete_one_is_named(editor: Client) -> None:
    complete, incomplete = draft(), make.article(status="draft", headline="Without a section")
    chosen = {"action": "publish_selected", "_selected_action": [complete.pk, incomplete.pk]}
    page = editor.post(LIST, chosen, follow=True).content.decode()
    assert "“Without a section”: Choose a section" in page
    assert list(Article.objects.filter(status="published")) == [complete]


def test_each_step_is_in_the_history(editor: Client) -> None:
    article = draft()
    press(editor, article, "_publish")
    editor.post(f"{LIST}{article.pk}/withdraw/")
    messages = [
        entry.get_change_message() for entry in LogEntry.objects.filter(object_id=str(article.pk)).order_by("pk")
    ]
    assert [message for message in messages if message.startswith("State")] == [
        "State: published.",
        "State: withdrawn.",
    ]


def test_the_list_is_narrowed_by_the_state_as_editors_see_it(editor: Client) -> None:
    later = timezone.now() + timedelta(days=2)
    headlines = {
        "draft": make.article(status="draft").headline,
        "scheduled": make.article(published_at=later).headline,
        "published": make.article().headline,
        "withdrawn": make.article(status="withdrawn").headline,
    }
    for state, headline in headlines.items():
        shown = {article.headline for article in editor.get(f"{LIST}?state={state}").context["cl"].result_list}
        assert shown == {headline}


@pytest.fixture
def writer() -> Client:
    """May write, but not publish."""
    user = make.user("writer@example.org", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["add_article", "change_article", "view_article", "add_byline"])
    )
    return make.logged_in(user)


def test_without_the_permission_nothing_goes_out_or_comes_back(writer: Client) -> None:
    article, out = draft(), make.article(section=make.section())
    for button in ("_publish", "_schedule", "_draft"):
        assert press(writer, article, button, published_at=timezone.now() + timedelta(days=1)).status_code == 403
        assert (
            writer.post(ADD, {**article_fields(slug="another", section=article.section_id), button: "x"}).status_code
            == 403
        )
    assert writer.post(f"{LIST}{out.pk}/withdraw/").status_code == 403
    writer.post(LIST, {"action": "publish_selected", "_selected_action": [article.pk]})
    writer.post(LIST, {"action": "withdraw_selected", "_selected_action": [out.pk], "confirmed": "yes"})
    assert set(Article.objects.values_list("pk", "status")) == {(article.pk, "draft"), (out.pk, "published")}


def test_without_the_permission_drafts_are_written_and_what_is_out_is_only_seen(writer: Client) -> None:
    article, out = draft(), make.article(section=make.section())
    assert press(writer, article, "_save", headline="Rewritten").status_code == 302
    assert press(writer, out, "_save", headline="Rewritten").status_code == 403
    page = writer.get(change_url(out)).content.decode()
    assert out.headline in page
    assert out.sentinel not in page
