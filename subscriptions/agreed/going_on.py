"""What readers agree to who let a subscription go on that was paused, cancelled or about to change: it brings charges
back. Written down before Stripe is asked, as its answer may get lost.
"""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from subscriptions.account.sentences import sentences_of
from subscriptions.agreed.agreements import Shown, note_change
from subscriptions.models import PlanPrice, Subscription

VERSION = "2026-11-24"  # of the buttons below, and of templates/subscriptions/resume.html


def note_kept(subscription: Subscription) -> None:
    """Beside the sentence of the account page: a cancellation is taken back."""
    note_button(subscription, _("Do not cancel"))


def note_plan_kept(subscription: Subscription) -> None:
    """Beside the sentence of the account page: a change that is to come is taken back."""
    note_button(subscription, _("Keep the present plan"))


def note_button(subscription: Subscription, button: str) -> None:
    note(subscription, [*sentences_of(subscription, timezone.now()), f"[{button}]"])


def note_resumed(subscription: Subscription, due: str, coming: str, next_day: str) -> None:
    """`due` and `coming`, the payment of `next_day`, are amounts in words; `due` is empty where nothing is due."""
    told = {"due": due, "amount": coming, "next_day": next_day}
    if due:
        lines = [
            _("A new period begins today, and you read on as soon as it is paid."),
            _("Due today: %(due)s") % told,
            _("Next payment: %(amount)s on %(next_day)s") % told if next_day else _("Next payment: %(amount)s") % told,
            "[" + _("Pay %(due)s and read on") % told + "]",
        ]
    else:
        goes_on = _("The pause has not begun yet. Without it your subscription goes on, and you are next charged on")
        lines = [f"{goes_on} {next_day}.", "[" + _("Resume") + "]"]
    note(subscription, [_("Resume your subscription?"), *lines])


def note(subscription: Subscription, lines: list[str]) -> None:
    """At the price that the subscription has. One that no plan of ours ever had was not sold here, and is agreed to
    elsewhere.
    """
    price = PlanPrice.objects.filter(stripe_id=subscription.price_id).select_related("plan").first()
    if price is not None:
        quantity = max(subscription.amount_minor // price.amount_minor, 1) if price.amount_minor else 1
        note_change(subscription, price, Shown("\n".join(lines), VERSION), quantity=quantity)
