"""The options as the gate shows them. Whatever is said of money here is computed, never written by hand."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.models import Plan, PlanInterval, PlanKind
from subscriptions.models.plan import money


@dataclass(frozen=True, slots=True)
class OfferedPlan:
    """One option with its labels; `saves_label` compares a year of it with a year of the dearest other way to pay."""

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


def offered_plans() -> list[OfferedPlan]:
    """The options of the gate in the editors' order, in one query."""
    plans = list(Plan.objects.offered())
    free = next((plan.allowance for plan in plans if plan.is_free), None)
    of_registered = settings.MONTHLY_ALLOWANCE if free is None else free
    return [
        OfferedPlan(
            key=plan.key,
            name=plan.name,
            price_label=plan.price_label,
            interval_label=plan.interval_label,
            lines=tuple(filled(line, plan, of_registered) for line in plan.lines),
            button=plan.button,
            small_print=filled(plan.small_print, plan, of_registered),
            saves_label=saves_label(plan, plans),
            is_highlighted=plan.is_highlighted,
            is_free=plan.is_free,
            is_light=plan.is_light,
            plan_id=plan.pk,
        )
        for plan in plans
    ]


def registration_plan_key() -> str:
    """The option that a form with nothing but an address stands for; empty where registration is not offered."""
    return Plan.objects.offered().filter(kind=PlanKind.REGISTRATION).values_list("key", flat=True).first() or ""


def filled(text: str, plan: Plan, of_registered: int) -> str:
    """An editor's words with the numbers that the site knows better: `{price}` and `{allowance}`, the plan's articles a
    period or, of a plan that opens the library, those of registered readers.
    """
    allowance = of_registered if plan.allowance is None else plan.allowance
    articles = ngettext("%(number)d article", "%(number)d articles", allowance) % {"number": allowance}
    text = text.replace("{allowance} articles", articles).replace("{allowance}", str(allowance))
    return text.replace("{price}", plan.price_label)


def saves_label(plan: Plan, plans: list[Plan]) -> str:
    """What a yearly plan saves against twelve months of the monthly one in the same currency; empty where it saves
    nothing.
    """
    if plan.interval != PlanInterval.YEAR:
        return ""
    monthly = [other.yearly_minor() or 0 for other in plans if other.currency == plan.currency]
    saved = max(monthly, default=0) - plan.amount_minor
    return _("Saves %(amount)s a year") % {"amount": money(saved, plan.currency)} if saved > 0 else ""
