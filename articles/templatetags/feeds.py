"""Where the feeds of a list page are."""

from __future__ import annotations

from django import template

from articles.feed_forms import FORMS
from articles.feeds import FeedLink

register = template.Library()


@register.filter
def in_all_formats(feed_url: str) -> list[FeedLink]:
    """The addresses of one feed, from that of its RSS."""
    stem = feed_url.removesuffix(FORMS["rss"].suffix)
    return [FeedLink(form.label, form.media_type, f"{stem}{form.suffix}") for form in FORMS.values()]
