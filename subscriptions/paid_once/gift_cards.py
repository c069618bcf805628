"""Gift subscriptions as what is paid for and handed over: the details, the card with its address, and a payment that
went back. When their months run is the business of `subscriptions/paid_once/subscription_gifts.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts.letters import quoted
from accounts.models import User
from subscriptions.models import (
    CheckoutAttempt,
    Gift,
    Grant,
    Purchase,
    Subscription,
)
from subscriptions.models.gift import hash_of, new_seed
from subscriptions.outgoing import SECRET_MARK, queue_mail, secret_of
from subscriptions.paid_once.behind_gifts import ended_since, goes_on_paid, unbacked

FURTHEST = timedelta(days=365)  # how long before its day a gift is bought
# German law gives a claim three years from the end of the year in which it arose (BGB §§ 195, 199); nowhere that we
# know of may a gift end sooner than a year after it was bought.
GOOD_FOR_YEARS = 3
MOST_CARDS = 5  # sent of one gift
SENT_FROM_HOUR = 6  # in the publication's time: nobody is woken by a card


class GiftRefused(Exception):
    """A sentence for whoever tries to redeem or to send it."""


@dataclass(frozen=True, slots=True)
class GiftDetails:
    """What a buyer says of a gift. Without `recipient_email` the card is printed; without `giver_name` nobody is told
    who gave it.
    """

    months: int
    giver_name: str
    recipient_name: str
    recipient_email: str
    message: str
    sends_on: date

    @property
    def mark(self) -> str:
        """Two clicks on one button order the same gift; another message is another gift."""
        said = "\0".join(str(getattr(self, name)) for name in self.__slots__)
        return f"gift:{hashlib.sha256(said.encode()).hexdigest()}"


def card_key(gift: Gift) -> str:
    """The key of its mails, by which their secret is made."""
    return f"gift:{gift.seed}"


def token_of(gift: Gift) -> str:
    """What stands in its address; empty where the site's secret has changed since: the address then still opens, but
    cannot be shown.
    """
    token = secret_of(card_key(gift))
    return token if constant_time_compare(hash_of(token), gift.token_hash) else ""


def url_of(gift: Gift) -> str:
    token = token_of(gift)
    return settings.SITE_URL + reverse("subscriptions:gift-redeem", args=[token]) if token else ""


def order_gift(attempt: CheckoutAttempt, details: GiftDetails) -> Gift:
    """What the attempt is to buy; the second of two clicks finds it made."""
    found = Gift.objects.filter(attempt=attempt).first()
    if found is not None:
        return found
    seed = new_seed()
    made, _is_new = Gift.objects.get_or_create(
        attempt=attempt,
        defaults={
            "seed": seed,
            "token_hash": hash_of(secret_of(f"gift:{seed}")),
            **{name: getattr(details, name) for name in GiftDetails.__slots__},
        },
    )
    return made


# --- Paid, sent ---------------------------------------------------------------------------------------------------
def gift_paid(attempt: CheckoutAttempt, purchase: Purchase, now: datetime) -> None:
    gift = Gift.objects.filter(attempt=attempt).first()
    if gift is None:
        return
    gift.purchase = purchase
    gift.expires_at = end_of_year(now, GOOD_FOR_YEARS)
    gift.save(update_fields=["purchase", "expires_at"])
    if gift.sends_on <= timezone.localdate(now):
        send_card(gift)


def end_of_year(now: datetime, years: int) -> datetime:
    """When, in the publication's time, the year ends that comes so many years after this one."""
    return timezone.localtime(now).replace(
        year=timezone.localtime(now).year + years + 1, month=1, day=1, hour=0, minute=0, second=0, microsecond=0
    )


def send_card(gift: Gift) -> None:
    """One more mail with its address, in the caller's transaction; nothing where the giver prints the card."""
    if gift.is_by_mail:
        gift.cards += 1
        gift.save(update_fields=["cards"])
        path = reverse("subscriptions:gift-redeem", args=["secret"]).replace("secret", SECRET_MARK)
        context = {"gift": gift, "message": quoted(gift.message), "address": f"{settings.SITE_URL}{path}"}
        queue_mail(f"{card_key(gift)}#{gift.cards}", None, "gift_card", context, recipient=gift.recipient_email)


def send_cards(now: datetime) -> int:
    """Send the cards whose day has come; the number of them."""
    local = timezone.localtime(now)
    if local.hour < SENT_FROM_HOUR:
        return 0
    waiting = (
        Gift.objects.paid().filter(cards=0, redeemed_at=None, sends_on__lte=local.date()).exclude(recipient_email="")
    )
    return sum(send_if_waiting(pk) for pk in waiting.values_list("pk", flat=True))


@transaction.atomic
def send_if_waiting(pk: int) -> bool:
    gift = Gift.objects.paid().select_for_update(of=("self",)).filter(pk=pk, cards=0, redeemed_at=None).first()
    if gift is not None:
        send_card(gift)
    return gift is not None


