"""What a page of search results says, and articles to be found by it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

from django.test import Client

from articles.models import Article
from tests import make

SHORT = "<p>Short.</p>"
DAY = timedelta(days=1)


def page(client: Client, words: str, status: int = 200, **parameters: Any) -> str:
    response = client.get("/search/", {"q": words, **parameters})
    assert response.status_code == status
    return response.content.decode()


def main_of(text: str) -> str:
    return text.split("<main", 1)[1].split("</main", 1)[0]


def addresses_in(text: str) -> list[str]:
    """The articles of a page of results, in their order."""
    return re.findall(r'class="result__headline"[^>]*><a href="([^"]+)"', text)


def found(client: Client, words: str, **parameters: Any) -> list[str]:
    return addresses_in(page(client, words, **parameters))


def links(text: str, label: str) -> str:
    """The address behind the link with this label."""
    for address, inside in re.findall(r'<a[^>]*href="([^"]+)"[^>]*>(.*?)</a>', text, re.DOTALL):
        if re.sub(r"<[^>]*>|\s+", " ", inside).strip().startswith(label):
            return html.unescape(address)
    raise AssertionError(f"no link {label}")


def titled(headline: str, **fields: Any) -> Article:
    return make.article(headline=headline, **{"standfirst": "", "body": SHORT, **fields})
