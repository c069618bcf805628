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
from subscriptions.account.sentences import day_of, price_label
from subscriptions.agreed.consent import BEGIN_VERSION, begin_wording, terms_version
from subscriptions.contracts.changing import Quote
from subscriptions.models import Agreement, AgreementKind, CheckoutAttempt, Lead, Plan, PlanPrice, Subscription
from subscriptions.models.plan import interval_label, money

QUOTE_VERSION = "2026-11-23"  # of templates/subscriptions/change_quote.html


@dataclass(frozen=True, slots=True)
class Shown:
    """What stood beside the button. `begins_at_once`: whether the wish to begin at once was in it."""

    wording: str
    version: str
    begins_at_once: bool = False


def note_gate(lead: Lead) -> Agreement:
    """Somebody gave an address. The lead has the wording that stood beside the field."""
    plan = lead.plan
    return write(
        AgreementKind.GATE,
        plan,
        Shown(lead.consent_wording, lead.consent_version),
        lead=lead,
        terms=(plan.amount_minor, plan.currency, plan.interval),
    )


def note_checkout(attempt: CheckoutAttempt) -> Agreement:
    """Somebody goes to the payment page."""
    price = attempt.price
    begins = begin_wording()
    wording = "\n".join(filter(None, [attempt.lead.consent_wording, *offer_in_words(attempt), begins]))
    return write(
        AgreementKind.CHECKOUT,
        price.plan,
        Shown(wording, BEGIN_VERSION, begins_at_once=bool(begins)),
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
        price=price,
        user=subscription.user,
        subscription=subscription,
        quantity=quantity,
    )


def note_quote(subscription: Subscription, wanted: PlanPrice, agreed: Quote, former: str) -> Agreement:
    """A subscriber pressed the button below the figures of a change. `former` is the price that they had, in words."""
    shown = Shown("\n".join(quote_in_words(wanted, agreed, former)), QUOTE_VERSION)
    return note_change(subscription, wanted, shown)


def quote_in_words(wanted: PlanPrice, agreed: Quote, former: str) -> list[str]:
    """As templates/subscriptions/change_quote.html says it."""
    told = {"price": former, "new": price_label(wanted), "chosen": wanted.plan.name, "next_day": day_of(agreed.next_on)}
    told |= {"due": money(agreed.due_minor, agreed.currency), "amount": money(agreed.next_minor, agreed.currency)}
    begins = _("Instead of %(price)s you pay %(new)s, from now on.")
    if not agreed.is_now:
        begins = _("From %(next_day)s you pay %(new)s instead of %(price)s.")
    lines = [_("Change to %(chosen)s?"), begins, _("Due today: %(due)s"), _("Next payment: %(amount)s on %(next_day)s")]
    return [line % told for line in lines]


def write(
    kind: AgreementKind,
    plan: Plan,
    shown: Shown,
    *,
    price: PlanPrice | None = None,
    terms: tuple[int, str, str] | None = None,
    **about: Any,
) -> Agreement:
    amount, currency, interval = terms or (0, plan.currency, plan.interval)
    if price is not None:
        amount, currency, interval = price.amount_minor, price.currency, price.interval
    label = f"{money(amount, currency)} {interval_label(interval)}".strip()
    return Agreement.objects.create(
        kind=kind,
        plan=plan,
        price=price,
        plan_name=plan.name,
        amount_minor=amount,
        currency=currency,
        interval=interval,
        wording=shown.wording,
        wording_version=shown.version,
        small_print=plan.small_print.replace("{price}", label),
        terms_version=terms_version(),
        begins_at_once=shown.begins_at_once,
        **about,
    )


def offer_in_words(attempt: CheckoutAttempt) -> list[str]:
    """The option as it was sold: "Annual: $89 a year", its days of trial, and its button."""
    price = attempt.price
    label = f"{money(price.amount_minor * attempt.quantity, price.currency)} {interval_label(price.interval)}".strip()
    trial = [_("Free of charge for %(days)d days.") % {"days": attempt.trial_days}] if attempt.trial_days else []
    return [f"{price.plan.name}: {label}", *trial, f"[{price.plan.button}]"]


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
