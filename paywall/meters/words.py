"""The meter in words: what is left, and when the next read comes. In a month all come back together, in a rolling
period one by one; what a light plan gives is not called free.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paywall.access import Access, MeterFacts
from paywall.meters.periods import MeterTerms


def metered_sentence(access: Access) -> str:
    """What is left, above an article that a read has opened."""
    if access.reads_left is None or access.renews_on is None:
        return _("You have opened this article with a read of your allowance.")
    number = access.allowance or 0
    match access.is_plans, access.is_rolling:
        case False, False:
            words = ngettext(
                "%(left)d of %(allowance)d free article left this month, renews on %(day)s.",
                "%(left)d of %(allowance)d free articles left this month, renews on %(day)s.",
                number,
            )
        case False, True:
            words = ngettext(
                "%(left)d of %(allowance)d free article left, the next one comes on %(day)s.",
                "%(left)d of %(allowance)d free articles left, the next one comes on %(day)s.",
                number,
            )
        case True, False:
            words = ngettext(
                "%(left)d of %(allowance)d article of your plan left this month, renews on %(day)s.",
                "%(left)d of %(allowance)d articles of your plan left this month, renews on %(day)s.",
                number,
            )
        case _:
            words = ngettext(
                "%(left)d of %(allowance)d article of your plan left, the next one comes on %(day)s.",
                "%(left)d of %(allowance)d articles of your plan left, the next one comes on %(day)s.",
                number,
            )
    return words % {"left": access.reads_left, "allowance": number, "day": day_of(access)}


def used_up_sentence(access: Access) -> str:
    if access.renews_on is None:
        return _("You have used all the reads of your allowance.")
    number = access.allowance or 0
    match access.is_plans, access.is_rolling:
        case False, False:
            words = ngettext(
                "You have read your %(allowance)d free article this month. The next one comes on %(day)s.",
                "You have read your %(allowance)d free articles this month. The next ones come on %(day)s.",
                number,
            )
        case False, True:
            words = ngettext(
                "You have read your %(allowance)d free article. The next one comes on %(day)s.",
                "You have read your %(allowance)d free articles. The next one comes on %(day)s.",
                number,
            )
        case True, False:
            words = ngettext(
                "You have read the %(allowance)d article that your plan has this month. The next one comes on %(day)s.",
                "You have read the %(allowance)d articles that your plan has this month. The next ones come on "
                "%(day)s.",
                number,
            )
        case _:
            words = ngettext(
                "You have read the %(allowance)d article of your plan. The next one comes on %(day)s.",
                "You have read the %(allowance)d articles of your plan. The next one comes on %(day)s.",
                number,
            )
    return words % {"allowance": number, "day": day_of(access)}


def read_available_sentence(access: Access, *, has_lapsed: bool = False) -> str:
    match has_lapsed, access.is_plans, access.is_rolling:
        case True, _plans, False:
            return _(
                "Your access to the whole library has ended. You can still read this as one of your free articles this "
                "month."
            )
        case True, _plans, True:
            return _(
                "Your access to the whole library has ended. You can still read this as one of your free articles."
            )
        case False, True, _rolling:
            return _("You can open this article with one of the articles of your plan.")
        case False, False, True:
            return _("You can open this article with one of your free articles.")
        case _:
            return _("You can open this article with one of your free articles this month.")


def allowance_sentence(meter: MeterFacts) -> str:
    """How the reader's period stands; empty where there is no allowance."""
    if meter.allowance == 0 or meter.renews_on is None:
        return ""
    if meter.is_rolling and not meter.used:
        return untouched_sentence(meter)
    match meter.is_plans, meter.is_rolling:
        case False, False:
            words = ngettext(
                "%(left)d of %(allowance)d free article is left this month; the count starts again on %(day)s.",
                "%(left)d of %(allowance)d free articles are left this month; the count starts again on %(day)s.",
                meter.allowance,
            )
        case True, False:
            words = ngettext(
                "%(left)d of %(allowance)d article of your plan is left this month; the count starts again on %(day)s.",
                "%(left)d of %(allowance)d articles of your plan are left this month; the count starts again on "
                "%(day)s.",
                meter.allowance,
            )
        case False, True:
            words = ngettext(
                "%(left)d of %(allowance)d free article is left; the next one comes on %(day)s.",
                "%(left)d of %(allowance)d free articles are left; the next one comes on %(day)s.",
                meter.allowance,
            )
        case _:
            words = ngettext(
                "%(left)d of %(allowance)d article of your plan is left; the next one comes on %(day)s.",
                "%(left)d of %(allowance)d articles of your plan are left; the next one comes on %(day)s.",
                meter.allowance,
            )
    return words % {"left": meter.reads_left, "allowance": meter.allowance, "day": day_of(meter)}


def untouched_sentence(meter: MeterFacts) -> str:
    """Of a rolling period in which nothing is spent: no day is to be waited for."""
    if meter.is_plans:
        words = ngettext(
            "%(left)d of %(allowance)d article of your plan is left.",
            "%(left)d of %(allowance)d articles of your plan are left.",
            meter.allowance,
        )
    else:
        words = ngettext(
            "%(left)d of %(allowance)d free article is left.",
            "%(left)d of %(allowance)d free articles are left.",
            meter.allowance,
        )
    return words % {"left": meter.reads_left, "allowance": meter.allowance}


def metered_asks(terms: MeterTerms) -> str:
    """What an article asks that a read of the allowance opens, by who has one."""
    match terms.allowance > 0, terms.anonymous_allowance > 0:
        case True, True:
            return _("It asks for a subscription, or for one of the free articles that every reader has.")
        case True, False:
            return _("It asks for a subscription, or for one of the free articles of a registered reader.")
        case False, True:
            return _("It asks for a subscription, or for one of the free articles of a reader without an account.")
        case _:
            return _("It asks for a subscription.")


def premium_asks(terms: MeterTerms) -> str:
    """The same of the tier, where it stands in a table."""
    match terms.allowance > 0, terms.anonymous_allowance > 0:
        case True, True:
            return _("A subscription, or one of the free articles that every reader has.")
        case True, False:
            return _("A subscription, or one of the free articles of a registered reader.")
        case False, True:
            return _("A subscription, or one of the free articles of a reader without an account.")
        case _:
            return _("A subscription.")


def bigger_plans_sentence(names: Sequence[str]) -> str:
    """What opens more than a light plan does; empty where nothing is offered that does."""
    if not names:
        return ""
    words = ngettext(
        "The plan %(names)s opens the whole library.", "These plans open the whole library: %(names)s.", len(names)
    )
    return words % {"names": ", ".join(names)}


def log_in_sentence() -> str:
    """For the browser that has paid for a light plan and in which nobody is logged in."""
    return _("The articles of your plan are counted on your account. Please log in to read them.")


def day_of(counted: Access | MeterFacts) -> str:
    return "" if counted.renews_on is None else date_format(counted.renews_on, "MONTH_DAY_FORMAT")
