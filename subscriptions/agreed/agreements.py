"""The consent ledger: each time somebody agrees to something it is written down what was shown to them, word for word,
in the transaction in which they agree. Nothing here changes a row; nothing else may write one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from subscriptions.agreed.consent import BEGIN_VERSION, begin_wording, begin_wording_once, terms_version
from subscriptions.models import (
    PAID_ONCE,
    Agreement,
    AgreementKind,
    CheckoutAttempt,
    Lead,
    Plan,
    PlanPrice,
    Subscription,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What stood beside the button. `begins_at_once`: whether the wish to begin at once was in it."""

    wording: str
    version: str
    begins_at_once: bool = False
    small_print: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What was offered, as the page showed it. `words`: line by line, buttons in brackets. The amount is in minor units
    and for one of `quantity`.
    """

    words: tuple[str, ...]
    small_print: str
    amount_minor: int
    currency: str
    interval: str = ""
    quantity: int = 1


def note_gate(lead: Lead, offer: Offer) -> Agreement | None:
    """Somebody gave an address. The lead has the wording that stood beside the field; where there was none, since who
    is logged in is not asked, nothing was agreed to.
    """
    if not lead.consent_wording:
        return None
    shown = Shown(lead.consent_wording, lead.consent_version, small_print=offer.small_print)
    return write(AgreementKind.GATE, lead.plan, shown, offer, lead=lead, quantity=offer.quantity)


def note_checkout(attempt: CheckoutAttempt, offer: Offer) -> Agreement:
    """Somebody goes to the payment page. Sent there once more by the very same words, they are noted once."""
    price = attempt.price
    begins = begin_wording_once() if price.plan.kind in PAID_ONCE else begin_wording()
    wording = "\n".join(filter(None, [attempt.lead.consent_wording, *offer.words, begins]))
    noted = attempt.agreements.filter(wording=wording, small_print=offer.small_print).first()
    return noted or write(
        AgreementKind.CHECKOUT,
        price.plan,
        Shown(wording, BEGIN_VERSION, begins_at_once=bool(begins), small_print=offer.small_print),
        price,
        price=price,
        user=attempt.user,
        lead=attempt.lead,
        attempt=attempt,
        quantity=attempt.quantity,
    )


def note_change(subscription: Subscription, price: PlanPrice, shown: Shown, *, quantity: int = 1) -> Agreement:
    """A subscriber confirms another plan, or another number of seats."""
    return write(
        AgreementKind.CHANGE,
        price.plan,
        shown,
        price,
        price=price,
        user=subscription.user,
        subscription=subscription,
        quantity=quantity,
    )


def write(kind: AgreementKind, plan: Plan, shown: Shown, priced: Offer | PlanPrice, **about: Any) -> Agreement:
    return Agreement.objects.create(
        kind=kind,
        plan=plan,
        plan_name=plan.name,
        amount_minor=priced.amount_minor,
        currency=priced.currency,
        interval=priced.interval,
        wording=shown.wording,
        wording_version=shown.version,
        small_print=shown.small_print,
        terms_version=terms_version(),
        begins_at_once=shown.begins_at_once,
        **about,
    )


def wished_to_begin(subscription: Subscription) -> bool:
    """Whether the ledger says that reading began at the buyer's own wish. Where it says nothing they pay nothing."""
    bought = Agreement.objects.filter(kind=AgreementKind.CHECKOUT, attempt__subscription=subscription)
    return bought.filter(begins_at_once=True).exists()


def ledger_of(user: User) -> list[Agreement]:
    """All that the reader agreed to, the newest first."""
    return list(Agreement.objects.of_reader(user).order_by("-made_at", "-pk"))


def as_text(user: User, agreements: list[Agreement], now: datetime) -> str:
    """The ledger as a plain text to be kept."""
    head = _("What %(reader)s agreed to at %(site)s, as of %(moment)s") % {
        "reader": user.email,
        "site": settings.SITE_NAME,
        "moment": exactly(now),
    }
    return "\n\n".join([head, *(one_as_text(row) for row in agreements)]) + "\n"


def one_as_text(row: Agreement) -> str:
    lines = [
        exactly(row.made_at),
        f"{row.get_kind_display()}: {row.plan_name}, {row.price_label}",
        row.wording,
        row.small_print,
        _("Version of the wording: %(version)s") % {"version": row.wording_version},
        _("Version of the terms: %(version)s") % {"version": row.terms_version} if row.terms_version else "",
    ]
    return "\n".join(filter(None, lines))


def exactly(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S %Z}"
