"""schema.org data of an article, made of its open parts alone. The paywalled part is named by its selector, never
quoted.

https://developers.google.com/search/docs/appearance/structured-data/paywalled-content
"""

from __future__ import annotations

import html
from typing import Any

from django.conf import settings
from django.utils.html import strip_tags
from django.utils.text import Truncator
from pictures.templatetags.pictures import img_url

from articles.models import Article, Photo

DESCRIPTION_CHARACTERS = 200
SHARE_PICTURE_WIDTH = 1200


def absolute(path: str) -> str:
    """An address on this site's canonical origin, whatever host the request named."""
    return path if path.startswith("https://") else f"{settings.SITE_URL}{path}"


def description_of(article: Article) -> str:
    """One or two plain sentences: the standfirst, else the beginning of the teaser."""
    words = " ".join(html.unescape(strip_tags(article.teaser)).split())
    return article.standfirst or Truncator(words).chars(DESCRIPTION_CHARACTERS)


def photo_url(photo: Photo, width: int = SHARE_PICTURE_WIDTH) -> str:
    return absolute(img_url(photo.image, "WEBP", width))


def access_data(*, is_free: bool) -> dict[str, Any]:
    """What it says of who may read the body."""
    if is_free:
        return {"isAccessibleForFree": True}
    paid_part = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".body"}
    return {"isAccessibleForFree": False, "hasPart": paid_part}


def article_data(article: Article) -> dict[str, Any]:
    """All but what `access_data` says."""
    url = absolute(article.get_absolute_url())
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.headline,
        "description": description_of(article),
        "url": url,
        "mainEntityOfPage": {"@type": "WebPage", "@id": url},
        "inLanguage": article.language,
        "wordCount": article.public_word_count,
        "author": [
            {"@type": "Person", "name": author.name, "url": absolute(author.get_absolute_url())}
            for author in article.byline_authors
        ],
        "publisher": {"@type": "NewsMediaOrganization", "name": settings.SITE_NAME, "url": settings.SITE_URL},
    }
    if article.published_at:
        data["datePublished"] = article.published_at.isoformat()
        data["dateModified"] = (article.updated_at or article.published_at).isoformat()
    if article.section:
        data["articleSection"] = article.section.name
    if article.photo:
        data["image"] = [photo_url(article.photo)]
    return data
