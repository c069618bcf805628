"""Feeds of the newest articles: headline, standfirst and teaser. Never a body, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, rfc3339_date
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from articles.caching import public_page, showing
from articles.models import Article, Author, Section, Series, Topic
from articles.structured_data import absolute, description_of, photo_url
from articles.surrogate_keys import card_keys

LENGTH = 30


def latest() -> list[Article]:
    return list(Article.objects.cards()[:LENGTH])


def open_html(article: Article) -> str:
    """What everybody may read of an article."""
    return article.teaser or format_html("<p>{}</p>", description_of(article))


def xml_feed(
    generator: type[Rss201rev2Feed | Atom1Feed],
    request: HttpRequest,
    title: str,
    path: str,
    articles: list[Article],
    keys: Iterable[str] = (),
) -> HttpResponse:
    """`keys` beside those of the articles."""
    feed = generator(
        title=title,
        link=absolute(path),
        description=title,
        feed_url=absolute(request.path),
        language=settings.LANGUAGE_CODE,
    )
    for article in articles:
        feed.add_item(
            title=article.headline,
            link=absolute(article.get_absolute_url()),
            description=open_html(article),
            author_name=", ".join(author.name for author in article.byline_authors),
            pubdate=article.published_at,
            updateddate=article.updated_at or article.published_at,
            unique_id=article.public_id.urn,
            unique_id_is_permalink=False,
            categories=[article.section.name] if article.section else [],
        )
    answer = HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)
    return showing(answer, [*card_keys(articles), *keys])


@require_safe
@public_page("feed")
def latest_rss(request: HttpRequest) -> HttpResponse:
    return xml_feed(Rss201rev2Feed, request, settings.SITE_NAME, reverse("articles:front"), latest())


@require_safe
@public_page("feed")
def latest_atom(request: HttpRequest) -> HttpResponse:
    return xml_feed(Atom1Feed, request, settings.SITE_NAME, reverse("articles:front"), latest())


@require_safe
@public_page("feed")
def latest_json(request: HttpRequest) -> HttpResponse:
    """JSON Feed 1.1, https://www.jsonfeed.org/version/1.1/."""
    articles = latest()
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": settings.SITE_NAME,
        "home_page_url": absolute(reverse("articles:front")),
        "feed_url": absolute(request.path),
        "language": settings.LANGUAGE_CODE,
        "items": [json_item(article) for article in articles],
    }
    answer = JsonResponse(feed, content_type="application/feed+json", json_dumps_params={"ensure_ascii": False})
    return showing(answer, card_keys(articles))


def json_item(article: Article) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": article.public_id.urn,
        "url": absolute(article.get_absolute_url()),
        "title": article.headline,
        "summary": description_of(article),
        "content_html": open_html(article),
        "authors": [
            {"name": author.name, "url": absolute(author.get_absolute_url())} for author in article.byline_authors
        ],
        "language": article.language,
    }
    if article.published_at:
        item["date_published"] = rfc3339_date(article.published_at)
        item["date_modified"] = rfc3339_date(article.updated_at or article.published_at)
    if article.section:
        item["tags"] = [article.section.name]
    if article.photo:
        item["image"] = photo_url(article.photo)
    return item


type FeedView = Callable[[HttpRequest, str], HttpResponseBase]


def list_feed[M: (Section, Topic, Author, Series)](model: type[M], condition: str) -> FeedView:
    """The RSS feed of one list page: the articles whose `condition` is the row with the slug of the address."""

    @require_safe
    @public_page("feed")
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        found = get_object_or_404(model, slug=slug)
        articles = list(Article.objects.cards().filter(**{condition: found})[:LENGTH])
        title = f"{found} · {settings.SITE_NAME}"
        keys = [f"{model._meta.model_name}-{found.pk}"]
        return xml_feed(Rss201rev2Feed, request, title, found.get_absolute_url(), articles, keys)

    return view


section_feed = list_feed(Section, "section")
topic_feed = list_feed(Topic, "topics")
author_feed = list_feed(Author, "bylines__author")
series_feed = list_feed(Series, "series")
