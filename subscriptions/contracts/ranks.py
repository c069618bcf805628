"""Which of two prices is the higher one: first what they open, then what they cost a year. Pure; it asks nobody."""

from __future__ import annotations

from subscriptions.models import PlanInterval, PlanPrice

MONTHS = {PlanInterval.MONTH: 1, PlanInterval.YEAR: 12}


def months_of(interval: str) -> int:
    """How many months a price is paid for at a time; 0 for one that is paid once."""
    return MONTHS.get(PlanInterval(interval), 0) if interval in PlanInterval.values else 0


def yearly_minor(price: PlanPrice) -> int:
    """What twelve months at this price cost, in minor units of its currency."""
    months = months_of(price.interval)
    return price.amount_minor * 12 // months if months else price.amount_minor


def rank_of(price: PlanPrice) -> tuple[bool, int]:
    """A light plan stands below every plan that opens the library, whatever it costs."""
    return (not price.plan.is_light, yearly_minor(price))


def is_upgrade(present: PlanPrice, wanted: PlanPrice) -> bool:
    """Whether a change is carried out at once. All others wait for the end of the period that is paid, among them a
    shorter interval of what is open already: of a year that is paid nothing is given back by way of credit.
    """
    if present.plan.is_light != wanted.plan.is_light:
        return present.plan.is_light
    if months_of(wanted.interval) < months_of(present.interval):
        return False
    return rank_of(wanted) > rank_of(present)
