"""What the account page says of what was paid for once: passes, single articles, gifts that wait or were given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.overview import OverviewLink
from subscriptions.account.account_parts import Holding, Ways
from subscriptions.models import LIBRARY_SCOPE, Gift, Purchase

LISTED = 20  # single articles, the newest; all stay open


def bought_once(user: User, now: datetime) -> Iterator[Holding]:
    own = Purchase.objects.of_this_mode().filter(user=user, revoked_at=None).select_related("price__plan", "attempt")
    live = [purchase for purchase in own if purchase.is_live(now)]
    for purchase in live:
        if purchase.scope == LIBRARY_SCOPE and purchase.ends_at is not None:
            yield Holding(_("%(name)s: it ends on %(day)s at %(hour)s and does not renew.") % told_of(purchase))
    articles = [purchase for purchase in live if purchase.scope != LIBRARY_SCOPE]
    for purchase in articles[:LISTED]:
        day = date_format(timezone.localtime(purchase.paid_at), "DATE_FORMAT")
        yield Holding(
            _("%(name)s, bought on %(day)s.") % {"name": purchase.price.plan.name, "day": day},
            Ways((OverviewLink(_("To the article"), purchase.attempt.next_path),)),
        )
    yield from gifts_of(user)


def told_of(purchase: Purchase) -> dict[str, str]:
    assert purchase.ends_at is not None  # noqa: S101 - for mypy: the caller has looked
    local = timezone.localtime(purchase.ends_at)
    told = {"day": date_format(local, "DATE_FORMAT"), "hour": date_format(local, "TIME_FORMAT")}
    return {"name": purchase.price.plan.name, **told}


def gifts_of(user: User) -> Iterator[Holding]:
    for gift in Gift.objects.paid().filter(redeemed_by=user, begun_at=None):
        if gift.remainder is not None:
            yield Holding(
                _("What is left of your gift (%(days)d days) waits, and begins when your subscription has ended.")
                % {"days": gift.remainder.days}
            )
        else:
            sentence = ngettext(
                "A gift of %(months)d month waits, and begins when your subscription has ended.",
                "A gift of %(months)d months waits, and begins when your subscription has ended.",
                gift.months,
            )
            yield Holding(sentence % {"months": gift.months})
    given = Gift.objects.of_buyer(user.pk).count()
    if given:
        sentence = ngettext("You have given %(given)d subscription.", "You have given %(given)d subscriptions.", given)
        link = OverviewLink(_("Your gifts, and how they stand"), reverse("subscriptions:gifts-given"))
        yield Holding(sentence % {"given": given}, Ways((link,)))
