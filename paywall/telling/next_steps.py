"""What would open an article that is withheld: words, each with a link. Every refusal has one at least."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from articles.moments import moment_in_words
from paywall.access import Access, Reason
from paywall.asking import Ask
from paywall.gate import CONTINUE, login_url
from paywall.meters.meter import terms_of_meter
from paywall.telling.halted import ways_on
from paywall.telling.steps import NextStep
from paywall.ways_in.institutions import has_live_institution
from subscriptions.halted import Halted


def next_steps(
    access: Access,
    path: str,
    now: datetime,
    *,
    is_known: bool = False,
    plan_names: tuple[str, ...] = (),
    opens_at: datetime | None = None,
    halted: Halted | None = None,
) -> list[NextStep]:
    """The shortest way first, at `now` (UTC); none for an article that is granted. `path` is the article's own,
    `is_known` tells a reader with an account from a stranger; `opens_at` is when it opens to everybody (UTC); `halted`
    is the subscription that would open it but opens nothing now.
    """
    if access.granted:
        return []
    steps = list(steps_of_reason(access, path, now, is_known=is_known, plan_names=plan_names, halted=halted))
    if opens_at is not None:
        words = _("Or wait: from %(moment)s everybody can read it.") % {"moment": moment_in_words(opens_at)}
        steps.append(NextStep(words, _("To the article"), path))
    return steps


def steps_of_reason(
    access: Access,
    path: str,
    now: datetime,
    *,
    is_known: bool,
    plan_names: tuple[str, ...],
    halted: Halted | None,
) -> Iterator[NextStep]:
    match access.reason:
        case Reason.UNDECIDED:
            yield NextStep(_("Load the article again in a moment."), _("To the article"), path)
            return
        case Reason.NOT_PUBLISHED:
            yield NextStep(_("See what is published."), _("Front page"), reverse("articles:front"))
            return
        case Reason.REGISTRATION_NEEDED:
            yield NextStep(_("Give your e-mail address. It costs nothing."), _("Read free"), path + CONTINUE)
        case Reason.READ_AVAILABLE:
            of_plan = _("Open it with one of the articles of your plan.")
            free = _("Open it with one of your free articles.")
            yield NextStep(of_plan if access.is_plans else free, _("To the article"), path + CONTINUE)
        case Reason.ALLOWANCE_USED if access.renews_on is not None:
            yield wait_for_reads(access.renews_on, path, is_plans=access.is_plans)
        case Reason.SUBSCRIPTION_NEEDED if (
            not is_known and access.asking is not None and access.asking.ask is Ask.METER
        ):
            yield from register_for_reads(path + CONTINUE)
    if not is_known:
        yield NextStep(_("Log in, if you have an account."), _("Log in"), login_url(path + CONTINUE))
    if has_live_institution(now):
        words = _("Read it through a library, university or company that has a contract with us.")
        url = f"{reverse('paywall:institution-access')}?{urlencode({'next': path})}"
        yield NextStep(words, _("Read with an institution"), url)
    if access.reason is not Reason.REGISTRATION_NEEDED:
        yield from steps_to_plan(access, plan_names, halted)


def steps_to_plan(access: Access, plan_names: tuple[str, ...], halted: Halted | None) -> Iterator[NextStep]:
    """To have a plan that opens it: who has a subscription makes it open again, or changes it."""
    if halted is None or halted.via:
        yield choose_plan(plan_names, has_another=access.reason is Reason.PLAN_NEEDED)
        return
    yield from ways_on(halted)
    needed = access.asking.plan_ids if access.asking is not None else frozenset()
    if needed and halted.plan_id is not None and halted.plan_id not in needed:
        yield choose_plan(plan_names, has_another=True)


def wait_for_reads(renews_on: date, path: str, *, is_plans: bool) -> NextStep:
    if is_plans:
        words = _("Wait until %(day)s, when the next article of your plan comes.")
    else:
        words = _("Wait until %(day)s, when the next free article comes.")
    return NextStep(words % {"day": date_format(renews_on, "MONTH_DAY_FORMAT")}, _("To the article"), path)


def register_for_reads(url: str) -> Iterator[NextStep]:
    """Where an address alone gives reads: at `url` it is asked for."""
    terms = terms_of_meter()
    if not terms.allowance:
        return
    if terms.rolling_days is None:
        words = ngettext(
            "Give your e-mail address: %(number)d article for subscribers is free for you every month.",
            "Give your e-mail address: %(number)d articles for subscribers are free for you every month.",
            terms.allowance,
        )
    else:
        words = ngettext(
            "Give your e-mail address: %(number)d article for subscribers is free for you in any %(days)d days.",
            "Give your e-mail address: %(number)d articles for subscribers are free for you in any %(days)d days.",
            terms.allowance,
        )
    yield NextStep(words % {"number": terms.allowance, "days": terms.rolling_days}, _("Read free"), url)


def choose_plan(names: tuple[str, ...], *, has_another: bool) -> NextStep:
    """The options, or the account where the plan is changed."""
    if has_another:
        words = _("Change to a plan that includes it: %(names)s.") % {"names": ", ".join(names)}
        return NextStep(words if names else _("Change your plan."), _("Your account"), reverse("account"))
    if names:
        words = _("Subscribe to a plan that includes it: %(names)s.") % {"names": ", ".join(names)}
        return NextStep(words, _("See the plans"), reverse("paywall:plans"))
    return NextStep(_("Subscribe, and read the whole library."), _("See the plans"), reverse("paywall:plans"))
