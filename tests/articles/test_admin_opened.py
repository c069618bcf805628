"""Two editors at one row: whoever saves second is told, and loses nothing of what was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from articles.models import Author, Page, Photo, Section, Series, Topic
from tests import make
from tests.articles.admin_forms import opened_as

pytestmark = pytest.mark.django_db

REFUSED = "Somebody else has saved this since you opened it"
FIELDS: dict[type[Model], tuple[str, ...]] = {
    Page: ("title", "html", "position", "is_published", "is_in_footer"),
    Section: ("name", "slug", "description", "position", "is_in_navigation"),
    Topic: ("name", "slug", "description"),
    Series: ("title", "slug", "description"),
    Author: ("name", "slug", "biography"),
    Photo: ("alt", "caption", "focal_x", "focal_y"),
}
# For each: what the first editor changes, and what the second.
CHANGES: dict[type[Model], tuple[str, str]] = {
    Page: ("html", "title"),
    Section: ("description", "name"),
    Topic: ("description", "name"),
    Series: ("description", "title"),
    Author: ("biography", "name"),
    Photo: ("caption", "alt"),
}


MAKES: dict[type[Model], Callable[[], Model]] = {
    Page: lambda: Page.objects.get(slug="about"),
    Section: make.section,
    Topic: make.topic,
    Series: make.series,
    Author: make.author,
    Photo: make.photo,
}


def change_url(row: Model) -> str:
    return reverse(f"admin:articles_{row._meta.model_name}_change", args=[row.pk])


def form_of(row: Model, **changed: str) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in FIELDS[type(row)]}
    return {name: value for name, value in values.items() if value is not False} | changed


@pytest.mark.parametrize("model", FIELDS, ids=lambda model: model.__name__)
def test_a_form_opened_before_undoes_nothing_and_keeps_what_was_typed(model: type[Model], editor: Client) -> None:
    row = MAKES[model]()
    first, second = CHANGES[model]
    opened = opened_as(editor, change_url(row))
    theirs = form_of(row, **{first: "Theirs, saved first"})
    mine = form_of(row, **{second: "Mine, typed meanwhile"})
    assert editor.post(change_url(row), theirs | opened).status_code == 302
    refused = editor.post(change_url(row), mine | opened)
    assert refused.status_code == 200
    assert REFUSED in refused.content.decode()
    assert "Mine, typed meanwhile" in refused.content.decode()
    row.refresh_from_db()
    assert "Theirs, saved first" in getattr(row, first)
    assert "Mine" not in getattr(row, second)
    # What the refused form says of its opening stays, so that it cannot be sent once more.
    assert refused.context["adminform"].form["opened_as"].value() == opened["opened_as"]
    mine = form_of(row, **{second: "Mine, typed again"}) | opened_as(editor, change_url(row))
    assert editor.post(change_url(row), mine).status_code == 302
    row.refresh_from_db()
    assert "Theirs, saved first" in getattr(row, first)
    assert getattr(row, second) == "Mine, typed again"


def test_of_two_forms_at_once_the_second_waits_for_the_first(editor: Client) -> None:
    topic = make.topic()
    sent = form_of(topic) | opened_as(editor, change_url(topic))
    with CaptureQueriesContext(connection) as queries:
        editor.post(change_url(topic), sent)
    assert any("FOR UPDATE" in query["sql"] and "articles_topic" in query["sql"] for query in queries)


def test_a_new_row_and_one_that_is_only_looked_at_say_nothing_of_an_opening(editor: Client) -> None:
    viewer = make.user(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_topic"))
    address = change_url(make.topic())
    assert b"opened_as" in editor.get(address).content
    assert b"opened_as" not in editor.get(reverse("admin:articles_topic_add")).content
    shown = make.logged_in(viewer).get(address)
    assert shown.status_code == 200
    assert b"opened_as" not in shown.content
