"""What the account page says about a reader's subscriptions: what each costs, and what happens next.

It says what is stored and asks nobody; whether a subscription opens anything is decided in `subscriptions/statuses.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.overview import OverviewAction, OverviewLink, OverviewSection
from subscriptions.attempts import payment_under_way
from subscriptions.entitlements import NEVER_BEGUN, standing_of
from subscriptions.models import Subscription
from subscriptions.models.plan import interval_label, money
from subscriptions.statuses import LIVE_STATUSES, Standing
from subscriptions.welcome import welcome_path

ENDED = "canceled"


class Priced(Protocol):
    """What has a price in minor units: a price of a plan, a subscription."""

    amount_minor: int
    currency: str
    interval: str


def price_label(priced: Priced) -> str:
    """ "$89 a year". Who subscribed at a former price keeps it, so this is asked of the contract, not of the plan."""
    return f"{money(priced.amount_minor, priced.currency)} {interval_label(priced.interval)}".strip()


def subscription_section(request: HttpRequest) -> OverviewSection | None:
    """The part about subscriptions, for a reader who is logged in; None for one who never had any."""
    if not isinstance(request.user, User):
        return None
    shown = shown_subscriptions(request.user)
    waiting = payment_under_way(request.user)
    if not shown and waiting is None:
        return None
    now = timezone.now()
    sentences: list[str] = []
    links: list[OverviewLink] = []
    actions: list[OverviewAction] = []
    if waiting is not None:
        sentences.append(_("A payment is under way."))
        links.append(OverviewLink(_("See how the payment stands"), welcome_path(waiting)))
    for subscription in shown:
        sentences += sentences_of(subscription, now)
        named = name_of(subscription) if len(shown) > 1 else ""
        links += links_of(subscription, named)
        actions += actions_of(subscription, named)
    return OverviewSection(_("Subscription"), tuple(sentences), tuple(links), tuple(actions))


def shown_subscriptions(user: User) -> list[Subscription]:
    """Those that go on or, where none does, the one that ended last."""
    own = Subscription.objects.of_this_mode().filter(user=user)
    begun = list(own.exclude(status__in=NEVER_BEGUN).select_related("plan", "customer"))
    going_on = [subscription for subscription in begun if not has_ended(subscription)]
    return going_on or sorted(begun, key=lambda row: row.ended_at or row.started_at, reverse=True)[:1]


def has_ended(subscription: Subscription) -> bool:
    return subscription.status == ENDED or subscription.ended_at is not None


def name_of(subscription: Subscription) -> str:
    """The plan's name; a price that no plan of ours has is still somebody's subscription."""
    return subscription.plan.name if subscription.plan is not None else _("Subscription")


def sentences_of(subscription: Subscription, now: datetime) -> list[str]:
    told = {"name": name_of(subscription), "price": price_label(subscription)}
    return [_("%(name)s, %(price)s.") % told, next_sentence(subscription, now)]


def next_sentence(subscription: Subscription, now: datetime) -> str:
    """What happens next, in one breath."""
    standing = standing_of(subscription, now)
    if has_ended(subscription):
        ended = subscription.ended_at
        return _("Ended on %(day)s.") % {"day": day_of(ended)} if ended else _("This subscription has ended.")
    match subscription.status:
        case "active":
            return active_sentence(subscription, standing, now)
        case "trialing":
            return trial_sentence(subscription, standing, now)
        case "past_due" | "unpaid":
            return unpaid_sentence(subscription, standing)
        case "paused":
            return _("The subscription is paused. You read on as soon as it is resumed.")
        case _:
            return unknown_sentence(standing)


def active_sentence(subscription: Subscription, standing: Standing, now: datetime) -> str:
    if subscription.ends_at is not None:
        return _("Ends on %(day)s. You are not charged again.") % {"day": day_of(subscription.ends_at)}
    if subscription.is_collection_paused:
        return _("Payments are paused, and you read on.") if standing.granted else _("Payments are paused.")
    if subscription.period_end is None:
        return _("The subscription is active.")
    if subscription.period_end <= now:
        return unconfirmed_sentence(subscription.period_end, standing)
    return _("Renews on %(day)s.") % {"day": day_of(subscription.period_end)}


def unconfirmed_sentence(due: datetime, standing: Standing) -> str:
    """For a day that has passed without a word from Stripe."""
    told = {"day": day_of(due)}
    if standing.granted:
        return _("The payment of %(day)s is not confirmed yet. You read on meanwhile.") % told
    return _("The payment of %(day)s is not confirmed yet. You read on as soon as it is.") % told


def trial_sentence(subscription: Subscription, standing: Standing, now: datetime) -> str:
    if subscription.ends_at is not None:
        return _("Your trial ends on %(day)s. You are not charged.") % {"day": day_of(subscription.ends_at)}
    told = {"price": price_label(subscription)}
    if subscription.trial_end is None:
        return _("You are trying it free of charge, and then it costs %(price)s.") % told
    if subscription.trial_end <= now:
        return unconfirmed_sentence(subscription.trial_end, standing)
    return _("Your trial ends on %(day)s and then costs %(price)s.") % (told | {"day": day_of(subscription.trial_end)})


def unpaid_sentence(subscription: Subscription, standing: Standing) -> str:
    missed = _("The last payment did not go through.")
    todo = _("Please update your card to read on.")
    if standing.granted and standing.until is not None:
        todo = _("You read on until %(day)s. Please update your card.") % {"day": day_of(standing.until)}
    ends_at = subscription.ends_at
    end = _("The subscription ends on %(day)s.") % {"day": day_of(ends_at)} if ends_at is not None else ""
    return " ".join(filter(None, (missed, todo, end)))


def unknown_sentence(standing: Standing) -> str:
    """For a word of Stripe's that is not known here. Somebody has been told of it."""
    finding_out = _("We are finding out how this subscription stands.")
    return f"{finding_out} {_('You read on meanwhile.')}" if standing.granted else finding_out


def day_of(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT")


def links_of(subscription: Subscription, named: str) -> list[OverviewLink]:
    if subscription.status not in LIVE_STATUSES or subscription.ends_at is not None:
        return []
    return [OverviewLink(labelled(_("Cancel subscription"), named), url_of("cancel", subscription))]


def actions_of(subscription: Subscription, named: str) -> list[OverviewAction]:
    actions = []
    if subscription.status in LIVE_STATUSES and subscription.ends_at is not None:
        actions.append(OverviewAction(labelled(_("Do not cancel"), named), url_of("keep", subscription)))
    if subscription.customer.deleted_at is None:
        is_urgent = subscription.status in ("past_due", "unpaid")
        label = labelled(_("Card and invoices"), named)
        actions.append(OverviewAction(label, url_of("portal", subscription), is_primary=is_urgent))
    return actions


def labelled(label: str, named: str) -> str:
    """With several subscriptions on the page, each button says which it is about."""
    return f"{label} ({named})" if named else label


def url_of(what: str, subscription: Subscription) -> str:
    return reverse(f"subscriptions:{what}", kwargs={"pk": subscription.pk})
