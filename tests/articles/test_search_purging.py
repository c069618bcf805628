"""A kept page of results goes when an article comes that belongs on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from articles.models import Article
from articles.page_store import store
from articles.purging import Listener
from tests import make
from tests.newsroom.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard() -> Iterator[None]:
    """This process keeps pages and hears of every change, as a web process does."""
    listener = Listener(store)
    listener.start()
    assert eventually(lambda: store.is_open)
    yield
    listener.end()
    listener.join(10)
    store.close()


def is_kept(client: Client, address: str) -> bool:
    return str(client.get(address).wsgi_request.page_cache) == "hit"


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_new_article_appears_in_a_kept_search_also_in_a_new_language(language: str, heard: None) -> None:
    make.article(headline="Ferries", standfirst="", body="<p>Short.</p>")
    client, address = Client(), "/search/?q=Hafen+or+ferry"
    assert eventually(lambda: is_kept(client, address))
    new = make.article(headline="Ferry" if language == "en" else "Die Häfen", standfirst="", language=language)
    assert eventually(lambda: new.get_absolute_url() in client.get(address).content.decode())
    assert eventually(lambda: is_kept(client, address))
    Article.objects.filter(pk=new.pk).update(status="withdrawn")
    assert eventually(lambda: new.get_absolute_url() not in client.get(address).content.decode())
