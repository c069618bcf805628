"""Which article an address is about: one that somebody pasted, or a path of ours."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from articles.models import Article

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,200}")
LONGEST = 1500  # characters of an address that is pasted
ARTICLE_VIEW = "articles:article"


def slug_of(request: HttpRequest, pasted: str) -> str:
    """Of an article's address as it is copied from a browser, of its path, or of itself; empty for anything else,
    addresses of other sites among it.
    """
    if SLUG.fullmatch(pasted):
        return pasted
    if len(pasted) > LONGEST:
        return ""
    hosts = {urlsplit(settings.SITE_URL).netloc, request.get_host()}
    if pasted.partition("/")[0] in hosts:
        pasted = f"//{pasted}"
    try:
        parts = urlsplit(pasted)
    except ValueError:
        return ""
    is_ours = parts.netloc in hosts if parts.netloc else not parts.scheme
    return slug_at(parts.path) if is_ours and parts.scheme in ("", "http", "https") else ""


def slug_at(path: str) -> str:
    """Of the article whose page has this path of ours; empty where it is no article's."""
    try:
        match = resolve(path)
    except Resolver404:
        return ""
    return str(match.kwargs["slug"]) if match.view_name == ARTICLE_VIEW else ""


def article_at(path: str) -> int | None:
    """The number of the article at this path of ours, a query after it or not; None where there is none."""
    slug = slug_at(path.partition("?")[0])
    return Article.objects.filter(slug=slug).values_list("pk", flat=True).first() if slug else None
