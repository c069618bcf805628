"""The pages of the library. Each finds, asks and renders; whether a body opens is asked by the paywall's middleware."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import limits
from articles import lists
from articles.article_page import find_page
from articles.caching import mark_cacheable, public_page, showing
from articles.models import Article, ArticleRedirect, Author, Section, Series, Status, Topic
from articles.models.article import ArticleQuerySet
from articles.responses import ArticleResponse
from articles.surrogate_keys import card_keys

PAGE_SIZE = 20
LAST_PAGE = 1000


@require_safe
@public_page("front", "articles")
def front(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = lists.front_page(now)
    page = render(request, "articles/front.html", context)
    return showing(page, card_keys(lists.shown_on_front(context)), until=lists.next_pick_at(now))


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    page = find_page(slug)
    return not_out(request, slug) if page is None else ArticleResponse(request, page)


def not_out(request: HttpRequest, slug: str) -> HttpResponse:
    """What is answered where no article is out: a withdrawn one, or a former address. Raises Http404 for all else."""
    if Article.objects.filter(slug=slug, status=Status.WITHDRAWN).exists():
        return render(request, "410.html", status=410)
    redirect = get_object_or_404(ArticleRedirect.objects.select_related("article"), slug=slug)
    if not redirect.article.is_out(timezone.now()) and not redirect.article.is_withdrawn:
        raise Http404
    response = HttpResponsePermanentRedirect(redirect.article.get_absolute_url())
    mark_cacheable(request, response, [f"article-{redirect.article_id}", "library"])
    return response


def list_context(request: HttpRequest, articles: ArticleQuerySet) -> dict[str, Any]:
    """One page of a list. Raises Http404 for a page that does not exist."""
    raw = request.GET.get("page", "1")
    number = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 0
    paginator = Paginator(articles, PAGE_SIZE)
    if not 1 <= number <= min(LAST_PAGE, paginator.num_pages):
        raise Http404
    page = paginator.page(number)
    return {"page": page, "articles": list(page.object_list), "total": paginator.count}


@require_safe
@public_page()
def section(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Section, slug=slug)
    return list_page(request, "section", found, Article.objects.cards().filter(section=found))


@require_safe
@public_page()
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Topic, slug=slug)
    return list_page(request, "topic", found, Article.objects.cards().filter(topics=found))


@require_safe
@public_page()
def author(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Author.objects.select_related("portrait"), slug=slug)
    return list_page(request, "author", found, Article.objects.cards().filter(bylines__author=found))


@require_safe
@public_page()
def series(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Series, slug=slug)
    return list_page(request, "series", found, Article.objects.cards().of_series(found.pk))


def list_page(
    request: HttpRequest, name: str, found: Section | Topic | Author | Series, articles: ArticleQuerySet
) -> HttpResponse:
    """A list that has an address, a template and a feed of its own, all under `name`."""
    feed_url = reverse(f"articles:{name}-feed", args=[found.slug])
    context = list_context(request, articles) | {name: found, "heading": found, "feed_url": feed_url}
    return showing(
        render(request, f"articles/{name}.html", context), [f"{name}-{found.pk}", *card_keys(context["articles"])]
    )


@require_safe
@public_page("archive")
def archive(request: HttpRequest) -> HttpResponse:
    return render(request, "articles/archive.html", {"months": lists.archive_months(timezone.now())})


@require_safe
@public_page("archive")
def archive_month(request: HttpRequest, year: str, month: str) -> HttpResponse:
    try:
        start, end = lists.month_bounds(int(year), int(month))
    except ValueError:
        raise Http404 from None
    context = list_context(request, Article.objects.cards().filter(published_at__gte=start, published_at__lt=end))
    if not context["total"]:
        raise Http404
    page = render(request, "articles/archive_month.html", context | {"month": start.date()})
    return showing(page, card_keys(context["articles"]))


@require_safe
@public_page("search", "articles")
def search(request: HttpRequest) -> HttpResponse:
    query = " ".join(request.GET.get("q", "")[: lists.LONGEST_QUERY].split())
    context: dict[str, Any] = {"articles": [], "total": 0}
    if query:
        try:
            limits.consume(request, "search")
        except limits.LimitReached as reached:
            return limits.refuse(request, reached.wait, has_code=False)
        context = list_context(request, lists.search(query, timezone.now()))
    page = render(request, "articles/search.html", context | {"query": query})
    return showing(page, card_keys(context["articles"]))
