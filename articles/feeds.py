"""Feeds of the newest articles, of the site and of each list page: never a body, whoever asks. And a page for people
that says where they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from articles import lists
from articles.addresses import absolute
from articles.caching import public_page, showing
from articles.feed_entries import LENGTH, Channel, Entry, entries_of, entry_keys
from articles.feed_forms import FORMS, digest_of
from articles.models import Article, Author, FeedState, Section, Series, Topic
from articles.moved import follows_moves

type FeedView = Callable[..., HttpResponseBase]


def feed_of(find: Callable[..., Channel]) -> FeedView:
    """The view of a feed, in the format that the route names. `find` gets what stands in the address; it may raise
    Http404.
    """

    @require_safe
    @public_page("feed")
    def view(request: HttpRequest, /, form: str, **named: str) -> HttpResponse:
        channel = find(**named)
        changed_at = FeedState.objects.since(channel.name, digest_of(channel), timezone.now())
        kind = FORMS[form]
        answer = HttpResponse(
            kind.write(channel, absolute(request.path), changed_at), content_type=f"{kind.media_type}; charset=utf-8"
        )
        answer.headers["Last-Modified"] = http_date(changed_at.timestamp())
        return showing(answer, [*channel.keys, *entry_keys(channel.entries)])

    return view


def site_channel() -> Channel:
    now = timezone.now()
    title = settings.SITE_NAME
    description = _("The newest articles of %(site)s.") % {"site": title}
    entries = entries_of(Article.objects.cards(now)[:LENGTH], now)
    return Channel("site", title, description, reverse("articles:front"), entries)


def list_feed(model: type[lists.Listed]) -> FeedView:
    """The feed of one list page, of the row with the slug of the address: the newest first, also of a series."""

    def find(slug: str) -> Channel:
        found = cast("lists.Listed", get_object_or_404(model, slug=slug))
        now = timezone.now()
        name = f"{model._meta.model_name}-{found.pk}"
        articles = newest_parts(found, now) if isinstance(found, Series) else lists.listing_of(found, now).first(LENGTH)
        if not articles and not lists.is_public(found, now):
            raise Http404
        return list_channel(name, str(found), found.get_absolute_url(), entries_of(articles, now), (name,))

    return follows_moves(model)(feed_of(find))


def newest_parts(series: Series, now: datetime) -> list[Article]:
    return list(Article.objects.cards(now).filter(series=series)[:LENGTH])


def list_channel(name: str, heading: str, path: str, entries: tuple[Entry, ...], keys: tuple[str, ...] = ()) -> Channel:
    told = {"list": heading, "site": settings.SITE_NAME}
    description = _("%(list)s: the newest articles of %(site)s.") % told
    return Channel(name, f"{heading} · {settings.SITE_NAME}", description, path, entries, keys)


def archive_channel(year: str, month: str) -> Channel:
    """A month of the archive. Raises Http404 where its page does."""
    try:
        start, end = lists.month_bounds(int(year), int(month))
    except ValueError:
        raise Http404 from None
    now = timezone.now()
    articles = Article.objects.cards(now).filter(published_at__gte=start, published_at__lt=end)[:LENGTH]
    entries = entries_of(articles, now)
    if not entries:
        raise Http404
    path = reverse("articles:archive-month", args=[year, month])
    return list_channel(f"archive-{year}-{month}", date_format(start.date(), "YEAR_MONTH_FORMAT"), path, entries)


latest = feed_of(site_channel)
section_feed = list_feed(Section)
topic_feed = list_feed(Topic)
author_feed = list_feed(Author)
series_feed = list_feed(Series)
archive_feed = feed_of(archive_channel)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """One format of one feed, for people."""

    label: str
    media_type: str
    url: str


def feed_links(name: str, *arguments: str) -> list[FeedLink]:
    """All formats of the feed whose RSS has this route, such as `section-feed`."""
    return [
        FeedLink(form.label, form.media_type, reverse(f"articles:{route}", args=arguments))
        for form, route in zip(FORMS.values(), routes_of(name), strict=True)
    ]


def routes_of(name: str) -> list[str]:
    """The names of the routes of one feed, in the order of FORMS; `name` is that of RSS."""
    return [name if form == "rss" else f"{name.removesuffix('-rss')}-{form}" for form in FORMS]


@require_safe
@public_page("feed", "lists")
def feeds(request: HttpRequest) -> HttpResponse:
    """For people: what a feed is, and where ours are."""
    now = timezone.now()
    found = [section for section in Section.objects.order_by("name") if lists.is_public(section, now)]
    sections = [(section, feed_links("section-feed", section.slug)) for section in found]
    context = {"site_links": feed_links("feed-rss"), "sections": sections}
    return render(request, "articles/feeds.html", context)
