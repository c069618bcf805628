"""The subscriptions as numbers for people: how many there are, what they bring a month, who came and who went. Only the
mirrored records are read; each figure's definition stands in docs/billing.md and on the page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from subscriptions.figures.charts import Chart, bar_chart
from subscriptions.models import LIBRARY_SCOPE, Dispute, Grant, Invoice, Subscription
from subscriptions.models.plan import money

BAR, GAP = 16, 4  # of a month, in units of the drawing
LOST = "lost"  # of a dispute
TOO_EXPENSIVE = "too_expensive"  # Stripe's word for what a reader says of the price


class State(TextChoices):
    ACTIVE = "active", _("active")
    TRIALING = "trialing", _("on trial")
    GRACE = "grace", _("payment failing")
    PAUSED = "paused", _("paused")
    ENDING = "ending", _("ending")


class Cause(TextChoices):
    WISH = "wish", _("own wish")
    PRICE = "price", _("price")
    PAYMENT = "payment", _("payment failed")
    RETURNED = "returned", _("money returned or contested")
    PAUSED = "paused", _("paused")
    OTHER = "other", _("not said")


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One plan in one currency: how many subscriptions in each state, in their order; monthly income in minor units."""

    plan: str
    currency: str
    numbers: list[int]
    seats: int
    monthly_minor: int

    @property
    def total(self) -> int:
        return sum(self.numbers)

    @property
    def monthly_label(self) -> str:
        return money(self.monthly_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Income:
    """Monthly recurring income in one currency, in minor units, and from how many subscriptions."""

    currency: str
    subscriptions: int
    monthly_minor: int

    @property
    def label(self) -> str:
        return money(self.monthly_minor, self.currency)


@dataclass(frozen=True, slots=True)
class MonthLine:
    """What happened in one month, which begins at `month` in the publication's time zone."""

    month: datetime
    new: int
    reactivated: int
    churned: list[int]  # by cause, in their order
    trials: int
    converted: int
    subscribers: int  # with a first payment and no end at the end of the month, or now

    @property
    def gone(self) -> int:
        return sum(self.churned)

    @property
    def percent(self) -> float | None:
        return 100 * self.converted / self.trials if self.trials else None

    @property
    def label(self) -> str:
        return date_format(self.month, "YEAR_MONTH_FORMAT")


@dataclass(frozen=True, slots=True)
class Figures:
    plans: list[PlanLine]
    incomes: list[Income]
    months: list[MonthLine]
    granted: int  # readers with a grant of the library


def figures(now: datetime, months: int) -> Figures:
    """As of `now` (UTC), with so many months back, this one among them. A fixed number of queries."""
    plans = plan_lines(now)
    return Figures(plans, incomes(now), month_lines(now, months), granted(now))


def counted() -> QuerySet[Subscription]:
    """Without those that the site ended itself and gave back as second ones."""
    return Subscription.objects.of_this_mode().filter(returned_at=None).order_by()


def is_paused(now: datetime) -> Q:
    """By Stripe, by the publisher, or by the reader once what was paid for is used up."""
    by_publisher = Q(status__in=("active", "past_due"), is_collection_paused=True, paused_from=None)
    return Q(status="paused") | by_publisher | Q(status__in=("active", "past_due"), paused_from__lte=now)


def state_of(now: datetime) -> Case:
    """Of one that runs, the first that holds. What begins when a gift ends is no trial, though Stripe holds it as one
    until then.
    """
    ends = Q(cancel_at__isnull=False) | Q(cancel_at_period_end=True)
    return Case(
        When(is_paused(now), then=Value(State.PAUSED)),
        When(status="past_due", then=Value(State.GRACE)),
        When(ends, then=Value(State.ENDING)),
        When(status="trialing", begins_at=None, then=Value(State.TRIALING)),
        default=Value(State.ACTIVE),
    )


def is_income(now: datetime) -> Q:
    """Whether it counts as recurring income: neither trial nor pause, nor a first payment that failed."""
    return (Q(status="active") | Q(status="past_due", has_been_paid=True)) & ~is_paused(now)


def plan_lines(now: datetime) -> list[PlanLine]:
    running = counted().filter(status__in=("trialing", "active", "past_due", "paused"))
    running = running.annotate(state=state_of(now))
    rows = running.values_list("plan__name", "currency", "state").annotate(
        number=Count("pk"),
        seats=Coalesce(Sum("group__seats"), 0),
        yearly=Coalesce(Sum("yearly_minor", filter=is_income(now)), 0),
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for plan, currency, state, number, seats, yearly in rows:
        line = found.setdefault((plan or "", currency), [dict.fromkeys(State.values, 0), 0, 0])
        line[0][state] += number
        line[1] += seats
        line[2] += yearly
    return [
        PlanLine(plan, currency, list(numbers.values()), seats, a_month(yearly))
        for (plan, currency), (numbers, seats, yearly) in sorted(found.items())
    ]


def incomes(now: datetime) -> list[Income]:
    rows = (
        counted()
        .filter(is_income(now))
        .values_list("currency")
        .annotate(number=Count("pk"), yearly=Sum("yearly_minor"))
    )
    return [Income(currency, number, a_month(yearly)) for currency, number, yearly in rows.order_by("currency")]


def a_month(yearly_minor: int) -> int:
    """A twelfth, rounded once, half up."""
    return (2 * yearly_minor + 12) // 24


def granted(now: datetime) -> int:
    """Readers who have the library by a grant."""
    running = Grant.objects.filter(scope=LIBRARY_SCOPE, revoked_at=None, starts_at__lte=now)
    return running.filter(Q(ends_at=None) | Q(ends_at__gt=now)).values("user").distinct().count()


# --- By month ---------------------------------------------------------------------------------------------------------


def month_lines(now: datetime, months: int) -> list[MonthLine]:
    """The newest first."""
    starts = month_starts(now, months)
    since = starts[0]
    begun = first_payments(since, now)
    gone = endings(since, now)
    for month, number in pauses(since, now).items():
        gone[month][Cause.PAUSED] += number
    trials, converted = trials_begun(since, now)
    before = counted().filter(first_paid_at__lt=since).filter(Q(ended_at=None) | Q(ended_at__gte=since)).count()
    lines = []
    for month in starts:
        new, again = begun[month]
        causes = [gone[month][cause] for cause in Cause.values]
        before += new + again - sum(causes) + gone[month][Cause.PAUSED]
        lines.append(MonthLine(month, new, again, causes, trials[month], converted[month], before))
    return lines[::-1]


def month_starts(now: datetime, months: int) -> list[datetime]:
    """The first moments of the months up to the present one, in the publication's time zone."""
    here = timezone.localtime(now)
    this = here.year * 12 + here.month - 1
    firsts = (date(number // 12, number % 12 + 1, 1) for number in range(this - months + 1, this + 1))
    return [timezone.make_aware(datetime.combine(first, time())) for first in firsts]


def first_payments(since: datetime, now: datetime) -> dict[datetime, tuple[int, int]]:
    """In each month: how many paid for the first time, and how many who had paid for another one before."""
    same = Q(customer=OuterRef("customer")) | Q(user__isnull=False, user=OuterRef("user"))
    earlier = counted().filter(same, first_paid_at__lt=OuterRef("first_paid_at"))
    rows = (
        counted()
        .filter(first_paid_at__gte=since, first_paid_at__lte=now)
        .annotate(month=TruncMonth("first_paid_at", tzinfo=timezone.get_default_timezone()), again=Exists(earlier))
    )
    found: dict[datetime, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for month, again, number in rows.values_list("month", "again").annotate(number=Count("pk")):
        new, others = found[month]
        found[month] = (new, others + number) if again else (new + number, others)
    return found


def endings(since: datetime, now: datetime) -> dict[datetime, dict[str, int]]:
    """In each month: how many that had been paid for ended, by cause."""
    paid = Invoice.objects.filter(subscription=OuterRef("pk"), paid_minor__gt=0).order_by("-paid_at", "-pk")
    went_back = ExpressionWrapper(Q(refunded_minor__gte=F("paid_minor")), output_field=BooleanField())
    cause = Case(
        When(Q(cancel_reason="payment_disputed") | Q(last_returned=True) | Q(is_lost=True), then=Value(Cause.RETURNED)),
        When(cancel_reason="payment_failed", then=Value(Cause.PAYMENT)),
        When(cancel_feedback=TOO_EXPENSIVE, then=Value(Cause.PRICE)),
        When(cancel_reason="cancellation_requested", then=Value(Cause.WISH)),
        default=Value(Cause.OTHER),
    )
    ended = counted().filter(first_paid_at__isnull=False, ended_at__gte=since, ended_at__lte=now)
    rows = ended.annotate(
        is_lost=Exists(Dispute.objects.filter(subscription=OuterRef("pk"), status=LOST)),
        last_returned=Subquery(paid.annotate(back=went_back).values("back")[:1]),
        month=TruncMonth("ended_at", tzinfo=timezone.get_default_timezone()),
        cause=cause,
    )
    found: dict[datetime, dict[str, int]] = defaultdict(lambda: dict.fromkeys(Cause.values, 0))
    for month, why, number in rows.values_list("month", "cause").annotate(number=Count("pk")):
        found[month][why] += number
    return found


def pauses(since: datetime, now: datetime) -> dict[datetime, int]:
    """In each month: how many pauses began that still last. Of a pause by the publisher no moment is known."""
    rows = (
        counted()
        .filter(is_paused(now), first_paid_at__isnull=False)
        .annotate(began=Coalesce("paused_from", "stopped_at"))
    )
    rows = rows.filter(began__gte=since).annotate(month=TruncMonth("began", tzinfo=timezone.get_default_timezone()))
    return dict(rows.values_list("month").annotate(number=Count("pk")))


def trials_begun(since: datetime, now: datetime) -> tuple[dict[datetime, int], dict[datetime, int]]:
    """By the month in which they began: how many trials, and how many of these were paid for since. Without second
    ones, which the site ends at once, and without what only waited for the end of a gift.
    """
    rows = counted().filter(begins_at=None, trial_start__gte=since, trial_start__lte=now)
    rows = rows.exclude(trial_use__refused_at__isnull=False).annotate(
        month=TruncMonth("trial_start", tzinfo=timezone.get_default_timezone())
    )
    begun: dict[datetime, int] = defaultdict(int)
    converted: dict[datetime, int] = defaultdict(int)
    counts = {"number": Count("pk"), "paid": Count("pk", filter=Q(first_paid_at__isnull=False))}
    for month, number, paid in rows.values_list("month").annotate(**counts):
        begun[month], converted[month] = number, paid
    return begun, converted


# --- Drawn and exported -----------------------------------------------------------------------------------------------


def charts(lines: list[MonthLine]) -> list[Chart]:
    """Subscribers, who came and who went, month by month; `lines` with the newest first."""
    drawn = [
        (_("Subscribers at the end of the month"), [line.subscribers for line in lines]),
        (_("New and reactivated"), [line.new + line.reactivated for line in lines]),
        (_("Gone"), [line.gone for line in lines]),
    ]
    months = [line.label for line in lines]
    return [
        bar_chart(list(zip(months, numbers, strict=True))[::-1], bar_width=BAR, gap=GAP, title=str(title))
        for title, numbers in drawn
    ]


PLAN_HEAD = ("plan", "currency", *State.values, "seats", "monthly_minor")
INCOME_HEAD = ("currency", "subscriptions", "monthly_minor")
MONTH_HEAD = (
    *("month", "new", "reactivated"),
    *(f"gone_{cause}" for cause in Cause.values),
    *("trials", "trials_converted", "subscribers"),
)


def plan_rows(found: Figures) -> Iterator[tuple[object, ...]]:
    for line in found.plans:
        yield (line.plan, line.currency, *line.numbers, line.seats, line.monthly_minor)


def income_rows(found: Figures) -> Iterator[tuple[object, ...]]:
    for line in found.incomes:
        yield (line.currency, line.subscriptions, line.monthly_minor)


def month_rows(found: Figures) -> Iterator[tuple[object, ...]]:
    for line in found.months:
        counts = (line.new, line.reactivated, *line.churned, line.trials, line.converted, line.subscribers)
        yield (f"{line.month:%Y-%m}", *counts)


TABLES = {
    "plans": (PLAN_HEAD, plan_rows),
    "income": (INCOME_HEAD, income_rows),
    "months": (MONTH_HEAD, month_rows),
}
