"""What stands around every page and hardly ever changes: links, navigation and the foot. To render them takes longer
than an article, so they are kept; and they are rendered without a request, so that nothing in them is about a reader.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from articles.caching import lifetime
from articles.lists import navigation_sections
from articles.page_store import store

register = template.Library()


@register.simple_tag(takes_context=True)
def head_links(context: Context) -> SafeString:
    return kept_part("_head_links.html", {"site_name": context["site_name"]}, ())


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> SafeString:
    """The sections. Told apart: the page of a section, an article in one, the pages that have a link of their own."""
    article_section = getattr(context.get("article"), "section", None)
    path = context["request"].path if "request" in context else ""
    here = {
        "page_slug": getattr(context.get("section"), "slug", ""),
        "article_slug": getattr(article_section, "slug", ""),
        "path": path if path in ("/archive/", "/search/") else "",
    }
    return kept_part("_navigation.html", here, tuple(here.values()))


@register.simple_tag(takes_context=True)
def footer(context: Context, is_logged_in: bool) -> SafeString:
    shown = {name: context[name] for name in ("site_name", "site_note")} | {"is_logged_in": is_logged_in}
    return kept_part("_footer.html", shown, (is_logged_in,))


def kept_part(template_name: str, context: dict[str, Any], variant: tuple[object, ...]) -> SafeString:
    """The part, with the sections as they are when it is made: what the page looked up before may be old by now."""
    now = timezone.now()
    return store.kept_or_made(
        (template_name, *variant),
        lambda: render_to_string(template_name, context | {"navigation_sections": navigation_sections()}),
        lambda _part: lifetime(["sections"], now),
    )
