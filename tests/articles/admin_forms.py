"""What a browser sends from the article form in admin."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles.models import Article

ADD = "/admin/articles/article/add/"
LIST = "/admin/articles/article/"


def change_url(article: Article) -> str:
    return reverse("admin:articles_article_change", args=[article.pk])


def opened_as(client: Client, address: str) -> dict[str, str]:
    """What the form at `address` says of the state in which it was opened."""
    found = re.search(r'name="opened_as" value="([^"]+)"', client.get(address).content.decode())
    assert found is not None
    return {"opened_as": found[1]}


def moment(name: str, value: datetime | None) -> dict[str, str]:
    """The two fields in which admin asks for a moment, in the publication's time zone."""
    if value is None:
        return {f"{name}_0": "", f"{name}_1": ""}
    local = timezone.localtime(value)
    return {f"{name}_0": local.strftime("%Y-%m-%d"), f"{name}_1": local.strftime("%H:%M:%S")}


def terms_fields(free_until: datetime | None, initial: int = 0) -> dict[str, str]:
    """The paywall's part of the form."""
    return {
        "terms-TOTAL_FORMS": "1",
        "terms-INITIAL_FORMS": str(initial),
        "terms-MIN_NUM_FORMS": "0",
        "terms-MAX_NUM_FORMS": "1",
        **moment("terms-0-free_until", free_until),
    }


def article_fields(published_at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "headline": "The tide tables",
        "standfirst": "",
        "body": "<p>First sentence. Second sentence.</p>",
        "photo": "",
        "section": "",
        "series": "",
        "series_part": "",
        "language": "en",
        "tier": "premium",
        "slug": "the-tide-tables",
        **moment("published_at", published_at),
        **moment("updated_at", None),
        "bylines-TOTAL_FORMS": "0",
        "bylines-INITIAL_FORMS": "0",
        "bylines-MIN_NUM_FORMS": "0",
        "bylines-MAX_NUM_FORMS": "1000",
        "corrections-TOTAL_FORMS": "0",
        "corrections-INITIAL_FORMS": "0",
        "corrections-MIN_NUM_FORMS": "0",
        "corrections-MAX_NUM_FORMS": "1000",
        **terms_fields(None),
        **fields,
    }


def fields_of(article: Article, body: str, **fields: Any) -> dict[str, Any]:
    """The form of an article as it stands, its body included, with some fields changed."""
    stored = {
        "headline": article.headline,
        "standfirst": article.standfirst,
        "body": body,
        "photo": article.photo_id or "",
        "section": article.section_id or "",
        "language": article.language,
        "tier": article.tier,
        "slug": article.slug,
    }
    return article_fields(**{"published_at": article.published_at, **stored, **fields})
