"""What a feed says of the newest articles of a list, whatever its format: headline, standfirst, teaser, and who may
read the whole. A body comes in only where a caller hands one over that the paywall has granted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from articles.addresses import absolute
from articles.marks import Audience, Mark, marks_of
from articles.models import Article
from articles.structured_data import description_of
from articles.surrogate_keys import card_keys

LENGTH = 30
# In clean HTML: an address inside of a tag that is a path of this site, or a place on the page.
LOCAL_ADDRESS = re.compile(r'(<[a-z][^<>]* (?:href|src)=")([/#][^"]*)(?=")')


@dataclass(frozen=True, slots=True)
class Entry:
    """One article in a feed; `mark` says who may read the whole now."""

    article: Article
    mark: Mark
    body: str | None = None

    @property
    def url(self) -> str:
        return absolute(self.article.get_absolute_url())

    @property
    def summary(self) -> str:
        return description_of(self.article)

    @property
    def html(self) -> str:
        """The body, else what everybody may read with a sentence on who may read on."""
        if self.body is not None:
            return with_whole_addresses(self.body, self.url)
        return with_whole_addresses(open_html(self.article), self.url) + access_sentence(self)

    @property
    def tags(self) -> list[str]:
        section = [self.article.section.name] if self.article.section else []
        return list(dict.fromkeys([*section, *(topic.name for topic in self.article.topics.all())]))

    @property
    def updated_at(self) -> datetime | None:
        return self.article.updated_at or self.article.published_at


@dataclass(frozen=True, slots=True)
class Channel:
    """One feed. `name` is its own among all feeds; `path` leads to the page with the same list."""

    name: str
    title: str
    description: str
    path: str
    entries: tuple[Entry, ...]
    keys: tuple[str, ...] = ()


def entries_of(articles: Iterable[Article], now: datetime) -> tuple[Entry, ...]:
    """What a feed says of each of these at `now`, in a fixed number of queries. They bring along what a card shows."""
    articles = list(articles)
    prefetch_related_objects(articles, "topics")
    marks = marks_of(articles, now)
    return tuple(Entry(article, marks.of(article)) for article in articles)


def entry_keys(entries: Iterable[Entry]) -> list[str]:
    """The surrogate keys of every row that the entries show."""
    articles = [entry.article for entry in entries]
    return [*card_keys(articles), *(f"topic-{topic.pk}" for article in articles for topic in article.topics.all())]


def open_html(article: Article) -> str:
    """What everybody may read of an article."""
    return article.teaser or format_html("<p>{}</p>", description_of(article))


def access_about() -> str:
    """Where it is said in words what the marks mean; also the name of the set that they are of."""
    return absolute(f"{reverse('articles:feeds')}#who-may-read")


def access_label(mark: Mark) -> str:
    """The mark in words."""
    match mark.audience:
        case Audience.EVERYBODY:
            return _("Free to read")
        case Audience.REGISTERED:
            return _("For registered readers")
        case _ if mark.plans:
            return _("For subscribers of %(names)s") % {"names": mark.names}
        case _:
            return _("For subscribers")


def access_sentence(entry: Entry) -> str:
    """Who may read the whole, and where."""
    label = _("Free to read for now") if entry.mark.until is not None else access_label(entry.mark)
    read_on = _("Read on at %(site)s") % {"site": settings.SITE_NAME}
    return format_html('<p><em>{}.</em> <a href="{}">{}</a></p>', label, entry.url, read_on)


def with_whole_addresses(html: str, page_url: str) -> str:
    """Clean HTML in which every link leads to the same place wherever it is read."""
    return LOCAL_ADDRESS.sub(lambda found: found[1] + whole_address(found[2], page_url), html)


def whole_address(address: str, page_url: str) -> str:
    return f"{page_url}{address}" if address.startswith("#") else absolute(address)
