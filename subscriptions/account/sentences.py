"""What a subscription is, what it costs, and what happens next and when, in one sentence for its reader.

It says what is stored and asks nobody; whether a subscription opens anything is decided in `subscriptions/statuses.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from subscriptions.account.account_parts import next_of
from subscriptions.entitlements import FAILING, standing_of
from subscriptions.models import Card, Subscription
from subscriptions.models.dispute import CONTESTED
from subscriptions.models.plan import interval_label, money
from subscriptions.statuses import Standing

ENDED = "canceled"
CARD_WARNED = timedelta(days=45)  # before the first payment that an expiring card cannot make


class Priced(Protocol):
    """What has a price in minor units: a price of a plan, a subscription."""

    amount_minor: int
    currency: str
    interval: str


def price_label(priced: Priced) -> str:
    """ "$89 a year". Who subscribed at a former price keeps it, so this is asked of the contract, not of the plan."""
    return f"{money(priced.amount_minor, priced.currency)} {interval_label(priced.interval)}".strip()


def charged_minor(subscription: Subscription, on: datetime) -> int:
    """What a full renewal at `on` (UTC) costs, in minor units: less the discount that counts until later, if any."""
    net, until = subscription.net_minor, subscription.net_until
    return subscription.amount_minor if net is None or (until is not None and until <= on) else net


def charged_label(subscription: Subscription) -> str:
    """ "$4.50 a month": what is charged at present."""
    charged = money(charged_minor(subscription, timezone.now()), subscription.currency)
    return f"{charged} {interval_label(subscription.interval)}".strip()


def cost_label(subscription: Subscription) -> str:
    """As `charged_label`, with the price that a discount lowers, and until when: "$4.50 a month (instead of $9, until
    3 May 2027)".
    """
    if charged_minor(subscription, timezone.now()) == subscription.amount_minor:
        return price_label(subscription)
    told = {"charged": charged_label(subscription), "full": money(subscription.amount_minor, subscription.currency)}
    if subscription.net_until is None:
        return _("%(charged)s (instead of %(full)s, for good)") % told
    told["day"] = day_of(subscription.net_until)
    return _("%(charged)s (instead of %(full)s, until %(day)s)") % told


def has_ended(subscription: Subscription) -> bool:
    return subscription.status == ENDED or subscription.ended_at is not None


def name_of(subscription: Subscription) -> str:
    """The plan's name; a price that no plan of ours has is still somebody's subscription."""
    return subscription.plan.name if subscription.plan is not None else _("Subscription")


def sentences_of(subscription: Subscription, now: datetime) -> list[str]:
    """The sentence and, where there is cause, a warning of the card."""
    told = {"name": name_of(subscription), "price": cost_label(subscription)}
    told["next"] = next_sentence(subscription, now)
    sentence = _("%(name)s, %(price)s: %(next)s") % told
    return [sentence, *filter(None, [card_warning(subscription, now)])]


def next_sentence(subscription: Subscription, now: datetime) -> str:
    """What happens next, in one breath; it stands behind a colon and ends with a full stop."""
    standing = standing_of(subscription, now)
    if has_ended(subscription):
        ended = subscription.ended_at
        return _("ended on %(day)s.") % {"day": day_of(ended)} if ended else _("it has ended.")
    if subscription.suspended_at is not None:
        return suspended_sentence(subscription, subscription.suspended_at)
    match subscription.status:
        case "active":
            return active_sentence(subscription, standing, now)
        case "trialing":
            return trial_sentence(subscription, standing, now)
        case "past_due" | "unpaid":
            return unpaid_sentence(subscription, standing)
        case "paused":
            return next_of(subscription, now) or _("it is paused. You read on as soon as it is resumed.")
        case _:
            return unknown_sentence(standing)


def suspended_sentence(subscription: Subscription, since: datetime) -> str:
    """A payment for this period is contested, or the bank has taken it back; the next one is charged in any case."""
    told = {"day": day_of(since)}
    if subscription.disputes.filter(status__in=CONTESTED, opened_at=since).exists():
        happened = _("a payment for it has been contested at your bank since %(day)s.") % told
        follows = _("It opens nothing until the bank has decided, or until the next payment.")
    else:
        happened = _("your bank took back a payment for it that was contested on %(day)s.") % told
        follows = _("It opens nothing until the next payment.")
    return f"{happened} {follows} {_('If that is a mistake, please write to us.')}"


def active_sentence(subscription: Subscription, standing: Standing, now: datetime) -> str:
    if subscription.ends_at is not None:
        return _("ends on %(day)s, and you are not charged again.") % {"day": day_of(subscription.ends_at)}
    if planned := next_of(subscription, now):
        return planned
    if subscription.is_collection_paused:
        return _("payments are paused, and you read on.") if standing.granted else _("payments are paused.")
    if subscription.period_end is None:
        return _("it is active.")
    if subscription.period_end <= now:
        return unconfirmed_sentence(subscription.period_end, standing)
    told = {"day": day_of(subscription.period_end), "card": charged_to(subscription)}
    return _("renews on %(day)s%(card)s.") % told


def unconfirmed_sentence(due: datetime, standing: Standing) -> str:
    """For a day that has passed without a word from Stripe."""
    told = {"day": day_of(due)}
    if standing.granted:
        return _("the payment of %(day)s is not confirmed yet. You read on meanwhile.") % told
    return _("the payment of %(day)s is not confirmed yet. You read on as soon as it is.") % told


def trial_sentence(subscription: Subscription, standing: Standing, now: datetime) -> str:
    if subscription.is_behind_gift():
        return beginning_sentence(subscription, standing, now)
    if subscription.ends_at is not None:
        return _("your trial ends on %(day)s, and you are not charged.") % {"day": day_of(subscription.ends_at)}
    if planned := next_of(subscription, now):
        return planned
    if subscription.trial_end is None:
        return _("you are trying it free of charge.")
    if subscription.trial_end <= now:
        return unconfirmed_sentence(subscription.trial_end, standing)
    told = {"day": day_of(subscription.trial_end), "card": charged_to(subscription)}
    if lacks_card(subscription):
        return _("free until %(day)s. Then it ends, unless you add a card.") % told
    return _("free until %(day)s, when the first payment is taken%(card)s.") % told


def beginning_sentence(subscription: Subscription, standing: Standing, now: datetime) -> str:
    """Of one that waits for the end of a gift, and for its first payment."""
    if subscription.ends_at is not None:
        return _("ends on %(day)s without having begun, and you are not charged.") % {
            "day": day_of(subscription.ends_at)
        }
    if planned := next_of(subscription, now):
        return planned
    begins_at = subscription.trial_end or subscription.period_end
    if begins_at is None:
        return _("begins when your gift ends.")
    if begins_at <= now:
        return unconfirmed_sentence(begins_at, standing)
    told = {"day": day_of(begins_at), "card": charged_to(subscription)}
    if lacks_card(subscription):
        return _("begins on %(day)s, when the first payment is due. Please add a card before.") % told
    return _("begins on %(day)s, when the first payment is taken%(card)s.") % told


def unpaid_sentence(subscription: Subscription, standing: Standing) -> str:
    missed = _("the last payment did not go through.")
    todo = _("Please update your card to read on.")
    if standing.granted and standing.until is not None:
        todo = _("You read on until %(day)s. Please update your card.") % {"day": day_of(standing.until)}
    ends_at = subscription.ends_at
    end = _("The subscription ends on %(day)s.") % {"day": day_of(ends_at)} if ends_at is not None else ""
    return " ".join(filter(None, (missed, todo, end)))


def unknown_sentence(standing: Standing) -> str:
    """For a word of Stripe's that is not known here. Somebody has been told of it."""
    finding_out = _("we are finding out how it stands.")
    return f"{finding_out} {_('You read on meanwhile.')}" if standing.granted else finding_out