@transaction.atomic
def send_again(gift_pk: int, now: datetime) -> None:
    """At the giver's wish: now, whatever its day was. Raises GiftRefused."""
    gift = locked(gift_pk)
    refuse_unless_open(gift, now)
    if not gift.is_by_mail:
        raise GiftRefused(_("You wanted to print this card. Its address is on this page."))
    if gift.cards >= MOST_CARDS:
        raise GiftRefused(_("We have sent this card five times and send it no more. You can pass on its address."))
    send_card(gift)


@transaction.atomic
def change_day(gift_pk: int, day: date, now: datetime) -> None:
    """Raises GiftRefused. On its day it is sent at once."""
    gift = locked(gift_pk)
    refuse_unless_open(gift, now)
    if gift.cards or not gift.is_by_mail:
        raise GiftRefused(_("This card has gone out already, so its day cannot be changed."))
    today = timezone.localdate(now)
    if not today <= day <= today + FURTHEST:
        raise GiftRefused(_("Please choose a day from today up to a year ahead."))
    gift.sends_on = day
    gift.save(update_fields=["sends_on"])
    if day == today:
        send_card(gift)


def locked(gift_pk: int) -> Gift:
    """The gift alone, so that its purchase is read once it is held: a sync that takes a payment back holds the gift too
    until it has said so.
    """
    return Gift.objects.select_for_update().get(pk=gift_pk)


def refuse_unless_open(gift: Gift, now: datetime) -> None:
    if gift.purchase is not None and gift.purchase.customer.livemode is not settings.STRIPE_LIVEMODE:
        raise GiftRefused(_("This gift was not paid for here, so it cannot be redeemed."))
    if gift.purchase is None or gift.purchase.revoked_at is not None:
        if gift.purchase is not None and gift.purchase.refunded_minor < gift.purchase.amount_minor:
            raise GiftRefused(_("The payment for this gift is contested at a bank, so it cannot be redeemed just now."))
        raise GiftRefused(_("The payment for this gift was returned, so it cannot be redeemed."))
    if gift.redeemed_at is not None:
        raise GiftRefused(_("This gift has been redeemed already."))
    if not gift.is_open(now):
        raise GiftRefused(_("This gift was not redeemed in time, so it cannot be redeemed any more."))


def let_gifts_wait(user: User, subscription: Subscription, now: datetime) -> None:
    """A subscription was paid beside a gift, by an address that had not logged in: what is left of the gift waits until
    it ends. A plan that does not open the library leaves the gift alone.
    """
    if subscription.plan is None or subscription.plan.is_light:
        return
    rows = Gift.objects.paid().filter(redeemed_by=user, grant__revoked_at=None, grant__ends_at__gt=now)
    for gift in rows.select_related("grant").select_for_update(of=("self",)):
        grant = gift.grant
        if grant is not None and grant.ends_at is not None:
            gift.remainder = grant.ends_at - max(now, grant.starts_at)
            gift.begun_at = gift.grant = None
            gift.save(update_fields=["remainder", "begun_at", "grant"])
            Grant.objects.filter(pk=grant.pk).update(revoked_at=now)


# --- Returned -----------------------------------------------------------------------------------------------------
def locked_of(purchase: Purchase) -> Gift | None:
    """The gift that was paid so, held until the sync has said what became of the payment: what is redeemed at this
    moment is seen, or sees it. Readers come before gifts, and the end of a sync asks for the customer's.
    """
    readers = Subscription.objects.filter(customer=purchase.customer_id, user__isnull=False).values("user")
    list(User.objects.filter(pk__in=readers).order_by("pk").select_for_update(no_key=True))
    return Gift.objects.select_for_update().filter(purchase=purchase).first()


def end_gift(purchase: Purchase, now: datetime, *, is_returned: bool) -> None:
    """Its payment went back or, without `is_returned`, is contested: what it opened is closed, and who reads by it is
    told. A subscription that was to begin behind it is ended once the sync is through: see behind_gifts.
    """
    gift = locked_of(purchase)
    if gift is None or gift.redeemed_by is None:
        return
    if gift.grant is not None:
        Grant.objects.filter(pk=gift.grant.pk, revoked_at=None).update(revoked_at=now)
    context = {"gift": gift, "is_returned": is_returned, "behind": unbacked(gift.redeemed_by.pk, now).first()}
    queue_mail(f"gift-ended:{gift.pk}:{now.isoformat()}", gift.redeemed_by, "gift_ended", context)


def restore_gift(purchase: Purchase, since: datetime) -> None:
    """Open again what was closed at `since` for its payment's sake; what staff took back by hand stays so."""
    gift = locked_of(purchase)
    if gift is None or gift.redeemed_by is None:
        return
    if gift.grant is not None:
        Grant.objects.filter(pk=gift.grant.pk, revoked_at=since).update(revoked_at=None)
    running = goes_on_paid(gift.redeemed_by.pk)
    if running is not None:
        let_gifts_wait(gift.redeemed_by, running, timezone.now())
    context = {"gift": gift, "waits": running is not None, "ended": ended_since(gift.redeemed_by.pk, since)}
    queue_mail(f"gift-restored:{gift.pk}:{since.isoformat()}", gift.redeemed_by, "gift_restored", context)
