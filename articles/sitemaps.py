"""What search engines are told: published articles and the lists that hold them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap
from django.db import models
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from articles.caching import public_page, showing
from articles.models import Article, Author, Section, Series, Topic
from articles.models.article import ArticleQuerySet
from articles.structured_data import absolute

PART_LENGTH = 10_000  # addresses in one file; the format allows 50,000
NEWS_DAYS = 2  # https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap


class SiteSitemap[M: models.Model](Sitemap[M]):
    limit = PART_LENGTH

    @property
    def protocol(self) -> str:  # type: ignore[override]
        return urlsplit(settings.SITE_URL).scheme

    def get_domain(self, site: object = None) -> str:
        """Always the canonical host, whatever the request named."""
        return urlsplit(settings.SITE_URL).netloc


class ArticleSitemap(SiteSitemap[Article]):
    def items(self) -> ArticleQuerySet:
        return Article.objects.published().order_by("published_at", "pk").only("slug", "published_at", "updated_at")

    def lastmod(self, item: Article) -> object:
        return item.updated_at or item.published_at


class NewsSitemap(SiteSitemap[Article]):
    limit = 1000

    def items(self) -> ArticleQuerySet:
        return (
            Article.objects.published()
            .filter(published_at__gte=timezone.now() - timedelta(days=NEWS_DAYS))
            .newest_first()
        )


class ListSitemap(SiteSitemap[models.Model]):
    """Sections, topics, authors and series with an article that is out: the name of a draft's topic is not told."""

    def items(self) -> list[models.Model]:
        published = Article.objects.published()
        return [
            *Section.objects.filter(Exists(published.filter(section=OuterRef("pk")))),
            *Topic.objects.filter(Exists(published.filter(topics=OuterRef("pk")))),
            *Author.objects.filter(Exists(published.filter(bylines__author=OuterRef("pk")))),
            *Series.objects.filter(Exists(published.filter(series=OuterRef("pk")))),
        ]


SITEMAPS: dict[str, type[SiteSitemap[Any]]] = {"articles": ArticleSitemap, "lists": ListSitemap}


@require_safe
@public_page("sitemap", "articles", "lists")
def sitemap_index(request: HttpRequest) -> HttpResponse:
    parts = [
        absolute(reverse("articles:sitemap-part", args=[name])) + (f"?p={number}" if number > 1 else "")
        for name, sitemap_class in SITEMAPS.items()
        for number in sitemap_class().paginator.page_range
    ]
    return render(request, "articles/sitemap_index.xml", {"parts": parts}, content_type="application/xml")


@require_safe
@public_page("sitemap", "articles", "lists")
def sitemap_part(request: HttpRequest, name: str) -> HttpResponse:
    if name not in SITEMAPS:
        raise Http404
    return sitemap(request, {name: SITEMAPS[name]}, section=name).render()


@require_safe
@public_page("sitemap", "articles", "lists")
def sitemap_news(request: HttpRequest) -> HttpResponse:
    page = sitemap(request, {"news": NewsSitemap}, section="news", template_name="articles/sitemap_news.xml").render()
    oldest = NewsSitemap().items().last()
    until = None if oldest is None or oldest.published_at is None else oldest.published_at + timedelta(days=NEWS_DAYS)
    return showing(page, [], until=until)