def card_of(subscription: Subscription) -> Card | None:
    """What it is charged to; None where Stripe was not asked yet."""
    return getattr(subscription, "card", None)


def lacks_card(subscription: Subscription) -> bool:
    """Whether Stripe said that there is nothing to charge."""
    card = card_of(subscription)
    return card is not None and not card.kind


def charged_to(subscription: Subscription) -> str:
    """ " with the card ending 4242", as it stands behind a day, its space included; empty where nothing is known."""
    card = card_of(subscription)
    if card is None or not card.last4:
        return ""
    if card.kind == "card":
        return " " + _("with the card ending %(last4)s") % {"last4": card.last4}
    return " " + _("from the account ending %(last4)s") % {"last4": card.last4}


def card_label(card: Card) -> str:
    """ "Visa ending 4242, good until 12/2040": all that is known of it here."""
    told = {"brand": card.brand.replace("_", " ").title() or _("Account"), "last4": card.last4}
    label = _("%(brand)s ending %(last4)s") % told
    if card.exp_month is None or card.exp_year is None:
        return label
    return _("%(card)s, good until %(month)02d/%(year)d") % {
        "card": label,
        "month": card.exp_month,
        "year": card.exp_year,
    }


def next_charge(subscription: Subscription) -> datetime | None:
    """When the next payment is due, if there will be one."""
    if subscription.ends_at is not None or subscription.is_collection_paused:
        return None
    match subscription.status:
        case "active":
            return subscription.period_end
        case "trialing":
            return subscription.trial_end
        case _:
            return None


def fails_by_card(subscription: Subscription, now: datetime) -> bool:
    """Whether the next payment will come when the card is good no longer, and one of the two is near."""
    card, charge = card_of(subscription), next_charge(subscription)
    if card is None or card.expires_at is None or charge is None or charge < card.expires_at:
        return False
    return min(card.expires_at, charge) - now <= CARD_WARNED


def needs_card(subscription: Subscription, now: datetime) -> bool:
    """Whether another card is what it waits for: the last payment failed, or the next one will."""
    return subscription.status in FAILING or fails_by_card(subscription, now)


def card_warning(subscription: Subscription, now: datetime) -> str:
    card = card_of(subscription)
    if card is None or card.expires_at is None or not fails_by_card(subscription, now):
        return ""
    told = {"last4": card.last4, "month": card.exp_month, "year": card.exp_year}
    if card.expires_at <= now:
        return _("The card ending %(last4)s ran out with %(month)02d/%(year)d. Please update it.") % told
    return (
        _("The card ending %(last4)s runs out with %(month)02d/%(year)d, before the next payment. Please update it.")
        % told
    )


def day_of(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT")
