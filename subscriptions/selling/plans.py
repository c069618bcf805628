"""The options as the gate shows them. Whatever is said of money here is computed, never written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.account.sentences import day_of
from subscriptions.models import (
    LIBRARY_SCOPE,
    Grant,
    GrantSource,
    Plan,
    PlanAmount,
    PlanInterval,
    PlanKind,
    PlanPrice,
    StripeCustomer,
)
from subscriptions.models.plan import interval_label, money
from subscriptions.paid_once.subscription_gifts import first_payment_after_gift
from subscriptions.selling.trials import trials_of


@dataclass(frozen=True, slots=True)
class Wish:
    """For whom the options are, and what their address asked for: a currency, and a plan by its secret."""

    user_id: int | None = None
    email: str = ""
    currency: str = ""
    offer: str = ""


@dataclass(frozen=True, slots=True)
class OfferedPlan:
    """One option with its labels: a plan at one of its prices. `saves_label` compares a year of it with a year of the
    dearest other way to pay. `terms` is what the form repeats, so that nobody agrees to a price that is no more.
    """

    key: str
    name: str
    price_label: str
    interval_label: str
    lines: tuple[str, ...]
    button: str
    small_print: str
    saves_label: str
    is_highlighted: bool
    is_free: bool
    is_light: bool = False  # opens so many articles a period, not the library
    plan_id: int = 0
    amount_minor: int = 0
    currency: str = ""
    interval: str = ""
    trial_days: int = 0  # for this reader
    trial_label: str = ""
    had_trial: bool = False  # the plan has a trial, and this reader has had theirs
    begins_at: datetime | None = None  # the first payment, of a reader whose gift runs until about then
    is_by_link: bool = False
    is_at_gate: bool = True
    least_seats: int = 0  # of a plan for groups, whose price is for one seat; 0: it has none
    most_seats: int = 0
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The options of the gate in the editors' order, in one currency.

    `held` is the currency of the reader's earlier payments, which alone they may pay in; empty for who has none.
    """

    plans: list[OfferedPlan]
    currency: str
    currencies: tuple[str, ...]
    held: str = ""

    @property
    def other_currencies(self) -> tuple[str, ...]:
        return () if self.held else tuple(code for code in self.currencies if code != self.currency)


def shelf(wish: Wish) -> Shelf:
    """The options for one reader, in one query, and one more for whose gift runs."""
    rows = [(plan, tuple(amounts_of(plan))) for plan in with_amounts(wish)]
    begins_at = first_payment(wish, rows[0][0]) if rows else None
    sold = list(dict.fromkeys(amount.currency for plan, amounts in rows for amount in amounts if not plan.is_free))
    held = str(getattr(rows[0][0], "held_currency", None) or "") if rows else ""
    asked = next((code for code in (held or wish.currency,) if code in sold), "")
    currency = asked or next(iter(sold), "")
    free = next((plan.allowance for plan, _amounts in rows if plan.is_free), None)
    of_registered = settings.MONTHLY_ALLOWANCE if free is None else free
    shown = [
        (plan, amount)
        for plan, amounts in rows
        for amount in shown_amounts(plan, amounts, currency, is_asked=bool(asked))
    ]
    paid = [amount for plan, amount in shown if not plan.is_free and not plan.is_group]
    plans = [option(plan, amount, paid, of_registered, begins_at) for plan, amount in shown]
    return Shelf(plans, currency, tuple(sold), held)


def offered_plans(wish: Wish | None = None) -> list[OfferedPlan]:
    """The options of the gate in the editors' order."""
    return shelf(wish or Wish()).plans


