"""The decision in words for readers: why an article opens or not. What would open it: `paywall/telling/next_steps.py`.

Rules are for staff: no sentence names one.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from articles.moments import moment_in_words
from paywall.access import Access, Reason
from paywall.asking import Ask, Origin
from paywall.meters.meter import terms_of_meter
from paywall.meters.words import metered_asks, metered_sentence, read_available_sentence, used_up_sentence
from paywall.telling.halted import halted_sentence
from subscriptions.halted import Halted


def sentence(
    access: Access, *, has_lapsed: bool = False, halted: Halted | None = None, plan_names: tuple[str, ...] = ()
) -> str:
    """What the article's own page says of it; empty where the page says it without words. `halted`: the subscription
    that opens nothing now, though it has not ended; `plan_names`: the plans one of which is needed.
    """
    match access.reason:
        case Reason.FREE if access.until is not None:
            return _("Free to read until %(moment)s.") % {"moment": moment_in_words(access.until)}
        case Reason.METERED:
            return metered_sentence(access)
        case Reason.ALLOWANCE_USED | Reason.READ_AVAILABLE:
            return withheld_sentence(access, has_lapsed=has_lapsed, halted=halted)
        case Reason.INSTITUTION | Reason.GIFT | Reason.MAIL_LINK | Reason.STAFF:
            return granted_sentence(access)
        case Reason.REGISTRATION_NEEDED | Reason.PLAN_NEEDED | Reason.UNDECIDED:
            return withheld_sentence(access, plan_names=plan_names)
        case Reason.SUBSCRIPTION_NEEDED if plan_names or halted is not None:
            return withheld_sentence(access, halted=halted, plan_names=plan_names)
        case _:
            return ""


def why(
    access: Access, *, has_lapsed: bool = False, halted: Halted | None = None, plan_names: tuple[str, ...] = ()
) -> str:
    """Why the article opens or not, in a sentence that is never empty."""
    if access.granted:
        return granted_sentence(access)
    return withheld_sentence(access, has_lapsed=has_lapsed, halted=halted, plan_names=plan_names)


def granted_sentence(access: Access) -> str:
    """Why it opens."""
    match access.reason:
        case Reason.FREE:
            return free_sentence(access)
        case Reason.METERED:
            return metered_sentence(access)
        case Reason.INSTITUTION | Reason.SUBSCRIBER if access.via:
            return _("You are reading this with %(name)s.") % {"name": access.via}
        case Reason.GIFT if access.via:
            return _("This article is a gift from %(name)s.") % {"name": access.via}
    return {
        Reason.REGISTERED: _("You are reading this as a registered reader."),
        Reason.SUBSCRIBER: _("You are reading this as a subscriber."),
        Reason.SINGLE_ARTICLE: _("You have access to this one article."),
        Reason.INSTITUTION: _("You are reading this with your institution."),
        Reason.MAIL_LINK: _("You are reading this with the link in our mail to you."),
        Reason.GIFT: _("This article is a gift."),
        Reason.CRAWLER: _("You are reading this as a search engine that we know."),
        Reason.STAFF: _("You are reading this as a member of staff."),
    }[access.reason]


def free_sentence(access: Access) -> str:
    """Why everybody may read it, and until when."""
    moment = "" if access.until is None else moment_in_words(access.until)
    if access.asking is not None and access.asking.origin is Origin.OPENING and moment:
        return _("It is open to everybody until %(moment)s.") % {"moment": moment}
    if moment:
        return _("It is free to read until %(moment)s.") % {"moment": moment}
    return _("It is free to read, for everybody.")


def withheld_sentence(
    access: Access, *, has_lapsed: bool = False, halted: Halted | None = None, plan_names: tuple[str, ...] = ()
) -> str:
    """Why it does not open. A subscription that opens nothing just now is not said to have ended."""
    if halted is None:
        return refused_sentence(access, has_lapsed=has_lapsed, plan_names=plan_names)
    said = refused_sentence(access, plan_names=plan_names)
    match access.reason:
        case Reason.READ_AVAILABLE | Reason.ALLOWANCE_USED:
            return f"{halted_sentence(halted)} {said}"
        case Reason.SUBSCRIPTION_NEEDED:
            return f"{said} {halted_sentence(halted)}"
        case _:
            return said


def refused_sentence(access: Access, *, has_lapsed: bool = False, plan_names: tuple[str, ...] = ()) -> str:
    match access.reason:
        case Reason.REGISTRATION_NEEDED:
            return _("This article is open to everyone who has given an e-mail address.")
        case Reason.SUBSCRIPTION_NEEDED | Reason.PLAN_NEEDED if plan_names:
            return plans_sentence(plan_names)
        case Reason.PLAN_NEEDED:
            return _("This article is for subscribers of another plan than yours.")
        case Reason.SUBSCRIPTION_NEEDED if has_lapsed:
            return _("This article is for subscribers, and your access to the whole library has ended.")
        case Reason.SUBSCRIPTION_NEEDED:
            return _("This article is for subscribers.")
        case Reason.READ_AVAILABLE:
            return read_available_sentence(access, has_lapsed=has_lapsed)
        case Reason.ALLOWANCE_USED:
            return used_up_sentence(access)
        case Reason.NOT_PUBLISHED:
            return _("This article is not published.")
        case _:
            return _("We could not check just now whether you may read this. Please load the page again in a moment.")


def plans_sentence(names: tuple[str, ...]) -> str:
    return ngettext(
        "This article is for subscribers of the plan %(names)s.",
        "This article is for subscribers of one of these plans: %(names)s.",
        len(names),
    ) % {"names": ", ".join(names)}


def until_sentence(access: Access, *, has_subscription: bool = False) -> str:
    """Until when it stays open to this reader; empty where that is said already, or no day is to be named: that of a
    subscription is when it is renewed.
    """
    is_renewed = access.reason is Reason.SUBSCRIBER and has_subscription
    if not access.granted or access.until is None or access.reason in (Reason.FREE, Reason.METERED) or is_renewed:
        return ""
    return _("It stays open to you until %(moment)s.") % {"moment": moment_in_words(access.until)}


def asked_sentence(access: Access) -> str:
    """What the article asks of everybody just now; empty where nobody knows."""
    match Ask.UNKNOWN if access.asking is None else access.asking.ask:
        case Ask.OPEN:
            return _("Everybody can read it.")
        case Ask.REGISTRATION:
            return _("It asks for an e-mail address.")
        case Ask.METER:
            return metered_asks(terms_of_meter())
        case Ask.PLAN:
            return _("It asks for a subscription; free articles do not count.")
        case _:
            return ""
