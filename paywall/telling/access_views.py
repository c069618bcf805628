"""`/access/`: in words, what is open to a reader, and why one article opens to them or not. It decides as the article's
own page does, and spends and shows nothing of it.
"""

from __future__ import annotations

import logging
from typing import cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from articles.article_page import ArticlePage, find_page
from articles.caching import mark_private, public_page, showing
from articles.models import Article, ArticleRedirect, Status
from paywall.access import withheld
from paywall.article_offers import article_offer
from paywall.readers import ReaderRequest
from paywall.telling.answers import answer_now
from paywall.telling.article_address import slug_of
from paywall.telling.next_steps import next_steps
from paywall.telling.reasons import asked_sentence, until_sentence, why
from paywall.telling.standing import standing_of

logger = logging.getLogger(__name__)


@require_safe
@public_page(parameters=("article",))
def access(request: HttpRequest) -> HttpResponse:
    """Every stranger is told the same. Of what is not out this says no more than its own address does."""
    pasted = request.GET.get("article", "").strip()
    if not pasted:
        reader = cast("ReaderRequest", request).reader
        return render(request, "paywall/access.html", {"standing": standing_of(reader, timezone.now())})
    slug = slug_of(request, pasted)
    if slug and slug != pasted:
        return moved_to(slug)
    page = find_page(slug) if slug else None
    return not_out(request, slug) if page is None else explained(cast("ReaderRequest", request), page)


def explained(request: ReaderRequest, page: ArticlePage) -> HttpResponse:
    """Why the article opens or not. What could not be decided is told as such, and never kept."""
    article = page.article
    path, now = article.get_absolute_url(), timezone.now()
    try:
        answer = answer_now(article, request.reader, now)
        steps = answer.steps(path, now)
    except Exception:  # as on the article's page: every error withholds, and the cause is logged
        logger.exception("access to article %s could not be explained", article.pk)
        undecided = withheld(article.pk)
        context = {"article": article, "sentence": why(undecided), "steps": next_steps(undecided, path, now)}
        response = render(request, "paywall/access_article.html", context, status=503)
        mark_private(response)
        return response
    context = {
        "article": article,
        "access": answer.access,
        "sentence": answer.sentence,
        "asked": asked_sentence(answer.access),
        "until": until_sentence(answer.access, has_subscription=request.reader.entitlement.has_subscription),
        "steps": steps,
        "once": article_offer(article, answer.access),
        "is_registered": request.reader.is_registered,
        "email": request.reader.email,
    }
    return showing(render(request, "paywall/access_article.html", context), [f"article-{article.pk}"])


def not_out(request: HttpRequest, slug: str) -> HttpResponse:
    """A former address leads on; a withdrawn article says so. Anything else, a draft among it, is not found."""
    redirect = ArticleRedirect.objects.select_related("article").filter(slug=slug).first() if slug else None
    if redirect is not None and redirect.article.is_out(timezone.now()):
        return moved_to(redirect.article.slug)
    is_withdrawn = bool(slug) and (
        Article.objects.filter(slug=slug, status=Status.WITHDRAWN).exists()
        or (redirect is not None and redirect.article.is_withdrawn)
    )
    context = {"is_withdrawn": is_withdrawn}
    response = render(request, "paywall/access_unknown.html", context, status=410 if is_withdrawn else 404)
    mark_private(response)
    return response


def moved_to(slug: str) -> HttpResponse:
    response = HttpResponseRedirect(access_url(slug))
    mark_private(response)
    return response


def access_url(slug: str) -> str:
    return f"{reverse('paywall:access')}?{urlencode({'article': slug})}"