def with_amounts(wish: Wish) -> QuerySet[Plan]:
    further = PlanAmount.objects.filter(plan=OuterRef("pk")).order_by("pk")
    row = JSONObject(amount_minor="amount_minor", currency="currency", interval="interval")
    plans = Plan.objects.offered_with(wish.offer).annotate(further=ArraySubquery(further.values(row=row)))
    if wish.user_id is None:
        return plans
    now = timezone.now()
    given = Grant.objects.of_this_mode().filter(user=wish.user_id, source=GrantSource.GIFT)
    gifts = given.filter(scope=LIBRARY_SCOPE, revoked_at=None)
    own = StripeCustomer.objects.filter(user=wish.user_id, livemode=settings.STRIPE_LIVEMODE, deleted_at=None)
    return plans.annotate(
        held_currency=Subquery(own.values("currency")[:1]),
        reader_had_trial=Exists(trials_of(wish.user_id, wish.email)),
        reader_has_gift=Exists(gifts.filter(starts_at__lte=now, ends_at__gt=now)),
    )


def first_payment(wish: Wish, plan: Plan) -> datetime | None:
    """Of a reader who has a gift; None where it is due at once. `plan`: any of theirs, which knows of a gift."""
    if wish.user_id is None or not getattr(plan, "reader_has_gift", False):
        return None
    return first_payment_after_gift(wish.user_id, timezone.now())


def amounts_of(plan: Plan) -> Iterator[PlanAmount]:
    """What the plan costs, its own price first."""
    yield PlanAmount.own(plan)
    further: list[dict[str, Any]] = getattr(plan, "further", [])
    yield from (PlanAmount(plan=plan, **fields) for fields in further)


def shown_amounts(plan: Plan, amounts: tuple[PlanAmount, ...], currency: str, *, is_asked: bool) -> list[PlanAmount]:
    """Those in the currency. Without any, the plan is left out where that currency was asked for, else it shows what it
    has; what is free has no currency.
    """
    if plan.is_free:
        return [PlanAmount(plan=plan, amount_minor=0, currency=currency or plan.currency, interval=plan.interval)]
    found = [amount for amount in amounts if amount.currency == currency]
    return found if found or is_asked else [amounts[0]]


def option(
    plan: Plan, amount: PlanAmount, paid: list[PlanAmount], of_registered: int, begins_at: datetime | None = None
) -> OfferedPlan:
    had_trial = bool(plan.trial_days and getattr(plan, "reader_had_trial", False))
    begins_at = None if plan.is_free or plan.is_group else begins_at
    days = 0 if had_trial or begins_at is not None else plan.trial_days
    key = option_key(plan, amount.interval)
    begins = days if begins_at is None else f"{timezone.localtime(begins_at):%Y-%m-%d}"
    return OfferedPlan(
        key=key,
        name=plan.name,
        price_label=money(amount.amount_minor, amount.currency),
        interval_label=of_each_seat(plan, interval_label(amount.interval)),
        lines=tuple(filled(line, plan, of_registered, amount) for line in plan.lines),
        button=plan.button,
        small_print=small_print(plan, amount, days, of_registered, begins_at),
        saves_label="" if plan.is_group else saves_label(amount, paid),
        is_highlighted=plan.is_highlighted,
        is_free=plan.is_free,
        is_light=plan.is_light,
        plan_id=plan.pk,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        interval=amount.interval,
        trial_days=days,
        trial_label=trial_label(amount, days),
        had_trial=had_trial,
        begins_at=begins_at,
        is_by_link=plan.is_by_link,
        is_at_gate=plan.is_at_gate,
        least_seats=plan.least_seats if plan.is_group else 0,
        most_seats=plan.most_seats if plan.is_group else 0,
        terms="" if plan.is_free else f"{key} {amount.currency} {amount.amount_minor} {begins}",
    )


def option_key(plan: Plan, interval: str) -> str:
    """How forms name the option: by the plan and, where that has another price besides its own, by the interval."""
    return plan.key if interval == plan.interval else f"{plan.key}.{interval}"


def of_each_seat(plan: Plan, interval: str) -> str:
    """ "a seat a year", behind the amount."""
    return _("a seat %(interval)s") % {"interval": interval} if plan.is_group else interval


def registration_plan_key() -> str:
    """The option that a form with nothing but an address stands for; empty where registration is not offered."""
    return Plan.objects.offered().filter(kind=PlanKind.REGISTRATION).values_list("key", flat=True).first() or ""


