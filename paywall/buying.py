"""Buying what is paid once, from pages that caches keep: a pass, or one article by itself. Whether an article can be
bought, and whether the reader needs it, is asked of the decision; nothing is opened here.
"""

from __future__ import annotations

from contextlib import suppress
from typing import cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.addresses import AddressRefused, normalise
from accounts.models import User
from accounts.next_path import local_path_or_none
from accounts.origin import is_own_origin
from articles.models import Article
from paywall.access import holds_library
from paywall.article_offers import is_sold
from paywall.readers import Reader, ReaderRequest
from paywall.telling.answers import answer_now
from subscriptions.models import Plan, PlanKind
from subscriptions.selling.buying import NotBought, Wanted, once_offer, price_of, to_payment
from subscriptions.sources import LONGEST_HOST, from_where

LONGEST_EMAIL = 320
LONGEST_FIELD = 400


@csrf_exempt
@never_cache
@require_POST
def buy(request: HttpRequest) -> HttpResponse:
    """As the gate's form: it has no CSRF token, believes the browser's own word on where it was, and does nothing that
    a stranger could not do anyway.
    """
    article: Article | None = None
    plan: Plan | None = None
    try:
        if not is_own_origin(request):
            raise NotBought(_("This form was not sent from our own pages. Please open the page again."), 403)
        plan = plan_of(request.POST.get("plan", ""))
        article = article_of(request.POST.get("article", "")) if plan.kind == PlanKind.ARTICLE else None
        reader = cast("ReaderRequest", request).reader
        refuse_needless(plan, article, reader)
        wanted = Wanted(
            plan,
            email_of(request),
            path_of(request, article),
            from_where(request.POST.get("came_from", "")),
            terms_of(request, plan),
            "" if article is None else f"article:{article.public_id}",
        )
        limits.consume(request, "gate")
        return to_payment(request, wanted)
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    except NotBought as problem:
        return not_bought(request, plan, article, problem)


def plan_of(key: str) -> Plan:
    plan = Plan.objects.sold_once(PlanKind.PASS, PlanKind.ARTICLE).filter(key=key[:LONGEST_FIELD]).first()
    if plan is None:
        raise NotBought(_("This is not sold any more. Nothing was charged."), 400)
    return plan


def article_of(public_id: str) -> Article:
    try:
        found = Article.objects.published(timezone.now()).filter(public_id=UUID(public_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotBought(_("There is no such article to buy. Nothing was charged."), 400)
    return found


def email_of(request: HttpRequest) -> str:
    """Of who is logged in the address that was proved, whatever stands in the field."""
    if request.user.is_authenticated:
        return str(request.user.email)
    try:
        return normalise(request.POST.get("email", ""))
    except AddressRefused as refusal:
        raise NotBought(str(refusal), 400, may_retry=True) from None


def path_of(request: HttpRequest, article: Article | None) -> str:
    """Where the reader goes after paying: to the article, or back."""
    return article.get_absolute_url() if article is not None else local_path_or_none(request.POST.get("next")) or "/"


def terms_of(request: HttpRequest, plan: Plan) -> str:
    """What the form promised for this plan; it may stand in a form with others."""
    promised = request.POST.getlist("once") or request.POST.getlist("terms")
    return next((terms[:LONGEST_FIELD] for terms in promised if terms.split(" ")[0] == plan.key), "")


def refuse_needless(plan: Plan, article: Article | None, reader: Reader) -> None:
    """Raise NotBought where it would open nothing that is not open anyway, or would not open."""
    now = timezone.now()
    if article is None:
        if holds_library(reader.standing_facts, now):
            raise NotBought(_("The whole library is open to you already, so nothing was charged."), 409)
        return
    access = answer_now(article, reader, now).access
    if access.granted:
        raise NotBought(_("You can read this article already, so nothing was charged."), 409)
    if not is_sold(access.asking):
        raise NotBought(_("This article cannot be bought by itself. Nothing was charged."), 409)


def not_bought(request: HttpRequest, plan: Plan | None, article: Article | None, problem: NotBought) -> HttpResponse:
    """The reason in words, what was typed, and the form with what holds now."""
    offers = []
    if plan is not None and problem.may_retry:
        with suppress(NotBought):
            offers.append(once_offer(plan, price_of(plan, request.user if isinstance(request.user, User) else None)))
    context = {
        "problem": str(problem),
        "offers": offers,
        "article": article,
        "back": article.get_absolute_url() if article is not None else path_of(request, None),
        "email": request.user.email if request.user.is_authenticated else request.POST.get("email", "")[:LONGEST_EMAIL],
        "is_registered": request.user.is_authenticated,
        "came_from": request.POST.get("came_from", "")[:LONGEST_HOST],
    }
    response = render(request, "paywall/not_bought.html", context, status=problem.status)
    if problem.status == 503:
        response.headers["Retry-After"] = "60"
    return response
