"""What the gate shows: the options, the size of the library, why it is closed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from articles.caching import lifetime
from articles.models import Article
from articles.page_store import store
from paywall.access import Access, Reason
from paywall.article_offers import ArticleOffer, article_offer
from paywall.asking import Ask
from paywall.marks import plan_names
from paywall.meters.words import bigger_plans_sentence, log_in_sentence
from paywall.readers import Reader
from paywall.telling.halted import halted_sentence, ways_on
from paywall.telling.reasons import sentence, why
from paywall.telling.steps import NextStep
from subscriptions.halted import Halted
from subscriptions.selling.currencies import name_of_currency
from subscriptions.selling.plans import OfferedPlan, Wish, shelf

CONTINUE = "#continue"
OPENED_BY_SUBSCRIBING = (Reason.SUBSCRIPTION_NEEDED, Reason.READ_AVAILABLE, Reason.ALLOWANCE_USED)


@dataclass(frozen=True, slots=True)
class Gate:
    plans: list[OfferedPlan]
    library_size: int
    next_path: str
    login_url: str
    sentence: str = ""
    why: str = ""  # where there is no sentence
    why_url: str = ""
    words_read: int = 0
    words_total: int = 0
    email: str = ""
    is_registered: bool = False
    confirm_read: bool = False
    asks_to_read: bool = False  # by the button of strangers, which posts
    once: ArticleOffer | None = None  # the article by itself
    not_opening: frozenset[str] = frozenset()  # keys of the plans that do not open this article
    needs_other_plan: bool = False  # the reader has one, and is shown the way to change it, not one more to buy
    halted: str = ""  # why the reader's own subscription opens nothing now
    way_on: NextStep | None = None  # what makes it open again, in the place of options
    currency: str = ""  # in which the options are shown, where another than the first one was asked for
    other_currencies: tuple[tuple[str, str], ...] = ()  # each with its name


def open_gate(article: Article, access: Access, reader: Reader) -> Gate:
    """The gate of an article whose body is withheld."""
    next_path = article.get_absolute_url() + CONTINUE
    has_lapsed, halted = reader.entitlement.has_lapsed, reader.entitlement.why_closed
    gate = with_way_on(plans_gate(next_path, reader), access, halted)
    if gate.way_on is not None:  # it says so by itself
        has_lapsed, halted = False, None
    names = plan_names(access.asking.plan_ids) if access.asking is not None else ()
    said = sentence(access, has_lapsed=has_lapsed, halted=halted, plan_names=names)
    said = f"{said} {of_light_plan(access, reader, gate.plans)}".strip()
    return replace(
        gate,
        plans=[plan for plan in gate.plans if plan.is_at_gate],
        sentence=said,
        why="" if said else why(access, has_lapsed=has_lapsed),
        why_url=f"{reverse('paywall:access')}?{urlencode({'article': article.slug})}",
        words_read=min(article.teaser_word_count, article.public_word_count),  # the second is rounded
        words_total=article.public_word_count,
        confirm_read=access.reason is Reason.READ_AVAILABLE,
        asks_to_read=access.reason is Reason.READ_AVAILABLE and not reader.is_registered,
        needs_other_plan=access.reason is Reason.PLAN_NEEDED,
        once=article_offer(article, access),
        not_opening=plans_that_do_not_open(access, gate.plans),
    )


def with_way_on(gate: Gate, access: Access, halted: Halted | None) -> Gate:
    """With the way to what the reader pays for already, where that would open the article."""
    way_on = next(ways_on(halted), None) if halted is not None and access.reason in OPENED_BY_SUBSCRIBING else None
    return gate if halted is None or way_on is None else replace(gate, halted=halted_sentence(halted), way_on=way_on)


def plans_that_do_not_open(access: Access, plans: list[OfferedPlan]) -> frozenset[str]:
    """The keys of those options that do not lead to the body. They are offered with the others, and say so."""
    if access.asking is None or access.asking.ask is not Ask.PLAN:
        return frozenset()
    needed = access.asking.plan_ids
    return frozenset(
        plan.key for plan in plans if plan.is_free or plan.is_light or (needed and plan.plan_id not in needed)
    )


def of_light_plan(access: Access, reader: Reader, plans: list[OfferedPlan]) -> str:
    """What else there is for who pays for a plan that counts; empty for everybody else."""
    if reader.entitlement.allowance is None:
        return ""
    if not reader.is_registered:
        return log_in_sentence()
    if access.reason is not Reason.ALLOWANCE_USED:
        return ""
    return bigger_plans_sentence([plan.name for plan in plans if not plan.is_free and not plan.is_light])


def plans_gate(next_path: str, reader: Reader, currency: str = "", offer: str = "") -> Gate:
    """The options without an article, in a currency and with an offer that were asked for. Two queries: the plans and
    the size of the library.
    """
    options = shelf(Wish(reader.user_id, reader.email, currency, offer))
    return Gate(
        plans=options.plans,
        currency=options.currency if options.held or options.currency == currency else "",
        other_currencies=tuple((code, name_of_currency(code)) for code in options.other_currencies),
        library_size=library_size(),
        next_path=next_path,
        login_url=login_url(next_path),
        email=reader.email,
        is_registered=reader.is_registered,
    )


def library_size() -> int:
    """How many articles are out now. Counting a large library takes longer than all else on the page."""
    now = timezone.now()
    return store.kept_or_made(
        "library size", Article.objects.published(now).count, lambda _size: lifetime(["library"], now)
    )


def login_url(next_path: str) -> str:
    return f"{reverse('account_login')}?{urlencode({'next': next_path})}"
