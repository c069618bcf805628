"""The readers of a check who have no account but something that was lent to them: a gift, a letter, a meter."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from accounts.models import User
from articles.models import Article
from paywall.meters.anonymous_meter import remember, spend_anonymously
from paywall.meters.meter import terms_of_meter
from paywall.meters.periods import local_day
from paywall.models import AnonymousMeter, GiftLink, MailPass
from paywall.ways_in import gifts, mail_links

# No random UUID has a 6 in this place (RFC 9562, 5.4), so that the meters of checks are known by their ids.
FIRST_METER = uuid.UUID("6c65616b-6c65-616b-0000-000000000000")
LAST_METER = uuid.UUID("6c65616b-6c65-616b-ffff-ffffffffffff")


def gift_cookie(giver: User, article: Article, now: datetime) -> dict[str, str]:
    """What a browser sends in which a gift of this article was opened; nothing where it cannot be given."""
    try:
        opening = gifts.take(gifts.give(giver, article, now), now)
    except gifts.NotTheirs:
        return {}
    response = HttpResponse()
    if opening is not None:
        gifts.remember(HttpRequest(), response, opening.key)
    return cookie_of(response)


def ended_addresses(giver: User, articles: list[Article], now: datetime) -> list[str]:
    """Gift links and links of letters that have ended: addresses that opened these articles once."""
    found: list[str] = []
    letter = MailPass.objects.create(user=giver, expires_at=now, most_browsers=5)
    for article in articles[: gifts.QUOTA - 1]:
        link = gifts.give(giver, article, now)
        GiftLink.objects.filter(pk=link.pk).update(made_at=now - timedelta(days=20), expires_at=now)
        found += [reverse("paywall:gift", args=[link.token]), mail_links.path_of(letter, article)]
    return found


def anonymous_cookie(others: list[int], now: datetime) -> dict[str, str]:
    """What a stranger's browser sends that has used its free articles up; nothing where there are none."""
    terms, today = terms_of_meter(), local_day(now)
    if not terms.anonymous_allowance or len(others) < terms.anonymous_allowance:
        return {}
    name = uuid.UUID(int=FIRST_METER.int + uuid.uuid4().int % 2**64)
    meter = AnonymousMeter.objects.create(pk=name, period=terms.begins_on(today), renews_on=terms.renews_on(today))
    for article_id in others[: terms.anonymous_allowance]:
        spend_anonymously(meter, article_id, now)
    response = HttpResponse()
    remember(response, meter, now)
    return cookie_of(response)


def cookie_of(response: HttpResponseBase) -> dict[str, str]:
    pairs = [f"{name}={morsel.coded_value}" for name, morsel in response.cookies.items()]
    return {"Cookie": "; ".join(pairs)} if pairs else {}


def remove_meters() -> None:
    AnonymousMeter.objects.filter(pk__gte=FIRST_METER, pk__lte=LAST_METER).delete()
