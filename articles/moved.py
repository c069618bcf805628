"""Former addresses of list pages and their feeds: where no row answers for a slug, who had it once does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import cast

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, reverse
from django.utils import timezone
from django.utils.http import urlencode

from articles import lists
from articles.caching import mark_cacheable
from articles.models import ListRedirect
from articles.models.redirect import ListPage
from articles.page_heads import PLACES

type SlugView = Callable[..., HttpResponseBase]


def follows_moves(model: type[ListPage]) -> Callable[[SlugView], SlugView]:
    """Decorate a view of rows of `model` by slug: in one step to where the row with that former slug is now."""

    def decorate(view: SlugView) -> SlugView:
        @wraps(view)
        def wrapped(request: HttpRequest, *arguments: object, **named: object) -> HttpResponseBase:
            try:
                return view(request, *arguments, **named)
            except Http404:
                target = moved_to(model, str(named["slug"]))
                if target is None:
                    raise
                return redirect_to(request, target)

        return wrapped

    return decorate


def moved_to(model: type[ListPage], slug: str) -> ListPage | None:
    """Whose former slug it is; of one that is in use again, nobody's, and none of a list that is not public."""
    rows: QuerySet[ListPage] = model._default_manager.all()
    if rows.filter(Q(slug=slug)).exists():
        return None
    kind = model._meta.model_name
    former = ListRedirect.objects.select_related(kind).filter(**{"slug": slug, f"{kind}__isnull": False}).first()
    if former is None or not lists.is_public(cast("lists.Listed", former.target), timezone.now()):
        return None
    return former.target


def redirect_to(request: HttpRequest, target: ListPage) -> HttpResponseBase:
    """The same page of the row: its list or its feed, at the same place of it."""
    match = cast("ResolverMatch", request.resolver_match)
    path = reverse(match.view_name, kwargs=vars(match)["captured_kwargs"] | {"slug": target.slug})
    place = {name: request.GET[name] for name in PLACES if name in request.GET}
    response = HttpResponsePermanentRedirect(f"{path}?{urlencode(place)}" if place else path)
    # A row that takes the slug purges `lists`, and so does one that moves again.
    mark_cacheable(request, response, [f"{target._meta.model_name}-{target.pk}", "lists"])
    return response
