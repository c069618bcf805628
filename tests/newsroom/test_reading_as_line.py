"""The line at the head of each page that says as whom staff read: what it costs, and whom it asks."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from newsroom.context_processors import reading_as
from paywall.reading_as import ReaderClass
from tests import make

pytestmark = pytest.mark.django_db

# The sections in the head, the pages of the house at the foot, and rules and openings for the line on what is open to
# everybody; a web process keeps them, the tests do not.
FRAME = 4
# Session, account, and what the reader holds, since the head has a button for those who do not subscribe; then whether
# there is any institution and whether this is its network, which a web process keeps, too.
READER = 5
# The months there, the sections here.
COSTS = {"/archive/": READER + FRAME + 1, "/nowhere/": READER + FRAME + 1}


@pytest.mark.parametrize("path", sorted(COSTS))
def test_a_page_that_shows_no_article_costs_a_reader_no_more_than_its_head(path: str, registered: Client) -> None:
    make.article()
    registered.get(path)  # notes the device
    with CaptureQueriesContext(connection) as asked:
        registered.get(path)
    assert len(asked) == COSTS[path], [query["sql"][:100] for query in asked]


@pytest.mark.parametrize(
    ("path", "expected"), [("/archive/", "a subscriber"), ("/nowhere/", "a subscriber"), ("/admin/", "")]
)
def test_the_line_names_the_class_and_does_not_ask_what_anybody_holds(path: str, expected: str, editor: Client) -> None:
    assert reading_as(editor.get(path).wsgi_request) == ""
    editor.post("/admin/read-as/", {"chosen": ReaderClass.SUBSCRIBER})
    request = editor.get(path).wsgi_request
    del request.reader
    assert reading_as(request) == expected


def test_a_page_that_is_made_before_there_is_a_session_has_no_line(rf: RequestFactory) -> None:
    assert reading_as(rf.get("/archive/")) == ""
