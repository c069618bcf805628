"""What stands around every page and hardly ever changes: links, masthead and foot. To render them takes longer
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
from articles.models import Page
from articles.page_store import store

register = template.Library()


@register.simple_tag(takes_context=True)
def head_links(context: Context) -> SafeString:
    return kept_part("_head_links.html", {"site_name": context["site_name"]}, ())


@register.simple_tag(takes_context=True)
def masthead(context: Context) -> SafeString:
    """The name, the day, the way to account and options, and the sections: told apart are the page of a section, an
    article in one, and the pages that have a link of their own.
    """
    path = context["request"].path
    variant = {
        "page_slug": getattr(context.get("section"), "slug", ""),
        "article_slug": getattr(getattr(context.get("article"), "section", None), "slug", ""),
        "path": path if path in ("/archive/", "/search/") else "",
        "today": context["today"],
        "is_logged_in": is_shown_logged_in(context),
        "is_offered": is_subscribing_offered(context),
    }
    return kept_part("_masthead_bar.html", variant | {"site_name": context["site_name"]}, tuple(variant.values()))


@register.simple_tag(takes_context=True)
def footer(context: Context) -> SafeString:
    """The note, the ways to read and to subscribe, and the pages of the house in their order."""
    is_logged_in = is_shown_logged_in(context)
    shown = {name: context[name] for name in ("site_name", "site_note")} | {"is_logged_in": is_logged_in}
    return kept_part("_footer.html", shown, (is_logged_in,))


@register.simple_tag
def section_links() -> SafeString:
    """Where to go on from a page that is not there."""
    return kept_part("_section_links.html", {}, ())


def is_shown_logged_in(context: Context) -> bool:
    """Whether the page is for somebody with a login; staff who read as a stranger see that of a stranger."""
    request = context["request"]
    is_as_stranger = bool(context.get("reading_as")) and request.reader.is_shown_stranger
    return request.user.is_authenticated and not is_as_stranger


def is_subscribing_offered(context: Context) -> bool:
    """Not to who has the library, nor on the pages on which one is about to get it."""
    reader = getattr(context["request"], "reader", None)
    return not context.get("is_paying") and not (reader is not None and reader.entitlement.has_library)


def kept_part(template_name: str, context: dict[str, Any], variant: tuple[object, ...]) -> SafeString:
    """The part, with sections and pages as they are when it is made: what the page looked up before may be old by now.
    Each part asks only for those that it shows.
    """
    now = timezone.now()
    frame = {"navigation_sections": navigation_sections, "house_pages": Page.objects.in_footer}
    return store.kept_or_made(
        (template_name, *variant),
        lambda: render_to_string(template_name, context | frame),
        lambda _part: lifetime(["sections", "pages"], now),
    )
