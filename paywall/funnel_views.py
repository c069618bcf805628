"""What a page tells of itself: that its gate stands there, and that it was seen. Without a cookie, and told by the page
itself, so that those from a cache count as well.
"""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.origin import is_own_origin
from articles.article_page import find_page
from articles.caching import mark_private
from paywall import funnel
from paywall.models import Step
from paywall.telling.article_address import SLUG
from subscriptions.sources import from_where

TOLD_BY_PAGES = (Step.TEASER_SEEN, Step.GATE_SEEN)  # the other steps are known where they are taken


@csrf_exempt
@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """Always the same answer: it tells nobody anything, and there is nothing to be done about a count that is wrong."""
    step, slug = request.POST.get("step", ""), request.POST.get("article", "")
    if is_own_origin(request) and step in TOLD_BY_PAGES and SLUG.fullmatch(slug):
        page = find_page(slug)
        if page is not None:
            funnel.count(Step(step), page.article.pk, from_where(request.POST.get("came_from", "")))
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    mark_private(response)
    return response
