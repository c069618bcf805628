"""How long a read counts, in days of the publication's time zone: pure calendar arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone


@dataclass(frozen=True, slots=True)
class MeterTerms:
    """What holds for everybody's meter now. `rolling_days` is None for the calendar month; `anonymous_allowance` is 0
    where strangers have none.

    Days are counted by the calendar, not as 24 hours each: what comes back "on 3 December" does so when that day
    begins, also where a clock was put forward or back meanwhile.
    """

    allowance: int
    anonymous_allowance: int = 0
    rolling_days: int | None = None

    @property
    def is_rolling(self) -> bool:
        return self.rolling_days is not None

    def begins_on(self, today: date) -> date:
        """The first day of the period in which a read of today lies; in a rolling one each day begins its own."""
        return today.replace(day=1) if self.rolling_days is None else today

    def renews_on(self, today: date) -> date:
        """The first day on which a read of today no longer counts."""
        begins_on = self.begins_on(today)
        return next_period(begins_on) if self.rolling_days is None else begins_on + timedelta(days=self.rolling_days)


def local_day(now: datetime) -> date:
    return timezone.localtime(now).date()


def period_of(now: datetime) -> date:
    """The first day of the calendar month of `now` in the publication's time zone."""
    return local_day(now).replace(day=1)


def next_period(period: date) -> date:
    return date(period.year + period.month // 12, period.month % 12 + 1, 1)


def next_months_first() -> date:
    return next_period(period_of(timezone.now()))
