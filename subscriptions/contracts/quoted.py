"""What a subscriber is told before a change, in the words of its page. The page shows them and the consent ledger keeps
them, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from subscriptions.account.sentences import charged_label, day_of
from subscriptions.contracts.changing import Quote
from subscriptions.models import PlanPrice, Subscription
from subscriptions.models.plan import interval_label, money

QUOTE_VERSION = "2026-11-24"  # the day on which the sentences below came into use


@dataclass(frozen=True, slots=True)
class Quoted:
    """`facts`: label and amount. `remark` says how the change comes about or may be taken back."""

    question: str
    begins: str
    facts: tuple[tuple[str, str], ...]
    remark: str
    button: str

    def lines(self) -> Iterator[str]:
        yield self.question
        yield self.begins
        yield from (f"{label}: {amount}" for label, amount in self.facts)
        yield self.remark
        yield f"[{self.button}]"


def quoted(subscription: Subscription, wanted: PlanPrice, quote: Quote, quantity: int) -> Quoted:
    """`quantity`: the seats of a group, for all of which it is paid."""
    new = f"{money(wanted.amount_minor * quantity, wanted.currency)} {interval_label(wanted.interval)}".strip()
    told = {"price": charged_label(subscription), "new": new, "chosen": wanted.plan.name}
    told |= {"next_day": day_of(quote.next_on), "due": money(quote.due_minor, quote.currency)}
    begins = _("Instead of %(price)s you pay %(new)s, from now on.")
    if not quote.is_now:
        begins = _(
            "Until %(next_day)s you keep what you have paid for. From that day you pay %(new)s instead of %(price)s."
        )
    button = _("Change to %(chosen)s")
    if quote.is_now and quote.due_minor:
        button = _("Pay %(due)s and change to %(chosen)s")
    return Quoted(
        question=_("Change to %(chosen)s?") % told,
        begins=begins % told,
        facts=tuple(facts(quote)),
        remark=remark(quote),
        button=button % told,
    )


def facts(quote: Quote) -> Iterator[tuple[str, str]]:
    yield _("Due today"), money(quote.due_minor, quote.currency)
    if quote.credit_minor:
        yield _("Taken off for time not used"), money(quote.credit_minor, quote.currency)
    if quote.left_minor:
        yield _("Left over, for payments to come"), money(quote.left_minor, quote.currency)
    told = {"amount": money(quote.next_minor, quote.currency), "next_day": day_of(quote.next_on)}
    yield _("Next payment"), _("%(amount)s on %(next_day)s") % told


def remark(quote: Quote) -> str:
    if quote.is_trial:
        return _("The day of the first payment stays as it is.")
    if quote.is_now:
        return _(
            "The amount due today is charged to the card you pay with. Should your bank ask you to confirm it, you "
            "keep your present plan until you have."
        )
    return _("Until that day you can take this back on your account page.")
