"""The tags that print what a page says of itself: its address, its preview, and its data for search engines."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from datetime import date

from django import template
from django.conf import settings
from django.template import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeData, SafeString, mark_safe
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from articles import structured_data
from articles.models import Article, Author, Photo
from articles.models.redirect import ListPage
from articles.page_heads import Head, own_url
from articles.structured_data import DESCRIPTION_CHARACTERS, Data, ListRow, share_picture
from articles.templatetags.articles import json_ld

register = template.Library()


def printed(head: Head, documents: Iterable[Data], properties: Mapping[str, str] | None = None) -> SafeString:
    """`properties` of Open Graph beside those that every page has."""
    context = {"head": head, "site_name": settings.SITE_NAME, "properties": properties or {}}
    text = render_to_string("articles/_head.html", context)
    return mark_safe(text + json_ld(list(documents)))  # noqa: S308 (a template's text, and what json_ld has made safe)


def head_of(
    context: Context, title: str, description: str = "", *, kind: str = "website", photo: Photo | None = None
) -> Head:
    url, is_deeper = own_url(context["request"])
    short = Truncator(" ".join(description.split())).chars(DESCRIPTION_CHARACTERS)
    return Head(title, short, url, share_picture(photo), kind, is_deeper=is_deeper)


def words(text: str) -> str:
    """What `translate` and `blocktranslate` keep in a variable is escaped already; what `_()` gives is not text yet."""
    plain = str(text)
    return html.unescape(plain) if isinstance(plain, SafeData) else plain


@register.simple_tag(takes_context=True)
def page_head(context: Context, title: str, description: str = "") -> SafeString:
    """Of a page that is no list: plans, corrections, a page of the house."""
    head = head_of(context, words(title), words(description))
    return printed(head, [structured_data.breadcrumb_data([(head.title, context["request"].path)])])


@register.simple_tag(takes_context=True)
def front_head(context: Context) -> SafeString:
    # Search engines want a sentence, and a publisher may have set none.
    note = settings.SITE_NOTE or _("New and noted in %(site)s.") % {"site": settings.SITE_NAME}
    return printed(head_of(context, settings.SITE_NAME, note), structured_data.site_data())


@register.simple_tag(takes_context=True)
def list_head(context: Context, found: ListRow) -> SafeString:
    """Of the page of a section, topic or series, with the articles that it lists."""
    return collection_head(context, str(found), found.description, way_to(found))


@register.simple_tag(takes_context=True)
def month_head(context: Context, month: date) -> SafeString:
    name = date_format(month, "YEAR_MONTH_FORMAT")
    steps = [(_("Archive"), reverse("articles:archive")), (name, context["request"].path)]
    return collection_head(context, name, "", steps)


def way_to(found: ListPage) -> list[tuple[str, str]]:
    """By the page that names all of its kind."""
    kind = found._meta.model_name
    index = reverse(f"articles:{kind}-index")
    return [(capfirst(str(found._meta.verbose_name_plural)), index), (str(found), found.get_absolute_url())]


def collection_head(context: Context, name: str, description: str, steps: list[tuple[str, str]]) -> SafeString:
    head = head_of(context, name, description)
    articles: list[Article] = context["articles"]
    data = structured_data.collection_data(name, head.description, head.url, articles)
    return printed(head, [data, structured_data.breadcrumb_data(steps)])


@register.simple_tag(takes_context=True)
def author_head(context: Context, author: Author) -> SafeString:
    head = head_of(context, author.name, author.biography, kind="profile", photo=author.portrait)
    way = structured_data.breadcrumb_data(way_to(author))
    return printed(head, [structured_data.profile_data(author, context["articles"]), way], properties=profile(author))


def profile(author: Author) -> dict[str, str]:
    """https://ogp.me/#type_profile; the names apart where it is known which is which."""
    last, comma, first = author.sort_name.partition(",")
    names = {"profile:first_name": first.strip(), "profile:last_name": last.strip()} if comma else {}
    return {"profile:username": author.slug} | names
