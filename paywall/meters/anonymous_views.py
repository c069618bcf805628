"""Where a stranger spends a free read: the button of the gate.

It stands on pages that caches keep, so it has no CSRF token: it believes the browser's own word on where the form was.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.origin import is_own_origin
from articles.models import Article
from articles.saved import find_article
from paywall.access import Reason, decide
from paywall.meters.anonymous_meter import live_meter, meter_id_of, new_meter, remember, spend_anonymously
from paywall.policy import policy_now
from paywall.readers import Reader, ReaderRequest
from paywall.terms import facts_of

NEW_METER = "anonymous_meter"  # in ACCOUNT_RATE_LIMITS


@csrf_exempt
@never_cache
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Back to the article, which then says what has become of it. The body is never in this answer."""
    if not is_own_origin(request):
        sentence = _("This form was not sent from our own pages. Please open the article again and try once more.")
        return render(request, "403.html", {"reason_sentence": sentence}, status=403)
    now = timezone.now()
    article = find_article(request.POST.get("article", ""))
    response = HttpResponseRedirect(f"{article.get_absolute_url()}#continue", status=303)
    if not may_spend_on(cast("ReaderRequest", request).reader, article, now):
        return response
    meter = live_meter(meter_id_of(request), now)
    if meter is None:
        try:
            limits.consume(request, NEW_METER)
        except limits.LimitReached as reached:
            return too_many(request, article, reached.wait)
        meter = new_meter(now)
        remember(response, meter, now)
    spend_anonymously(meter, article.pk, now)
    return response


def may_spend_on(reader: Reader, article: Article, now: datetime) -> bool:
    """Whether the reader is a stranger to whom nothing but a free read opens this article. Who has a name has a meter
    of their own, and nobody spends where the body is open anyway, or is for the subscribers of some plan.
    """
    if reader.is_registered:
        return False
    policy = policy_now()
    facts, meter = facts_of(article, policy), reader.meter(article, now)
    access = decide(facts, reader.facts(article), now, policy=policy, meter=meter)
    return access.reason is Reason.READ_AVAILABLE


def too_many(request: HttpRequest, article: Article, wait: int) -> HttpResponse:
    """As many meters were begun on the same network as it has in a day; an account has reads of its own. `wait` is in
    seconds.
    """
    response = render(request, "paywall/anonymous_too_many.html", {"article": article}, status=429)
    response.headers["Retry-After"] = str(wait)
    return response
