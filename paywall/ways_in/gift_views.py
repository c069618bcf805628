"""Where gift links are opened, made, listed and revoked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.names import NameRefused
from accounts.overview import OverviewLink, OverviewSection
from accounts.requests import user_of
from articles.article_page import find_page
from articles.caching import mark_private
from articles.models import Article
from articles.saved import find_article
from articles.views import not_out
from paywall.access import Right
from paywall.asking import Ask
from paywall.models import GiftLink
from paywall.models.gift import LONGEST_NAME
from paywall.reading_as import reader_for
from paywall.terms import asking_now
from paywall.ways_in import gifts
from paywall.ways_in.lent_pages import is_opened_by_somebody, lent_once, lent_page, may_read_anyway, unknown
from paywall.ways_in.lent_response import closed, to_article

LISTED = 50  # of one's links, the newest


@dataclass(frozen=True, slots=True)
class Given:
    """A link as its giver sees it. Without a `url` its address cannot be shown any more."""

    link: GiftLink
    url: str
    state: str  # live, used_up, revoked, ended or asleep

    @property
    def mail_url(self) -> str:
        """Opens the giver's own mail program with a letter to write."""
        return f"mailto:?{urlencode({'subject': self.link.article.headline, 'body': self.url}, quote_via=quote)}"


@require_safe
def gift(request: HttpRequest, gift_token: str) -> HttpResponse:
    """The article that was given, with its body, for one of so many browsers. A link that opens nothing leads to the
    article, one that nobody made answers 404.
    """
    now = timezone.now()
    link = GiftLink.objects.of_token(gift_token)
    if link is None:
        return unknown(request)
    page = find_page(link.article.slug)
    if page is None:
        return closed(not_out(request, link.article.slug))
    right = gifts.right_of(link, now)
    if right is None:
        return to_article(link.article)
    reader = reader_for(request, now)  # with what this browser was given before, this link included
    if may_read_anyway(reader, page.article, now):
        return lent_page(request, page, reader)
    if link.is_used_up:
        return to_article(link.article)
    if not is_opened_by_somebody(request, reader):
        return lent_page(request, page, reader)
    response = lent_page(request, page, replace(reader, rights=(*reader.rights, right)))
    return lent_once(
        response, partial(gifts.take, link, now), lambda opening: gifts.remember(request, response, opening.key)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    article = find_article((request.POST if request.method == "POST" else request.GET).get("article", ""))
    if request.method != "POST":
        return form(request, article)
    is_named = "is_named" in request.POST
    typed = request.POST.get("name", "").strip()
    if is_named and not typed:
        return form(request, article, _("Write the name to show, or untick the box above it."))
    user = user_of(request)
    try:
        limits.consume(request, "own_lists", str(user.pk))
        link = gifts.give(user, article, timezone.now(), typed if is_named else "")
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait, has_code=False)
    except (gifts.QuotaUsed, gifts.NotTheirs):
        return form(request, article)  # which says why
    except NameRefused:
        most = _(
            "Please write a name, not an address: letters, at most %(most)d characters, three accents on one at most."
        ) % {"most": LONGEST_NAME}
        return form(request, article, most)
    return HttpResponseRedirect(reverse("paywall:gift-made", args=[link.pk]), status=303)


def form(request: HttpRequest, article: Article, problem: str = "") -> HttpResponse:
    user, now = user_of(request), timezone.now()
    left = gifts.left_of(user.pk, now)
    context = {
        "article": article,
        "is_open": asking_now(article, now).ask is Ask.OPEN,
        "may_give": gifts.may_give(user.pk, article, now),
        "left": left,
        "left_sentence": left_sentence(left),
        "article_url": settings.SITE_URL + article.get_absolute_url(),
        "most_readers": gifts.MOST_READERS,
        "days": gifts.LASTS.days,
        "most_name": LONGEST_NAME,
        "is_named": "is_named" in request.POST,
        "name": request.POST.get("name", user.name)[:LONGEST_NAME],
        "problem": problem,
    }
    response = render(request, "paywall/gift_new.html", context, status=400 if problem else 200)
    mark_private(response)
    return response


@require_safe
@login_required
def made(request: HttpRequest, pk: int) -> HttpResponse:
    """One of one's own links, with its address."""
    user, now = user_of(request), timezone.now()
    link = get_object_or_404(GiftLink.objects.select_related("article", "giver"), pk=pk, giver=user)
    given = given_of(link, gifts.right_of(link, now), now)
    if not given.url:
        return HttpResponseRedirect(reverse("paywall:gifts"))
    context = {"given": given, "left_sentence": left_sentence(gifts.left_of(user.pk, now)), "days": gifts.LASTS.days}
    return render(request, "paywall/gift_made.html", context)


@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    user, now = user_of(request), timezone.now()
    links = list(GiftLink.objects.filter(giver=user).select_related("article", "giver")[:LISTED])
    rights = gifts.rights_of(links, user.pk, now)
    context = {
        "gifts": [given_of(link, right, now) for link, right in zip(links, rights, strict=True)],
        "left_sentence": left_sentence(gifts.left_of(user.pk, now)),
    }
    return render(request, "paywall/gifts.html", context)


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody else's link is one that is not there."""
    link = get_object_or_404(GiftLink, pk=pk, giver=user_of(request))
    GiftLink.objects.filter(pk=link.pk).revoke(timezone.now())
    messages.success(request, _("The gift link has been revoked. It no longer opens anything."))
    return HttpResponseRedirect(reverse("paywall:gifts"), status=303)


def given_of(link: GiftLink, right: Right | None, now: datetime) -> Given:
    token = link.token
    url = settings.SITE_URL + reverse("paywall:gift", args=[token]) if token else ""
    if link.revoked_at is not None:
        return Given(link, "", "revoked")
    if now >= link.expires_at:
        return Given(link, "", "ended")
    if not link.article.is_out(now) or right is None:
        return Given(link, "", "asleep")
    return Given(link, url, "used_up" if link.is_used_up else "live")


def left_sentence(left: int) -> str:
    return ngettext(
        "%(left)d of %(quota)d gift left this month.", "%(left)d of %(quota)d gifts left this month.", gifts.QUOTA
    ) % {"left": left, "quota": gifts.QUOTA}


def gifts_section(request: HttpRequest) -> OverviewSection | None:
    """The part of the account page: for who gave something, or could."""
    user, now = user_of(request), timezone.now()
    has_given = GiftLink.objects.filter(giver=user).exists()
    if not has_given and not gifts.has_anything_to_give(user.pk, now):
        return None
    offer = _("“Share”, below the headline of each article, makes a link for others, who need no subscription.")
    link = OverviewLink(_("Manage your gift links"), reverse("paywall:gifts"))
    return OverviewSection(_("Gift links"), (left_sentence(gifts.left_of(user.pk, now)), offer), (link,))
