"""Where a reader goes on after logging in: always a path of this site, whatever hosts Django would allow."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from django.utils.http import url_has_allowed_host_and_scheme

LONGEST = 1500  # characters as they stand in an address, so that it fits into another one's query


class NextRefused(Exception):
    """The text is not a plain path of this site."""


def local_path(raw: str) -> str:
    """The path unchanged, with query and fragment. Raises NextRefused for what a browser might take elsewhere."""
    path = raw.partition("?")[0].partition("#")[0]
    if not path.startswith("/") or "//" in path or "\\" in raw or not raw.isprintable() or " " in raw:
        raise NextRefused
    if len(quote(raw)) > LONGEST:
        raise NextRefused
    try:
        parts = urlsplit(raw)
    except ValueError:
        raise NextRefused from None
    if parts.scheme or parts.netloc or not url_has_allowed_host_and_scheme(raw, allowed_hosts=None):
        raise NextRefused
    return raw


def local_path_or_none(raw: str | None) -> str:
    """The path, or an empty text where there is none or none that may be followed."""
    try:
        return local_path(raw or "")
    except NextRefused:
        return ""
