"""The decision in words: one sentence for a reader."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paywall.access import Access, MeterFacts, Reason


def sentence(access: Access, *, has_lapsed: bool = False) -> str:
    """Why the article opens or not, and what would open it; empty where nothing needs to be said."""
    match access.reason:
        case Reason.FREE if access.until is not None:
            # The zone is named nowhere else on the page, and elsewhere the hour is another one.
            return _("Free to read until %(moment)s.") % {
                "moment": date_format(timezone.localtime(access.until), get_format("DATE_FORMAT") + ", H:i T")
            }
        case Reason.METERED if access.reads_left is not None:
            return ngettext(
                "%(left)d of %(allowance)d free article left this month.",
                "%(left)d of %(allowance)d free articles left this month.",
                access.allowance or 0,
            ) % {"left": access.reads_left, "allowance": access.allowance}
        case Reason.ALLOWANCE_USED if access.renews_on is not None:
            return ngettext(
                "You have read your %(allowance)d free article of this month. The next one comes on %(day)s.",
                "You have read your %(allowance)d free articles of this month. The next ones come on %(day)s.",
                access.allowance or 0,
            ) % {"allowance": access.allowance, "day": date_format(access.renews_on, "MONTH_DAY_FORMAT")}
        case Reason.READ_AVAILABLE if has_lapsed:
            return _("Your access to the whole library has ended. You may still read this as a free one of this month.")
        case Reason.READ_AVAILABLE:
            return _("You can open this article with one of your free articles of this month.")
        case Reason.REGISTRATION_NEEDED:
            return _("This article is open to everyone who has given an e-mail address.")
        case Reason.STAFF:
            return _("You are reading this as a member of staff.")
        case Reason.UNDECIDED:
            return _("We could not check just now whether you may read this. Please load the page again in a moment.")
        case _:
            return ""


def allowance_sentence(meter: MeterFacts) -> str:
    """How the reader's month stands; empty where there is no allowance."""
    if meter.allowance == 0 or meter.renews_on is None:
        return ""
    return ngettext(
        "%(left)d of %(allowance)d free article is left this month; the count starts again on %(day)s.",
        "%(left)d of %(allowance)d free articles are left this month; the count starts again on %(day)s.",
        meter.allowance,
    ) % {
        "left": meter.reads_left,
        "allowance": meter.allowance,
        "day": date_format(meter.renews_on, "MONTH_DAY_FORMAT"),
    }