def filled(text: str, plan: Plan, of_registered: int, amount: PlanAmount) -> str:
    """An editor's words with the numbers that the site knows better: `{price}` and `{allowance}`, the plan's articles a
    period or, of a plan that opens the library, those of registered readers.
    """
    allowance = of_registered if plan.allowance is None else plan.allowance
    articles = ngettext("%(number)d article", "%(number)d articles", allowance) % {"number": allowance}
    text = text.replace("{allowance} articles", articles).replace("{allowance}", str(allowance))
    return text.replace("{price}", money(amount.amount_minor, amount.currency))


def priced(amount: PlanAmount | PlanPrice) -> str:
    """ "$8 a month"."""
    return f"{money(amount.amount_minor, amount.currency)} {interval_label(amount.interval)}".strip()


def priced_option(option: OfferedPlan) -> str:
    """ "7 days free, then $8 a month until you cancel.", "$8 a month"."""
    return option.trial_label or f"{option.price_label} {option.interval_label}".strip()


def days_free(days: int) -> str:
    return ngettext("%(days)d day free", "%(days)d days free", days) % {"days": days}


def trial_label(amount: PlanAmount, days: int) -> str:
    """The sentence that the law asks for at the option: for how long nothing, then how much, and until when."""
    if not days:
        return ""
    told = {"days": days_free(days), "price": priced(amount)}
    return _("%(days)s, then %(price)s until you cancel.") % told


def goes_on_with_card(needs_card: bool) -> str:
    """Behind the days of a trial; empty where the payment page asks for a card anyway."""
    return "" if needs_card else _("It goes on only if you add a card by then.")


def small_print(
    plan: Plan, amount: PlanAmount, days: int, of_registered: int, begins_at: datetime | None = None
) -> str:
    """What is charged when, and how to stop. Only of a plan's own interval and without a trial or a gift before are the
    editors' words right; for everything else it is computed.
    """
    if begins_at is not None:
        return after_gift(plan, amount, begins_at)
    if days:
        first = ngettext(
            "Nothing is charged for %(days)d day; who cancels until then pays nothing.",
            "Nothing is charged for %(days)d days; who cancels until then pays nothing.",
            days,
        )
        said = (first % {"days": days}, goes_on_with_card(plan.trial_needs_card), _("Cancel online at any time."))
        return " ".join(filter(None, said))
    if plan.small_print and amount.interval == plan.interval:
        return filled(plan.small_print, plan, of_registered, amount)
    sentences = {
        PlanInterval.MONTH: _("%(price)s today and every month. Cancel online at any time."),
        PlanInterval.YEAR: _("%(price)s today and every year. Cancel online at any time."),
        PlanInterval.NONE: _("%(price)s today, once."),
    }
    if plan.is_free:
        return ""
    if plan.is_group:
        return _("Charged for each seat. Who pays reads too, without a seat. Cancel online at any time.")
    return sentences[PlanInterval(amount.interval)] % {"price": money(amount.amount_minor, amount.currency)}


def after_gift(plan: Plan, amount: PlanAmount, begins_at: datetime) -> str:
    """When it is charged for who reads by a gift until about then."""
    told = {"price": money(amount.amount_minor, amount.currency), "day": day_of(begins_at)}
    if plan.is_group:
        return _("Charged for each seat, first on %(day)s, after your gift. Cancel online at any time.") % told
    if amount.interval == PlanInterval.MONTH:
        return _("%(price)s on %(day)s, after your gift, and then every month. Cancel online at any time.") % told
    return _("%(price)s on %(day)s, after your gift, and then every year. Cancel online at any time.") % told


def saves_label(amount: PlanAmount, paid: list[PlanAmount]) -> str:
    """What a yearly price saves against twelve months of the dearest monthly one in the same currency; empty where it
    saves nothing.
    """
    if amount.interval != PlanInterval.YEAR:
        return ""
    same = [other for other in paid if other.currency == amount.currency]
    monthly = [other.amount_minor * 12 for other in same if other.interval == PlanInterval.MONTH]
    saved = max(monthly, default=0) - amount.amount_minor
    return _("Saves %(amount)s a year") % {"amount": money(saved, amount.currency)} if saved > 0 else ""
