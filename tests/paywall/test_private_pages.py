"""What a page of the paywall says about its reader stays out of every cache."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from articles.models import Article
from paywall.urls import app_name, urlpatterns
from tests import make

pytestmark = pytest.mark.django_db


def addresses(article: Article, client: Client) -> Iterator[str]:
    """Every address of the paywall, with what its view needs to find something."""
    gift = client.post("/gift/new/", {"article": str(article.public_id)})["Location"]
    values = {"pk": gift.split("/")[3], "gift_token": "a" * 43, "mail_token": "a.1.b", "token": "a"}
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        given = {name: values[name] for name in pattern.pattern.converters}
        yield f"{reverse(f'{app_name}:{pattern.name}', kwargs=given)}?article={article.public_id}"


def test_what_needs_a_login_or_sets_a_cookie_is_kept_nowhere(subscriber: Client) -> None:
    article = make.article()
    found = []
    for address in addresses(article, subscriber):
        needs_login = "/account/login/" in Client().get(address).get("Location", "")
        response = subscriber.get(address)
        if needs_login or response.cookies:
            found.append(address.partition("?")[0])
            assert {"private", "no-store"} <= set(response["Cache-Control"].split(", ")), address
    assert {"/gift/new/", "/account/gifts/", "/account/feed/", "/account/reading/"} <= set(found)
