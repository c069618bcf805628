"""The rules and openings as the decision needs them: the same for everybody, so that a web process may keep them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Min
from django.utils import timezone

from articles.caching import EVERYBODYS_ACCESS, next_midnight
from articles.models import Article
from articles.page_store import Lifetime, store
from paywall.asking import Ask, OpeningFacts, Policy, RuleFacts
from paywall.models import Opening, Rule


def policy_now() -> Policy:
    """The rules in use and the openings that are not over. It takes no moment: what the process keeps for all is of the
    present alone.
    """
    now = timezone.now()
    return store.kept_or_made(
        "policy", lambda: policy_of(now), lambda _policy: Lifetime((EVERYBODYS_ACCESS,), next_midnight(now))
    )


def policy_of(now: datetime | None = None) -> Policy:
    """As it stands in the database; without a moment also the openings that are over."""
    openings = Opening.objects.order_by("pk")
    if now is not None:
        openings = openings.filter(ends_at__gt=now)
    rules = Rule.objects.filter(is_active=True).order_by("position", "pk")
    return Policy(tuple(map(facts_of_rule, rules)), tuple(map(facts_of_opening, openings)))


def facts_of_rule(rule: Rule) -> RuleFacts:
    return RuleFacts(
        rule_id=rule.pk or 0,
        ask=Ask(rule.ask),
        name=rule.name,
        section_id=rule.section_id,
        topic_id=rule.topic_id,
        series_id=rule.series_id,
        author_id=rule.author_id,
        tier=rule.tier,
        older_than=hours(rule.older_than_hours),
        younger_than=hours(rule.younger_than_hours),
        starts_at=rule.starts_at,
        ends_at=rule.ends_at,
    )


def facts_of_opening(opening: Opening) -> OpeningFacts:
    return OpeningFacts(
        opening_id=opening.pk or 0,
        starts_at=opening.starts_at,
        ends_at=opening.ends_at,
        section_id=opening.section_id,
        name=opening.banner,
    )


def hours(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(hours=number)


def next_policy_moment(now: datetime) -> datetime | None:
    """When the next rule or opening begins or ends, or the next article comes to the age that a rule names."""
    policy = policy_now()
    bounds = [bound for rule in policy.rules for bound in (rule.starts_at, rule.ends_at)]
    bounds += [bound for opening in policy.openings for bound in (opening.starts_at, opening.ends_at)]
    ages = {age for rule in policy.rules for age in (rule.older_than, rule.younger_than) if age is not None}
    bounds += [next_of_age(age, now) for age in sorted(ages)]
    return min((bound for bound in bounds if bound is not None and bound > now), default=None)


def next_of_age(age: timedelta, now: datetime) -> datetime | None:
    """When the next article that is out comes to this age."""
    try:
        younger = Article.objects.published(now).filter(published_at__gt=now - age)
    except OverflowError:  # nothing is as old as that
        return None
    eldest: datetime | None = younger.aggregate(moment=Min("published_at"))["moment"]
    return None if eldest is None else eldest + age
