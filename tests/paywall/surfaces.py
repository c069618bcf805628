"""Every public address of a library, and the ways in which people try to get more out of one."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone

from articles.models import Article, Author, Page, Section, Series, Topic

FEEDS = ["articles:feed-rss", "articles:feed-atom", "articles:feed-json"]
SITEMAPS = ["articles:sitemap", "articles:sitemap-news"]
FIXED = [
    "articles:front",
    "articles:archive",
    "articles:section-index",
    "articles:topic-index",
    "articles:author-index",
    "articles:series-index",
    "articles:corrections",
    "articles:feeds",
    "paywall:search",
    "paywall:plans",
    "paywall:gift-shop",
    "paywall:leave",
    "paywall:access",
    "paywall:institution-access",
    "account_login",
    "robots",
    *FEEDS,
    *SITEMAPS,
]

# Requests as crawlers, readers who come from a search engine, and people who guess at cookies and headers send them.
DISGUISES: list[dict[str, str]] = [
    {},
    {
        "User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "X-Forwarded-For": "66.249.66.1",
    },
    {"User-Agent": "facebookexternalhit/1.1", "Referer": "https://www.facebook.com/"},
    {"User-Agent": "GPTBot/1.2", "Referer": "https://www.google.com/"},
    {"Referer": "https://t.co/abc"},
    {"Cookie": "subscriber=1; is_subscriber=true; logged_in=yes; sessionid=0123456789abcdef0123456789abcdef; meter=0"},
    {
        "X-User": "subscriber@example.org",
        "Remote-User": "subscriber@example.org",
        "Authorization": "Bearer x",
        "X-Subscriber": "1",
    },
    {"Accept": "application/json"},
    {"Accept": "text/markdown, application/activity+json"},
    {"X-Original-URL": "/admin/", "X-Rewrite-URL": "/admin/", "X-Forwarded-Host": "localhost"},
    {"Range": "bytes=2000-"},
    {"Sec-Purpose": "prefetch"},
]
SUFFIXES = [
    "?print=1",
    "?output=amp",
    "?amp=1",
    "?format=json",
    "?preview=1",
    "?body=1",
    "?access=granted",
    "?reader=subscriber",
    "?as=subscriber",
    "amp/",
    "print/",
    "embed/",
    "body/",
    "index.html",
    "feed.xml",
    "index.json",
    ".json",
    ".md",
    ".txt",
    "../",
    "%2e%2e/",
    "revisions/1/",
    "preview/",
    "preview/subscriber/",
    ";.css",
    "%00",
    "/",
]
GUESSES = [
    "/llms.txt",
    "/llms-full.txt",
    "/oembed?url={url}",
    "/api/articles/",
    "/api/",
    "/graphql",
    "/wp-json/wp/v2/posts",
    "/ghost/api/content/posts/",
    "/.git/config",
    "/.env",
    "/metrics",
    "/p/{id}/",
    "/articles/{id}/",
    "/articles/",
    "/feeds/",
    "/feeds/full.xml",
    "/feeds/private/",
    "/gift/",
    "/gift/new/",
    "/gift/{id}/",
    "/gift/{word}/",
    "/group/invitation/",
    "/group/invitation/{word}/",
    "/mail/",
    "/mail/{id}/",
    "/mail/{word}.{id}.x/",
    "/account/gifts/",
    "/account/gifts/{id}/",
    "/feeds/private/{id}/feed.xml",
    "/feeds/private/{word}/feed.json",
    "/feed/",
    "/rss/",
    "/.well-known/",
    "/articles/?body__startswith=a",
    "/search/?q={word}&field=body",
    "/search/?body={word}",
    "/static/",
    "/media/",
    "/demo/",
    "/access/read/",
    "/access/read/?article={id}",
    "/account/reading/",
    "/account/reading/erase/",
    "/account/reading/{id}/erase/",
    "/account/saved/",
    "/account/saved/add/{id}/",
    "/account/following/",
    "/account/mail/stop/{id}.x/",
]


def list_pages() -> Iterator[str]:
    for model in (Section, Topic, Author, Series):
        for row in model.objects.all():
            yield row.get_absolute_url()
            yield from (f"{row.get_absolute_url()}feed.{suffix}" for suffix in ("xml", "atom", "json"))
    for moment in {timezone.localtime(moment).date().replace(day=1) for moment in published_moments()}:
        month = reverse("articles:archive-month", args=[f"{moment:%Y}", f"{moment:%m}"])
        yield month
        yield from (f"{month}feed.{suffix}" for suffix in ("xml", "atom", "json"))
        yield reverse("articles:sitemap-part", args=[f"{moment:%Y-%m}"])
    yield from (page.get_absolute_url() for page in Page.objects.published())
    for name in ("pages", "archive", "sections", "topics", "authors", "series"):
        yield reverse("articles:sitemap-part", args=[name])


def published_moments() -> list[object]:
    return list(Article.objects.filter(published_at__isnull=False).values_list("published_at", flat=True))


def searches(words: list[str]) -> Iterator[str]:
    for word in words:
        yield f"/search/?q={word}"


def addresses(article: Article, word: str) -> Iterator[str]:
    """The article's own address, its variants, and what people guess around it."""
    url = article.get_absolute_url()
    yield url
    for suffix in SUFFIXES:
        yield url + suffix
        if not suffix.startswith("?"):
            yield url.rstrip("/") + suffix
    yield f"/access/?article={article.slug}"
    yield url.upper()
    yield url.replace("/articles/", "//articles//")
    for guess in GUESSES:
        yield guess.format(url=url, id=article.pk, word=word)
