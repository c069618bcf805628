"""The page of all corrections, the newest first. Those of articles that are not out now stand nowhere."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from articles.caching import public_page, showing
from articles.models import Correction, Status
from articles.paging import PLACES, ListPage, Order, first_at_its_own_address, page_of

NEWEST_FIRST = Order(("made_at", "pk"), (datetime, int))


@require_safe
@public_page("corrections", parameters=PLACES)
@first_at_its_own_address
def corrections(request: HttpRequest) -> HttpResponse:
    page = correction_page(request)
    response = render(request, "articles/corrections.html", {"page": page})
    return showing(response, dict.fromkeys(f"article-{correction.article_id}" for correction in page.rows))


def correction_page(request: HttpRequest) -> ListPage[Correction]:
    """The page that the address asks for. Raises Http404 and `paging.BeforeFirst`."""
    out = Correction.objects.filter(article__status=Status.PUBLISHED, article__published_at__lte=timezone.now())
    page = page_of(request, out, NEWEST_FIRST)
    ids = [cast("int", pk) for _made_at, pk in page.rows]
    found = out.select_related("article").in_bulk(ids)
    return page.showing([found[pk] for pk in ids if pk in found])
