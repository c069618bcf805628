"""The part of the account page about what a reader pays for: what it is, what comes next, and what can be done."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.overview import OverviewAction, OverviewLink, OverviewSection
from subscriptions.account.account_parts import Holding, holdings_of, ways_of
from subscriptions.account.sentences import card_label, card_of, day_of, has_ended, name_of, needs_card, sentences_of
from subscriptions.entitlements import FAILING, NEVER_BEGUN
from subscriptions.mirroring.attempts import payment_under_way
from subscriptions.models import LIBRARY_SCOPE, Grant, Invoice, Purchase, Subscription
from subscriptions.selling.welcome import welcome_path
from subscriptions.statuses import LIVE_STATUSES

__all__ = [
    "day_of",
    "grants_held",
    "invoices_of",
    "invoices_section",
    "labelled",
    "name_of",
    "purchases_of",
    "subscription_sections",
]

TOLD_ELSEWHERE = ("gift",)  # a gift's own sentence names its giver


def subscription_sections(request: HttpRequest) -> list[OverviewSection]:
    """For a reader who is logged in: a payment under way, each subscription, and whatever else they hold."""
    if not isinstance(request.user, User):
        return []
    now = timezone.now()
    shown = shown_subscriptions(request.user)
    sections = [section_of(row, name_of(row) if len(shown) > 1 else "", now) for row in shown]
    waiting = payment_under_way(request.user)
    if waiting is not None:
        link = OverviewLink(_("See how the payment stands"), welcome_path(waiting))
        sections.insert(0, OverviewSection(_("Payment"), (_("A payment is under way."),), (link,)))
    holdings = holdings_of(request.user, now)
    if holdings:
        links = tuple(link for holding in holdings for link in holding.ways.links)
        actions = tuple(action for holding in holdings for action in holding.ways.actions)
        sentences = tuple(holding.sentence for holding in holdings)
        sections.append(OverviewSection(_("Open to you"), sentences, links, actions))
    return sections


def section_of(subscription: Subscription, named: str, now: datetime) -> OverviewSection:
    more = ways_of(subscription, named)
    actions = [*actions_of(subscription, named, now), *(action for ways in more for action in ways.actions)]
    links = [
        *contact_links(subscription),
        *unpaid_links(subscription, named),
        *(link for ways in more for link in ways.links),
        *links_of(subscription, named),
    ]
    return OverviewSection(_("Subscription"), tuple(sentences_of(subscription, now)), tuple(links), tuple(actions))


def shown_subscriptions(user: User) -> list[Subscription]:
    """Those that go on or, where none does, the one that ended last."""
    own = Subscription.objects.of_this_mode().filter(user=user)
    begun = list(own.exclude(status__in=NEVER_BEGUN).select_related("plan", "customer", "card"))
    going_on = [subscription for subscription in begun if not has_ended(subscription)]
    return going_on or sorted(begun, key=lambda row: row.ended_at or row.started_at, reverse=True)[:1]


def invoices_of(user: User) -> QuerySet[Invoice]:
    """The reader's own, newest first, in the mode of the site's key."""
    mine = Invoice.objects.of_reader(user.pk).filter(customer__livemode=settings.STRIPE_LIVEMODE)
    return mine.order_by("-finalized_at", "-pk")


def purchases_of(user: User) -> QuerySet[Purchase]:
    """What the reader paid for once, newest first, in the mode of the site's key."""
    return Purchase.objects.of_this_mode().filter(user=user).order_by("-paid_at", "-pk")


def invoices_section(request: HttpRequest) -> OverviewSection | None:
    """What payments are made with, and how the last one stands; the rest is on a page of its own."""
    if not isinstance(request.user, User):
        return None
    last = invoices_of(request.user).first()
    running = [row for row in shown_subscriptions(request.user) if row.status in LIVE_STATUSES]
    known = (card_of(row) for row in running)
    cards = list(dict.fromkeys(card_label(card) for card in known if card is not None and card.last4))
    bought = None if last is not None else purchases_of(request.user).first()
    if last is None and bought is None and not cards:
        return None
    sentences = [_("Paid with: %(card)s.") % {"card": card} for card in cards]
    if last is not None:
        sentences.append(_("Last invoice: %(invoice)s.") % {"invoice": last.in_words})
    elif bought is not None:
        told = {"amount": bought.paid_label, "day": day_of(bought.paid_at)}
        sentences.append(_("Last payment: %(amount)s on %(day)s.") % told)
    has_papers = last is not None or bought is not None
    links = (OverviewLink(_("All invoices"), reverse("subscriptions:invoices")),) if has_papers else ()
    return OverviewSection(_("Card and invoices"), tuple(sentences), links)


def grants_held(user: User, now: datetime) -> list[Holding]:
    """What was given to the reader. Articles are given one by one, and not counted up here."""
    given = Grant.objects.filter(user=user, scope=LIBRARY_SCOPE, revoked_at=None, starts_at__lte=now)
    given = given.filter(Q(ends_at=None) | Q(ends_at__gt=now)).exclude(source__in=TOLD_ELSEWHERE)
    return [Holding(grant_sentence(grant)) for grant in given.order_by("ends_at", "pk")]


def grant_sentence(grant: Grant) -> str:
    if grant.ends_at is None:
        return _("Given to you: the whole library, without an end and without a payment.")
    return _("Given to you: the whole library until %(day)s. It costs nothing and is not renewed.") % {
        "day": day_of(grant.ends_at)
    }


def contact_links(subscription: Subscription) -> list[OverviewLink]:
    """Where somebody can say that it is a mistake."""
    if subscription.suspended_at is None or has_ended(subscription):
        return []
    return [OverviewLink(_("How to write to us"), reverse("articles:house-page", kwargs={"slug": "contact"}))]


def unpaid_links(subscription: Subscription, named: str) -> list[OverviewLink]:
    """Straight to what is owed: it can be paid there with any card."""
    if subscription.status not in FAILING:
        return []
    owed = Invoice.objects.filter(subscription=subscription, status="open").exclude(hosted_url="").first()
    return [] if owed is None else [OverviewLink(labelled(_("Pay the open invoice"), named), owed.hosted_url)]


def links_of(subscription: Subscription, named: str) -> list[OverviewLink]:
    if subscription.status not in LIVE_STATUSES or subscription.ends_at is not None:
        return []
    return [OverviewLink(labelled(_("Cancel subscription"), named), url_of("cancel", subscription))]


def actions_of(subscription: Subscription, named: str, now: datetime) -> list[OverviewAction]:
    actions = []
    if subscription.status in LIVE_STATUSES and subscription.ends_at is not None:
        actions.append(OverviewAction(labelled(_("Do not cancel"), named), url_of("keep", subscription)))
    if subscription.customer.deleted_at is None:
        is_urgent = needs_card(subscription, now)
        label = _("Update your card") if is_urgent else _("Change the card")
        if subscription.status not in LIVE_STATUSES:
            label = _("Card and invoices")
        actions.append(OverviewAction(labelled(label, named), url_of("portal", subscription), is_primary=is_urgent))
    return actions


def labelled(label: str, named: str) -> str:
    """With several subscriptions on the page, each button says which it is about."""
    return f"{label} ({named})" if named else label


def url_of(what: str, subscription: Subscription) -> str:
    return reverse(f"subscriptions:{what}", kwargs={"pk": subscription.pk})
