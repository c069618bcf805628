"""The pages of the library. Each finds, asks and renders; whether a body opens is asked by the paywall's middleware."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from articles import lists
from articles.article_page import find_page
from articles.caching import mark_cacheable, public_page, showing
from articles.front import front_page, next_change_at
from articles.marks import marks_of
from articles.models import Article, ArticleRedirect, Author, Section, Series, Status, Topic
from articles.moved import follows_moves
from articles.paging import PLACES, first_at_its_own_address
from articles.responses import ArticleResponse
from articles.surrogate_keys import card_keys


@require_safe
@public_page("front", "articles")
def front(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    content = front_page(now)
    page = render(request, "articles/front.html", {"content": content, "marks": marks_of(content.shown(), now)})
    return showing(page, card_keys(content.shown()), until=next_change_at(now))


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


@require_safe
@follows_moves(Section)
@public_page(parameters=PLACES)
def section(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Section, slug=slug)
    return list_page(request, "section", found, {"named": lists.topics_of(found, timezone.now())})


@require_safe
@follows_moves(Topic)
@public_page(parameters=PLACES)
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    return list_page(request, "topic", get_object_or_404(Topic, slug=slug))


@require_safe
@follows_moves(Author)
@public_page(parameters=PLACES)
def author(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Author.objects.select_related("portrait"), slug=slug)
    return list_page(request, "author", found, {"named": lists.sections_of(found, timezone.now())})


@require_safe
@follows_moves(Series)
@public_page(parameters=PLACES)
def series(request: HttpRequest, slug: str) -> HttpResponse:
    return list_page(request, "series", get_object_or_404(Series, slug=slug))


def list_page(request: HttpRequest, name: str, found: lists.Listed, more: dict[str, Any] | None = None) -> HttpResponse:
    """A list that has an address, a template and a feed of its own, all under `name`. Raises Http404 for one that is
    not public.
    """
    now = timezone.now()
    listing = lists.listing_of(found, now)
    total = lists.size_of(name, found, listing, now)
    if not total and not lists.is_public(found, now):
        raise Http404
    context = {
        name: found,
        "heading": found,
        "feed_url": reverse(f"articles:{name}-feed", args=[found.slug]),
        "total": total,
    }
    return paged(request, f"articles/{name}.html", listing, context | (more or {}), [f"{name}-{found.pk}"])


@first_at_its_own_address
def paged(
    request: HttpRequest, template: str, listing: lists.Listing, context: dict[str, Any], keys: list[str]
) -> HttpResponse:
    """One page of the listing. What is no page of its own leads to the first: numbers, as addresses had them once."""
    if "page" in request.GET:
        return HttpResponsePermanentRedirect(request.path)
    page = listing.page(request)
    context |= {"page": page, "articles": page.rows}
    return showing(render(request, template, context), [*keys, *card_keys(page.rows)])


@require_safe
@public_page("archive")
def archive(request: HttpRequest) -> HttpResponse:
    return render(request, "articles/archive.html", {"years": lists.archive_years(timezone.now())})


@require_safe
def archive_year(request: HttpRequest, year: str) -> HttpResponse:
    """The archive shows all years: to this one there."""
    if int(year) not in {found.number for found in lists.archive_years(timezone.now())}:
        raise Http404
    return HttpResponseRedirect(f"{reverse('articles:archive')}#year-{int(year)}")


@require_safe
@public_page("archive", parameters=PLACES)
def archive_month(request: HttpRequest, year: str, month: str) -> HttpResponse:
    now = timezone.now()
    place = lists.month_place(int(year), int(month), now)
    if place is None:
        raise Http404
    context = {"place": place, "month": place.month.date, "total": place.month.count}
    return paged(request, "articles/archive_month.html", lists.month_listing(place.month, now), context, [])
