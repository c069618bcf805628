"""schema.org data of the public pages, made of the open parts of articles alone. The paywalled part is named by its
selector, never quoted.

https://developers.google.com/search/docs/appearance/structured-data/search-gallery has what is asked of each type.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.text import Truncator

from articles.addresses import absolute
from articles.blocks import SUBSCRIBERS
from articles.marks import Audience, Mark
from articles.models import Article, Author, Page, Photo, Section, Series, Topic
from articles.models.correction import CorrectionKind

type Data = dict[str, Any]
type ListRow = Section | Topic | Series

DESCRIPTION_CHARACTERS = 200
CONTEXT: Data = {"@context": "https://schema.org"}
LOGO, LOGO_SIDE = "img/apple-touch-icon.png", 180  # pixels
SHARE_PICTURE, SHARE_SIZE = "img/share.png", (1200, 630)
MEDIA_TYPES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


def description_of(article: Article) -> str:
    """One or two plain sentences: the standfirst, else the beginning of the teaser."""
    words = " ".join(html.unescape(strip_tags(article.teaser)).split())
    return article.standfirst or Truncator(words).chars(DESCRIPTION_CHARACTERS)


# --- pictures -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Picture:
    """One file of a picture, its sides in pixels."""

    url: str
    width: int
    height: int
    alt: str = ""

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES.get(self.url.partition("?")[0].rpartition(".")[2].lower(), "")


def pictures_of(photo: Photo) -> list[Picture]:
    """The crops in three ratios, the widest first; as long as they are not there, the photo in one piece."""
    crops = [Picture(absolute(crop.url), crop.width, crop.height or 1, photo.alt) for crop in photo.crops]
    return crops or [whole_picture(photo)]


def whole_picture(photo: Photo) -> Picture:
    sizes = photo.sizes.get("WEBP", {})
    width = max((width for width in sizes if width <= SHARE_SIZE[0]), default=0)
    if not width:
        return Picture(absolute(photo.image.url), photo.width, photo.height, photo.alt)
    return Picture(absolute(sizes[width].url), width, round(photo.height * width / photo.width), photo.alt)


def share_picture(photo: Photo | None) -> Picture:
    """What a preview of a link shows: a JPEG or PNG, since not every network reads WebP."""
    if photo is None:
        return Picture(absolute(static(SHARE_PICTURE)), *SHARE_SIZE, settings.SITE_NAME)
    return pictures_of(photo)[0]


def photo_url(photo: Photo) -> str:
    return share_picture(photo).url


def image_objects(photo: Photo) -> list[Data]:
    told = {"caption": photo.caption, "creditText": photo.credit}
    words = {name: text for name, text in told.items() if text}
    return [
        {"@type": "ImageObject", "url": picture.url, "width": picture.width, "height": picture.height} | words
        for picture in pictures_of(photo)
    ]


# --- who publishes ------------------------------------------------------------------------------------------------


def publisher() -> Data:
    logo = {"@type": "ImageObject", "url": absolute(static(LOGO)), "width": LOGO_SIDE, "height": LOGO_SIDE}
    home = absolute(reverse("articles:front"))
    return {
        "@type": "NewsMediaOrganization",
        "@id": f"{home}#publisher",
        "name": settings.SITE_NAME,
        "url": home,
        "logo": logo,
    }


def principles() -> Data:
    """Where it is written by what rules we publish: the page “about”, where editors have one out."""
    about = Page.objects.published().filter(slug="about").first()
    return {"publishingPrinciples": absolute(about.get_absolute_url())} if about else {}


def site_data() -> list[Data]:
    """The publisher and its site, as the front page tells them."""
    told = publisher() | principles() | {"correctionsPolicy": absolute(reverse("articles:corrections"))}
    if settings.SITE_NOTE:
        told["description"] = settings.SITE_NOTE
    name = {"@type": "WebSite", "name": told["name"], "url": told["url"], "publisher": {"@id": told["@id"]}}
    return [CONTEXT | told, CONTEXT | name]


# --- articles -----------------------------------------------------------------------------------------------------


def access_data(*, is_free: bool, has_subscribers_blocks: bool = False) -> Data:
    """What an article's data says of who may read the body. Of a free one, blocks may be for subscribers alone.

    https://developers.google.com/search/docs/appearance/structured-data/paywalled-content
    """
    paid_part = {"@type": "WebPageElement", "isAccessibleForFree": False}
    if not is_free:
        return {"isAccessibleForFree": False, "hasPart": paid_part | {"cssSelector": ".body"}}
    if has_subscribers_blocks:
        return {"isAccessibleForFree": True, "hasPart": paid_part | {"cssSelector": f".{SUBSCRIBERS}"}}
    return {"isAccessibleForFree": True}


def article_data(article: Article) -> Data:
    """All but what `access_data` says. With `bylines__author`, `topics` and `corrections` fetched it costs one query.

    https://developers.google.com/search/docs/appearance/structured-data/article
    """
    url = absolute(article.get_absolute_url())
    data: Data = CONTEXT | {
        "@type": "NewsArticle",
        "headline": article.headline,
        "description": description_of(article),
        "url": url,
        "mainEntityOfPage": {"@type": "WebPage", "@id": url},
        "inLanguage": article.language,
        "wordCount": article.public_word_count,
        "author": [person(author) for author in article.byline_authors],
        "publisher": publisher(),
    }
    if article.published_at:
        data["datePublished"] = article.published_at.isoformat()
        data["dateModified"] = changed_at(article, article.published_at).isoformat()
    if article.section:
        data["articleSection"] = article.section.name
    if keywords := [topic.name for topic in article.topics.all()]:
        data["keywords"] = keywords
    if article.photo:
        data["image"] = image_objects(article.photo)
    if corrections := corrections_of(article):
        data["correction"] = corrections
    return data | principles()


def changed_at(article: Article, published_at: datetime) -> datetime:
    """The last change that readers were told of."""
    told = [correction.made_at for correction in article.corrections.all()]
    return max([article.updated_at or published_at, *told])


def corrections_of(article: Article) -> list[Data]:
    """What was wrong or unclear. What is only new is no correction."""
    return [
        {"@type": "CorrectionComment", "text": correction.text, "datePublished": correction.made_at.isoformat()}
        for correction in article.corrections.all()
        if correction.kind != CorrectionKind.UPDATE
    ]


def content_tier(closed_by: Mark | None) -> str:
    """As Open Graph spells it: free (None), metered (some are read without a subscription) or locked.

    https://developers.facebook.com/docs/instant-articles/subscriptions/content-tiering
    """
    if closed_by is None:
        return "free"
    return "metered" if closed_by.audience is Audience.REGISTERED or closed_by.is_metered else "locked"


# --- people and lists ---------------------------------------------------------------------------------------------


def person(author: Author) -> Data:
    data = {"@type": "Person", "name": author.name, "url": absolute(author.get_absolute_url())}
    return data | ({"jobTitle": author.role} if author.role else {})


def profile_data(author: Author, articles: Iterable[Article]) -> Data:
    """The page of an author, `articles` being those that it lists.

    https://developers.google.com/search/docs/appearance/structured-data/profile-page
    """
    url = absolute(author.get_absolute_url())
    told = person(author) | {"@id": f"{url}#person", "worksFor": publisher()}
    if author.biography:
        told["description"] = author.biography
    if author.portrait:
        told["image"] = [picture.url for picture in reversed(pictures_of(author.portrait))]  # the square one first
    written = [
        {
            "@type": "NewsArticle",
            "headline": article.headline,
            "url": absolute(article.get_absolute_url()),
            "datePublished": article.published_at.isoformat(),
            "author": {"@id": told["@id"]},
        }
        for article in articles
        if article.published_at
    ]
    data = {"@type": "ProfilePage", "url": url, "mainEntity": told}
    return CONTEXT | data | ({"hasPart": written} if written else {})


def collection_data(name: str, description: str, url: str, articles: Sequence[Article]) -> Data:
    """A page that lists articles; `url` is its own, absolute."""
    rows = [
        {"@type": "ListItem", "position": position, "url": absolute(article.get_absolute_url())}
        for position, article in enumerate(articles, start=1)
    ]
    data: Data = {"@type": "CollectionPage", "name": name, "url": url, "publisher": publisher()}
    if description:
        data["description"] = description
    if rows:
        data["mainEntity"] = {"@type": "ItemList", "itemListElement": rows}
    return CONTEXT | data


def breadcrumb_data(steps: Iterable[tuple[str, str]]) -> Data:
    """The way from the front page to a page, by name and path; the page itself is the last step.

    https://developers.google.com/search/docs/appearance/structured-data/breadcrumb
    """
    way = [(settings.SITE_NAME, reverse("articles:front")), *steps]
    rows = [
        {"@type": "ListItem", "position": position, "name": name, "item": absolute(path)}
        for position, (name, path) in enumerate(way, start=1)
    ]
    return CONTEXT | {"@type": "BreadcrumbList", "itemListElement": rows}


def article_breadcrumbs(article: Article) -> Data:
    sections = [(article.section.name, article.section.get_absolute_url())] if article.section else []
    return breadcrumb_data([*sections, (article.headline, article.get_absolute_url())])
