"""Where a reader makes, renews and ends the address of their own feed."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.overview import OverviewAction, OverviewLink, OverviewSection
from accounts.requests import user_of
from accounts.views import FRESH_PROOF
from articles.addresses import absolute
from paywall.feed_keys import FeedKey
from paywall.readers import ReaderRequest
from subscriptions.entitlements import entitlement_of


@method_decorator(FRESH_PROOF, name="dispatch")
class FeedKeyView(View):
    """Asks for a fresh login: who sits at somebody else's open session would otherwise take the library along."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(request, "")

    def post(self, request: HttpRequest) -> HttpResponse:
        """The answer is the page with the address, which is not kept anywhere to be shown again."""
        user, now = user_of(request), timezone.now()
        if not entitlement_of(user.pk, now).has_library:
            return self.page(request, "")
        try:
            limits.consume(request, "feed_key", str(user.pk))
        except limits.LimitReached as reached:
            return limits.refuse(request, reached.wait, has_code=False)
        return self.page(request, FeedKey.objects.make_for(user.pk, now))

    def page(self, request: HttpRequest, token: str) -> HttpResponse:
        user = user_of(request)
        context = {
            "has_key": FeedKey.objects.filter(user=user).exists(),
            "has_library": entitlement_of(user.pk, timezone.now()).has_library,
            "rss_url": absolute(reverse("paywall:private-feed-rss", args=[token])) if token else "",
            "json_url": absolute(reverse("paywall:private-feed-json", args=[token])) if token else "",
        }
        return render(request, "paywall/feed_key.html", context)


@require_POST
@login_required
def end_feed(request: HttpRequest) -> HttpResponse:
    FeedKey.objects.filter(user=user_of(request)).delete()
    messages.info(request, _("Your full-text feed is switched off. Its address opens nothing any more."))
    return HttpResponseRedirect(reverse("account"))


def feed_section(request: HttpRequest) -> OverviewSection | None:
    """The part of the account page about the feed, for a reader who is logged in."""
    user_id = cast("ReaderRequest", request).reader.user_id
    if user_id is None:
        return None
    heading = _("Full-text feed")
    key = FeedKey.objects.filter(user_id=user_id).first()
    has_library = entitlement_of(user_id, timezone.now()).has_library
    if key is None and not has_library:
        return OverviewSection(heading, (_("Subscribers can read every new article in full in a feed reader."),))
    if key is None:
        offer = _("Read every new article in full in a feed reader, by an address that is yours alone.")
        return OverviewSection(heading, (offer,), (OverviewLink(_("Make your feed"), reverse("paywall:feed-key")),))
    asleep = _("It is asleep, and goes on by itself at the same address as soon as the library is open to you again.")
    sentences = (key_sentence(key), *(() if has_library else (asleep,)))
    links = (OverviewLink(_("Make another address"), reverse("paywall:feed-key")),) if has_library else ()
    actions = (OverviewAction(_("Switch it off"), reverse("paywall:feed-key-end")),)
    return OverviewSection(heading, sentences, links, actions)


def key_sentence(key: FeedKey) -> str:
    made = _("Your feed's address was made on %(day)s.") % {"day": day_of(key.created_at)}
    if key.last_used_at is None:
        return f"{made} {_('No feed reader has asked for it yet.')}"
    return f"{made} {_('It was last asked for on %(day)s.') % {'day': day_of(key.last_used_at)}}"


def day_of(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT")
