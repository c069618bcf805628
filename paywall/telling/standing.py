"""What is open to a reader whatever the article is: the tiers, what is held, the month, and ways to more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from articles.models import Article, Section, Tier
from articles.moments import moment_in_words
from paywall.access import Access, MeterFacts, ReaderFacts, Reason, Right, decide, holds_library
from paywall.asking import ArticleFacts
from paywall.gate import login_url
from paywall.meters.meter import terms_of_meter
from paywall.meters.words import allowance_sentence, premium_asks
from paywall.policy import policy_now
from paywall.readers import Reader
from paywall.telling.halted import halted_sentence, ways_on
from paywall.telling.next_steps import register_for_reads
from paywall.telling.steps import NextStep

ARTICLE_SCOPE = "article:"


@dataclass(frozen=True, slots=True)
class TierRow:
    """What one tier asks, and what that is to this reader."""

    mark: str
    label: str
    asks: str
    is_open: bool
    answer: str


@dataclass(frozen=True, slots=True)
class HeldLine:
    words: str
    article: Article | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    words: str
    tiers: tuple[TierRow, ...]
    openings: tuple[str, ...]
    held: tuple[HeldLine, ...]
    month: str
    ways: tuple[NextStep, ...]


def standing_of(reader: Reader, now: datetime) -> Standing:
    """Without an article's facts, and so by the tiers alone: rules and terms are said of each article."""
    reader = reader.with_all_given()
    facts, meter = reader.standing_facts, reader.meter(None, now)
    has_library = facts.is_staff or holds_library(facts, now)
    return Standing(
        words=who_reads(reader, has_library=has_library),
        tiers=tuple(tier_row(tier, facts, meter, now) for tier in Tier),
        openings=tuple(opening_sentences(now)),
        held=tuple(held_lines(reader, now)),
        month="" if has_library else allowance_sentence(meter),
        ways=() if has_library else tuple(ways_to_more(reader)),
    )


def who_reads(reader: Reader, *, has_library: bool) -> str:
    if reader.is_staff:
        return _("You read everything as a member of staff.")
    if has_library:
        return _("The whole library is open to you.")
    if reader.entitlement.why_closed is not None:
        return halted_sentence(reader.entitlement.why_closed)
    if reader.entitlement.has_lapsed:
        return _("Your access to the whole library has ended.")
    if reader.is_registered:
        return _("You are logged in, without a subscription.")
    return _("You are reading without an account: what is open to you is open to everybody.")


def tier_row(tier: Tier, facts: ReaderFacts, meter: MeterFacts, now: datetime) -> TierRow:
    """By the decision itself, for an article of this tier of which nothing else is known."""
    access = decide(ArticleFacts(0, tier.value, published_at=now), facts, now, meter=meter)
    return TierRow(tier.value, label_of(tier), asks_of(tier), access.granted, answer_of(access))


def label_of(tier: Tier) -> str:
    """As lists mark its articles."""
    return {
        Tier.FREE: _("Free to read"),
        Tier.REGISTERED: _("For registered readers"),
        Tier.PREMIUM: _("For subscribers"),
    }[tier]


def asks_of(tier: Tier) -> str:
    if tier is Tier.PREMIUM:
        return premium_asks(terms_of_meter())
    return {
        Tier.FREE: _("Nothing: everybody can read it."),
        Tier.REGISTERED: _("An e-mail address that you have confirmed."),
    }[tier]


def answer_of(access: Access) -> str:
    if access.granted:
        return _("Open")
    if access.reason is Reason.READ_AVAILABLE:
        return _("%(left)d of %(allowance)d left") % {"left": access.reads_left, "allowance": access.allowance}
    if access.reason is Reason.ALLOWANCE_USED:
        return _("None left")
    return _("Not open")


def opening_sentences(now: datetime) -> Iterator[str]:
    """What is open to everybody for a time."""
    live = [opening for opening in policy_now().openings if opening.starts_at <= now < opening.ends_at]
    names = Section.objects.in_bulk([opening.section_id for opening in live if opening.section_id is not None])
    for opening in live:
        moment = moment_in_words(opening.ends_at)
        if opening.section_id is None:
            yield _("The whole site is open to everybody until %(moment)s.") % {"moment": moment}
        elif opening.section_id in names:
            name = names[opening.section_id].name
            yield _("The section %(name)s is open to everybody until %(moment)s.") % {"name": name, "moment": moment}


def held_lines(reader: Reader, now: datetime) -> Iterator[HeldLine]:
    """What the reader holds beside the account: by institution, gift or mail, and single articles."""
    live = [right for right in reader.rights if right.until is None or now < right.until]
    bought = [
        held.scope.removeprefix(ARTICLE_SCOPE)
        for held in reader.entitlement.scopes
        if held.scope.startswith(ARTICLE_SCOPE) and (held.until is None or now < held.until)
    ]
    until = reader.entitlement.library_until
    if until is not None and not reader.entitlement.has_subscription:
        yield HeldLine(_("The library is open to you until %(moment)s.") % {"moment": moment_in_words(until)})
    given = Article.objects.published(now).in_bulk([right.article_id for right in live if right.article_id is not None])
    for right in live:
        if right.article_id is None or right.article_id in given:
            yield HeldLine(right_in_words(right), given.get(right.article_id or 0))
    for article in Article.objects.published(now).filter(public_id__in=bought) if bought else ():
        yield HeldLine(_("Yours to read:"), article)


def right_in_words(right: Right) -> str:
    names = {
        Reason.INSTITUTION: _("With %(name)s") if right.via else _("With your institution"),
        Reason.GIFT: _("As a gift from %(name)s") if right.via else _("As a gift"),
        Reason.MAIL_LINK: _("With the link in our mail"),
        Reason.CRAWLER: _("As a search engine that we know"),
    }
    words = names.get(right.reason, _("With what you hold")) % {"name": right.via}
    if right.until is None:
        return f"{words}."
    return _("%(how)s, until %(moment)s.") % {"how": words, "moment": moment_in_words(right.until)}


def ways_to_more(reader: Reader) -> Iterator[NextStep]:
    """Who has a subscription that opens nothing just now is not offered a second one, which would be refused."""
    halted = reader.entitlement.why_closed
    if halted is not None and not halted.via:
        yield from ways_on(halted)
        return
    plans = reverse("paywall:plans")
    if not reader.is_registered:
        yield from register_for_reads(plans)
        yield NextStep(_("Log in, if you have an account."), _("Log in"), login_url(reverse("paywall:access")))
    yield NextStep(_("Subscribe, and read the whole library."), _("See the plans"), plans)
