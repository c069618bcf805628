"""Requests that are too long, and what an editor reads whose article is one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from articles.models import Article, Photo
from articles.sanitising import MAX_CHARACTERS
from articles.uploads import MOST_BYTES
from tests.articles.admin_forms import ADD, article_fields

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"


def sent(client: Client, address: str, **fields: Any) -> Any:
    """As a browser sends a form: every character outside ASCII as three times its bytes."""
    return client.post(address, urlencode(fields), content_type=FORM)


def longest_body() -> str:
    """As many characters as a body may have, each of four bytes."""
    paragraph = "<p>" + "\N{GRINNING FACE}" * 992 + "</p>"
    return paragraph * (MAX_CHARACTERS // len(paragraph) - 1)


def test_the_longest_body_in_the_longest_script_can_be_saved(editor: Client) -> None:
    body = longest_body()
    assert MAX_CHARACTERS - len(body) < 2000
    assert sent(editor, ADD, **article_fields(body=body)).status_code == 302
    stored = Article.objects.get()
    page = editor.get(f"/admin/articles/article/{stored.pk}/change/")
    assert page.context["adminform"].form.initial["body"].count("\N{GRINNING FACE}") == body.count("\N{GRINNING FACE}")


def test_a_body_that_is_a_little_too_long_comes_back_with_its_text(editor: Client) -> None:
    body = f"<p>{'word ' * (MAX_CHARACTERS // 5)}</p>"
    response = sent(editor, ADD, **article_fields(body=body))
    assert response.status_code == 200
    assert "too long" in str(response.context["adminform"].form.errors["body"])
    assert response.content.count(b"word ") >= MAX_CHARACTERS // 5


def test_an_article_beyond_all_measure_is_refused_with_what_to_do(editor: Client) -> None:
    response = sent(editor, ADD, **article_fields(body="x" * 15_000_000))
    text = response.content.decode()
    assert response.status_code == 413
    assert response["Cache-Control"] == "private, no-store"
    assert "more than 14 MB" in text
    assert "still in the form" in text
    assert "at most 1,000,000 characters" in text
    assert not Article.objects.exists()


@pytest.mark.parametrize(("query", "status"), [("headline__regex=harbour", 200), ("headline__regex=(", 400)])
def test_a_filter_that_the_database_cannot_read_is_refused_in_words(query: str, status: int, superuser: Client) -> None:
    assert superuser.get(f"/admin/articles/article/?{query}").status_code == status


def test_an_upload_beyond_all_measure_is_refused_unread(editor: Client) -> None:
    head = b"--x\r\nContent-Disposition: form-data; name=image; filename=a.jpg\r\n\r\n"
    body = head + b"x" * (MOST_BYTES + 2_000_000)
    response = editor.post("/admin/articles/photo/add/", body, content_type="multipart/form-data; boundary=x")
    assert response.status_code == 413
    assert "a photo at most 25 MB" in response.content.decode()
    assert not Photo.objects.exists()


@pytest.mark.parametrize("actor", ["stranger", "subscriber"])
@pytest.mark.parametrize("address", [ADD, "/account/login/", "/subscribe/start/", "/"])
def test_a_reader_may_send_a_megabyte_and_not_what_staff_may(
    actor: str, address: str, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(actor)
    response = sent(client, address, body="x" * 1_100_000)
    assert response.status_code == 413
    assert "more than 1 MB" in response.content.decode()
    assert "article" not in response.content.decode().split("<main")[1].split("</main")[0]


@pytest.mark.parametrize("length", ["-1", "1e9", "abc", "99999999999999999999"])
def test_a_length_that_is_none_is_refused(length: str, stranger: Client) -> None:
    response = stranger.generic("POST", "/account/login/", b"login=a", FORM, CONTENT_LENGTH=length)
    assert response.status_code in (400, 413)


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "t=9999999999,v1=" + "0" * 64])
def test_a_flood_of_forged_events_costs_no_query(
    signature: str, settings: Any, stranger: Client, django_assert_num_queries: Any
) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_for_this_test"]
    headers = {"Stripe-Signature": signature} if signature else {}
    with django_assert_num_queries(0):
        for _ in range(50):
            response = stranger.post("/stripe/webhook/", b"{}", content_type="application/json", headers=headers)
            assert response.status_code == 400
