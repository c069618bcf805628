"""What a public page says of itself in its head, to search engines and to whoever shows a preview of a link."""

from __future__ import annotations

import locale
import re
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import urlencode

from articles.addresses import absolute
from articles.models import Article
from articles.structured_data import Picture, description_of, share_picture

# Where in a list a page begins. What else an address carries does not change the page.
PLACES = ("before", "after", "from")
LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Head:
    """`url` is the one address of the page, absolute; `kind` a type of https://ogp.me/#types."""

    title: str
    description: str
    url: str
    picture: Picture
    kind: str = "website"
    language: str = ""
    is_deeper: bool = False

    @property
    def locale(self) -> str:
        return locale_of(self.language or settings.LANGUAGE_CODE)


def locale_of(language: str) -> str:
    """As Open Graph writes a language, with a territory: en_US; empty where no usual one is known."""
    name = locale.normalize(language.replace("-", "_")).partition(".")[0]
    return name if LOCALE.fullmatch(name) else ""


def own_url(request: HttpRequest) -> tuple[str, bool]:
    """The page's own address without what does not belong to it, and whether it goes on with a list.

    Such a page is for following its links only: where it begins moves with every new article, and there is no end of
    such addresses. What it lists stands in the sitemap.
    """
    place = {name: request.GET[name] for name in PLACES if request.GET.get(name)}
    query = f"?{urlencode(place)}" if place else ""
    return absolute(f"{request.path}{query}"), bool(place)


def article_head(article: Article) -> Head:
    url = absolute(article.get_absolute_url())
    picture = share_picture(article.photo)
    return Head(article.headline, description_of(article), url, picture, "article", article.language)
