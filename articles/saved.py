"""Articles that a reader saves for later: the button of an article, and the list on the account pages.

The button stands on kept pages, so it is the same for everybody and has no CSRF token: it believes the browser's own
word on where the form was. What is saved opens nothing, and of what is not out the list tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import FETCH_PEERS
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.models import User
from accounts.origin import is_own_origin
from accounts.overview import OverviewLink, OverviewSection
from accounts.requests import user_of
from articles.models import Article, SavedArticle

MOST = 2000  # articles that one reader may keep
PAGE_SIZE = 20
JSON = "application/json"


class ShelfFull(Exception):
    """The reader has saved as many articles as are kept for one."""

    def __str__(self) -> str:
        full = _("You have saved %(most)d articles, and we keep no more for one reader. Remove some, then save again.")
        return full % {"most": MOST}


@dataclass(frozen=True, slots=True)
class Shelf:
    """One page of what a reader has saved; `older` is the number below which the next page begins, 0 on the last."""

    rows: list[SavedArticle]
    older: int


def save_article(user: User, article: Article) -> bool:
    """Put the article on the reader's list; False where it was there. Raises ShelfFull."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # the count holds until the row is there
        own = SavedArticle.objects.filter(user=user)
        if own.filter(article=article).exists():
            return False
        if own.count() >= MOST:
            raise ShelfFull
        SavedArticle.objects.create(user=user, article=article)
    return True


def remove_article(user: User, public_id: UUID) -> None:
    SavedArticle.objects.filter(user=user, article__public_id=public_id).delete()


def shelf_of(user: User, before: int) -> Shelf:
    """The newest first, below the number `before`, or from the top where it is 0. Costs alike however deep it is."""
    saved = SavedArticle.objects.filter(user=user).order_by("-pk")
    if before:
        saved = saved.filter(pk__lt=before)
    told = saved.select_related("article__section").prefetch_related("article__bylines__author")
    rows = list(told.fetch_mode(FETCH_PEERS)[: PAGE_SIZE + 1])
    return Shelf(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else 0)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def saved(request: HttpRequest) -> HttpResponse:
    return press(request) if request.method == "POST" else shelf(request)


@login_required
def shelf(request: HttpRequest) -> HttpResponse:
    raw = request.GET.get("before", "")
    before = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else 0
    now = timezone.now()
    page = shelf_of(user_of(request), before)
    entries = [(row, row.article if row.article.is_out(now) else None) for row in page.rows]
    return render(request, "articles/saved.html", {"entries": entries, "older": page.older, "is_first": not before})


def press(request: HttpRequest) -> HttpResponse:
    """What the button of an article sends. Scripts are answered in JSON, browsers with the article again."""
    if not is_own_origin(request):
        sentence = _("This form was not sent from our own pages. Please open the article again and try once more.")
        return render(request, "403.html", {"reason_sentence": sentence}, status=403)
    article = find_article(request.POST.get("article", ""))
    wants_json = request.headers.get("Accept", "") == JSON
    if not request.user.is_authenticated:
        back = reverse("articles:saved-add", args=[article.public_id])
        login = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"
        return JsonResponse({"login": login}, status=401) if wants_json else see_other(login)
    try:
        sentence = keep(request, article, is_removed="remove" in request.POST)
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait, has_code=False)
    except ShelfFull as full:
        messages.error(request, str(full))
        return see_other(reverse("articles:saved"))
    if wants_json:
        return JsonResponse({"is_saved": "remove" not in request.POST})
    messages.success(request, sentence)
    return see_other(article.get_absolute_url())


def keep(request: HttpRequest, article: Article, *, is_removed: bool) -> str:
    """Save or remove it; what was done, in words. Raises limits.LimitReached and ShelfFull."""
    user = user_of(request)
    limits.consume(request, "own_lists", str(user.pk))
    if is_removed:
        remove_article(user, article.public_id)
        return _("Removed from your saved articles.")
    if save_article(user, article):
        return _("Saved for later. You find it on your account page, under “Saved articles”.")
    return _("You had saved this article already.")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Where a stranger comes back to who pressed the button and then logged in: a GET alone saves nothing."""
    article = find_article(str(public_id))
    if request.method != "POST":
        return render(request, "articles/saved_add.html", {"article": article})
    try:
        messages.success(request, keep(request, article, is_removed=False))
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait, has_code=False)
    except ShelfFull as full:
        messages.error(request, str(full))
        return see_other(reverse("articles:saved"))
    return see_other(article.get_absolute_url())


@require_POST
@login_required
def remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """From the list itself, whatever has become of the article. The address names no row, so nobody else's either."""
    user = user_of(request)
    try:
        limits.consume(request, "own_lists", str(user.pk))
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait, has_code=False)
    remove_article(user, public_id)
    messages.success(request, _("Removed from your saved articles."))
    return see_other(reverse("articles:saved"))


def find_article(public_id: str) -> Article:
    """An article that is out. Raises Http404."""
    try:
        wanted = UUID(public_id)
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Article.objects.published(), public_id=wanted)


def see_other(address: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(address, status=303)


def saved_section(request: HttpRequest) -> OverviewSection:
    """The part of the account page."""
    count = SavedArticle.objects.filter(user=user_of(request)).count()
    heading = _("Saved articles")
    if not count:
        return OverviewSection(heading, (_("None yet. “Save” stands below the headline of each article."),))
    link = OverviewLink(_("Manage what you saved"), reverse("articles:saved"))
    return OverviewSection(_("Saved articles (%(count)d)") % {"count": count}, (), (link,))
