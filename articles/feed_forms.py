"""The three formats of a feed. Each writes the same channel; what stands in it is decided in `feed_entries`.

RSS 2.0 (https://www.rssboard.org/rss-specification), Atom (RFC 4287), JSON Feed 1.1 (https://jsonfeed.org/version/1.1).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from mimetypes import guess_type
from typing import Any
from xml.sax.xmlreader import AttributesImpl

from django.conf import settings
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, SyndicationFeed, rfc3339_date
from django.utils.html import escape
from django.utils.xmlutils import SimplerXMLGenerator

from articles.addresses import absolute
from articles.feed_entries import Channel, Entry, access_about, access_label
from articles.html_tokens import printable
from articles.structured_data import photo_url

TTL_MINUTES = 30
NAMESPACES = {
    "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:media": "http://search.yahoo.com/mrss/",
}


class Rss(Rss201rev2Feed):
    def rss_attributes(self) -> dict[str, str]:
        return {**super().rss_attributes(), **NAMESPACES}

    def latest_post_date(self) -> datetime:
        return changed_at_of(self)

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        entry: Entry = item["entry"]
        handler.addQuickElement("category", entry.mark.audience, {"domain": access_about()})
        for author in entry.article.byline_authors:
            handler.addQuickElement("dc:creator", printable(author.name))
        handler.addQuickElement("dc:language", entry.article.language)
        if entry.body is not None:
            handler.addQuickElement("content:encoded", printable(entry.html))
        if (image := image_of(entry)) is not None:
            attributes = {"url": image.url, "medium": "image", "type": image.media_type}
            handler.startElement("media:content", AttributesImpl(attributes))
            handler.addQuickElement("media:description", printable(image.alt), {"type": "plain"})
            handler.endElement("media:content")


class Atom(Atom1Feed):
    def latest_post_date(self) -> datetime:
        return changed_at_of(self)

    def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
        return {"xml:lang": item["entry"].article.language}

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        entry: Entry = item["entry"]
        label = access_label(entry.mark)
        handler.addQuickElement("category", "", {"term": entry.mark.audience, "scheme": access_about(), "label": label})
        for author in entry.article.byline_authors:
            handler.startElement("author", AttributesImpl({}))
            handler.addQuickElement("name", printable(author.name))
            handler.addQuickElement("uri", absolute(author.get_absolute_url()))
            handler.endElement("author")
        if (image := image_of(entry)) is not None:
            attributes = {"rel": "enclosure", "href": image.url, "type": image.media_type}
            handler.addQuickElement("link", "", attributes)


@dataclass(frozen=True, slots=True)
class Image:
    url: str
    media_type: str
    alt: str


def image_of(entry: Entry) -> Image | None:
    photo = entry.article.photo
    if photo is None:
        return None
    url = photo_url(photo)
    return Image(url, guess_type(url)[0] or "image/webp", photo.alt)


def changed_at_of(feed: SyndicationFeed) -> datetime:
    """What the channel was written with. Django would take the newest article's date, or the present where there is
    none, and a feed also changes when something is taken out.
    """
    moment: datetime = feed.feed["changed_at"]
    return moment


def xml(kind: type[Rss | Atom], channel: Channel, self_url: str, changed_at: datetime) -> str:
    link = absolute(channel.path)
    feed = kind(
        title=printable(channel.title),
        link=link,
        description=printable(channel.description),
        subtitle=printable(channel.description) or None,
        feed_url=self_url or None,
        language=settings.LANGUAGE_CODE,
        author_name=printable(settings.SITE_NAME),
        ttl=TTL_MINUTES,
        changed_at=changed_at,
    )
    for entry in channel.entries:
        feed.add_item(
            title=printable(entry.article.headline),
            link=entry.url,
            description=printable(entry.html if entry.body is None else escape(entry.summary)),  # HTML to feed readers
            pubdate=entry.article.published_at,
            updateddate=entry.updated_at,
            unique_id=entry.article.public_id.urn,
            unique_id_is_permalink=False,
            categories=[printable(tag) for tag in entry.tags],
            entry=entry,
        )
    return str(feed.writeString("utf-8"))


def rss(channel: Channel, self_url: str, changed_at: datetime) -> str:
    return xml(Rss, channel, self_url, changed_at)


def atom(channel: Channel, self_url: str, changed_at: datetime) -> str:
    return xml(Atom, channel, self_url, changed_at)


def json_feed(channel: Channel, self_url: str, _changed_at: datetime) -> str:
    address = {"feed_url": self_url} if self_url else {}
    return json.dumps(json_channel(channel) | address, ensure_ascii=False)


def json_channel(channel: Channel) -> dict[str, Any]:
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "description": channel.description,
        "home_page_url": absolute(channel.path),
        "language": settings.LANGUAGE_CODE,
        "items": [json_item(entry) for entry in channel.entries],
    }


def json_item(entry: Entry) -> dict[str, Any]:
    article = entry.article
    mark = {"about": access_about(), "access": entry.mark.audience.value}
    if entry.mark.until is not None:
        mark["free_until"] = rfc3339_date(entry.mark.until)
    item: dict[str, Any] = {
        "id": article.public_id.urn,
        "url": entry.url,
        "title": article.headline,
        "summary": entry.summary,
        "content_html": entry.html,
        "authors": [
            {"name": author.name, "url": absolute(author.get_absolute_url())} for author in article.byline_authors
        ],
        "language": article.language,
        "tags": entry.tags,
        "_newsroom": mark,
    }
    if article.published_at is not None and entry.updated_at is not None:
        item["date_published"] = rfc3339_date(article.published_at)
        item["date_modified"] = rfc3339_date(entry.updated_at)
    if (image := image_of(entry)) is not None:
        item["image"] = image.url
    return item


def digest_of(channel: Channel) -> str:
    """Another one whenever a feed reader is told anything else."""
    return hashlib.sha256(json.dumps(json_channel(channel), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Form:
    """A format: how it is called by people, its file name's end, its media type, and what writes it.

    `write` takes the channel, the feed's own address (empty where it is not to be told) and since when it says this.
    """

    label: str
    suffix: str
    media_type: str
    write: Callable[[Channel, str, datetime], str]


FORMS = {
    "rss": Form("RSS", "xml", "application/rss+xml", rss),
    "atom": Form("Atom", "atom", "application/atom+xml", atom),
    "json": Form("JSON Feed", "json", "application/feed+json", json_feed),
}
