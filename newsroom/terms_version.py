"""Which version of the terms the site shows: the day that their page says its text is of."""

from __future__ import annotations

from articles.models import Page


def terms_version() -> str:
    """Empty where no terms are out."""
    page = Page.objects.published().filter(slug="terms").first()
    return "" if page is None else page.updated_on.isoformat()
