"""Whether a browser reads an article."""

from __future__ import annotations

from typing import Any

from django.test import Client


def reads(client: Client, article: Any) -> bool:
    """By the mark on the page and by the body's own word, which must say the same."""
    page = client.get(article.get_absolute_url()).content.decode()
    is_granted = 'data-access="granted"' in page
    assert is_granted is (article.sentinel in page)
    return is_granted
