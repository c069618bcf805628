"""A subscription that opens nothing though it has not ended, in words for its reader, and what makes it open again.
Who has one is never told to subscribe: a second one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from paywall.telling.steps import NextStep
from subscriptions.account.sentences import day_of
from subscriptions.halted import Halt, Halted


def halted_sentence(halted: Halted) -> str:
    """Why it opens nothing. Of a group's, which its owner pays for, nothing is said about payments."""
    if halted.via:
        return groups_sentence(halted)
    told = {"day": "" if halted.day is None else day_of(halted.day)}
    match halted.halt:
        case Halt.PAUSED:
            return paused_sentence(halted)
        case Halt.HELD:
            return _("We have paused the payments for your subscription, and it opens nothing meanwhile.")
        case Halt.SUSPENDED:
            return (
                _("A payment for your subscription was contested at your bank on %(day)s, so it opens nothing.") % told
            )
        case Halt.FAILING:
            return _("The last payment for your subscription did not go through, so it opens nothing until it is paid.")
        case Halt.WAITING:
            return _("Your gift has ended early. Your subscription begins on %(day)s, and opens nothing before.") % told
        case Halt.UNCONFIRMED if halted.day is not None:
            words = _(
                "The payment of %(day)s for your subscription is not confirmed yet. You read on as soon as it is."
            )
            return words % told
    return _("We are finding out how your subscription stands. You read on as soon as we know.")


def paused_sentence(halted: Halted) -> str:
    if halted.ends_at is not None:
        return _("Your subscription is paused, and ends on %(day)s.") % {"day": day_of(halted.ends_at)}
    if halted.day is None:
        return _("Your subscription is paused, so the whole library is closed to you until you resume it.")
    words = _("Your subscription is paused until %(day)s. The whole library opens again then, or when you resume.")
    return words % {"day": day_of(halted.day)}


def groups_sentence(halted: Halted) -> str:
    if halted.halt is Halt.PAUSED and halted.day is not None and halted.ends_at is None:
        told = {"name": halted.via, "day": day_of(halted.day)}
        return _("The subscription of %(name)s is paused until %(day)s.") % told
    return _("The subscription of %(name)s opens nothing just now. Whoever looks after it can say more.") % {
        "name": halted.via
    }


def ways_on(halted: Halted) -> Iterator[NextStep]:
    """What makes it open again, the shortest way first; none for a group's, whose reader may subscribe themselves."""
    if halted.via:
        return
    account = reverse("account")
    if halted.halt is Halt.PAUSED and halted.ends_at is None:
        url = reverse("subscriptions:resume", args=[halted.subscription_id])
        yield NextStep(_("Resume your subscription. You see first what is due."), _("Resume"), url)
    if halted.halt is Halt.SUSPENDED:
        url = reverse("articles:house-page", kwargs={"slug": "contact"})
        yield NextStep(_("If that is a mistake, please write to us."), _("How to write to us"), url)
    if halted.halt is Halt.FAILING:
        words = _("Update your card, or pay the open invoice, on your account page.")
        yield NextStep(words, _("Update your card"), account)
    else:
        yield NextStep(_("Your account page says how it stands."), _("Your account"), account)
