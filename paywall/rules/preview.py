"""What an editor is shown before a change of the rules is saved, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles.admin.opened import digest, editable_values
from articles.moments import staff_moment_in_words
from paywall.asking import Ask, RuleFacts
from paywall.models import Meter, Rule, RuleAsk
from paywall.policy import facts_of_rule, policy_of
from paywall.rules.effects import Change, Example, changes_between
from paywall.rules.order import forestalled

READ, ALLOWANCE, GATE = (
    gettext_lazy("read them"),
    gettext_lazy("read them as one of their free articles"),
    gettext_lazy("meet the gate"),
)
STRANGERS, REGISTERED, SUBSCRIBERS = (
    gettext_lazy("Strangers"),
    gettext_lazy("Registered readers"),
    gettext_lazy("Subscribers"),
)
# What each ask means to these classes of readers, while they hold no other right.
type Meanings = dict[Ask, dict[str | Promise, str | Promise]]
MEANINGS: Meanings = {
    Ask.OPEN: {STRANGERS: READ, REGISTERED: READ, SUBSCRIBERS: READ},
    Ask.REGISTRATION: {STRANGERS: GATE, REGISTERED: READ, SUBSCRIBERS: READ},
    Ask.METER: {STRANGERS: GATE, REGISTERED: ALLOWANCE, SUBSCRIBERS: READ},
    Ask.PLAN: {STRANGERS: GATE, REGISTERED: GATE, SUBSCRIBERS: READ},
}


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A line of the table: articles that ask for one thing before and for another after."""

    before: str
    after: str
    number: int
    meanings: tuple[str, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What changes at one moment."""

    summary: str
    changes: tuple[ShownChange, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """`token` is another one as soon as anything shown here would be: other rules, other articles."""

    effects: tuple[Effect, ...]
    warnings: tuple[str, ...]
    token: str

    @property
    def summary(self) -> str:
        return " ".join(effect.summary for effect in self.effects)


def preview_of(before: Sequence[Rule], after: Sequence[Rule], concerned: Iterable[Rule], now: datetime) -> Preview:
    """What becomes of the articles if the second list of all rules stands instead of the first. The `concerned` are the
    changed rule as it was and will be: where it only begins to count later, that moment is shown too.
    """
    openings, meanings = policy_of().openings, meanings_now()
    old, new = facts_in_use(before), facts_in_use(after)
    begins = {rule.starts_at for rule in concerned if rule.is_active and rule.starts_at and rule.starts_at > now}
    found = {moment: changes_between(old, new, openings, moment) for moment in (now, *sorted(begins))}
    marks = [
        [str(kind) for kind in (change.before, change.after, change.number, change.mark)]
        for changes in found.values()
        for change in changes
    ]
    return Preview(
        effects=tuple(
            Effect(
                summary_of(changes, None if moment == now else moment),
                tuple(shown(change, meanings) for change in changes),
            )
            for moment, changes in found.items()
        ),
        warnings=tuple(warnings_of(before, after, now)),
        token=digest([[editable_values(rule) for rule in before], [editable_values(rule) for rule in after], marks]),
    )


def facts_in_use(rules: Sequence[Rule]) -> list[RuleFacts]:
    return [facts_of_rule(rule) for rule in rules if rule.is_active]


def summary_of(changes: Sequence[Change], moment: datetime | None) -> str:
    number = sum(change.number for change in changes)
    if moment is None:
        if not number:
            return _("This changes nothing for the articles that are published now.")
        return ngettext(
            "This changes what %(count)d published article asks for.",
            "This changes what %(count)d published articles ask for.",
            number,
        ) % {"count": number}
    said = {"moment": staff_moment_in_words(moment), "count": number}
    if not number:
        return _("From %(moment)s on it changes nothing either, for what is published by then.") % said
    return (
        ngettext(
            "From %(moment)s on it changes what %(count)d article asks for.",
            "From %(moment)s on it changes what %(count)d articles ask for.",
            number,
        )
        % said
    )


def meanings_now() -> Meanings:
    """As the meter is set: strangers have free articles only where publishers allow them."""
    if not Meter.objects.filter(anonymous_allowance__gt=0).exists():
        return MEANINGS
    return {**MEANINGS, Ask.METER: {**MEANINGS[Ask.METER], STRANGERS: ALLOWANCE}}


def shown(change: Change, meanings: Meanings) -> ShownChange:
    return ShownChange(
        before=str(RuleAsk(change.before.value).label),
        after=str(RuleAsk(change.after.value).label),
        number=change.number,
        meanings=tuple(sentences_of(meanings[change.before], meanings[change.after])),
        examples=change.examples,
    )


def sentences_of(
    before: dict[str | Promise, str | Promise], after: dict[str | Promise, str | Promise]
) -> Iterable[str]:
    for who, then in after.items():
        said = {"who": who, "then": then, "now": before[who]}
        if then == before[who]:
            yield _("%(who)s: as before, they %(then)s.") % said
        else:
            yield _("%(who)s: they %(then)s; until now they %(now)s.") % said


def warnings_of(before: Sequence[Rule], after: Sequence[Rule], now: datetime) -> Iterable[str]:
    """Of the rules that would never decide any more, and did before."""
    known = {rule.pk for rule, _other in forestalled(before, now)}
    for rule, other in forestalled(after, now):
        if rule.pk not in known:
            yield forestalled_in_words(rule, other)


def forestalled_in_words(rule: Rule, other: Rule) -> str:
    said = {"rule": rule.name, "other": other.name}
    return _("“%(rule)s” will never decide: “%(other)s” stands before it and fits whatever it fits.") % said
