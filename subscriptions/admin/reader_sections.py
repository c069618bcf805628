"""What the page of a reader shows, table by table; each in a query of its own, however many rows there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from subscriptions.account.sentences import card_label, card_of, name_of, next_sentence, price_label
from subscriptions.at_stripe import page_at_stripe, payment_page
from subscriptions.entitlements import entitlement_of, standing_of
from subscriptions.halted import Halt, Halted
from subscriptions.models import (
    LIBRARY_SCOPE,
    Agreement,
    Alert,
    Declaration,
    Dispute,
    Gift,
    Grant,
    Invoice,
    OutgoingMail,
    Plan,
    Purchase,
    Seat,
    StripeCustomer,
    StripeEvent,
    Subscription,
    TrialUse,
)
from subscriptions.models.plan import money
from subscriptions.statuses import LIVE_STATUSES

MOST = 20  # rows of what grows for ever


class Cell(NamedTuple):
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    add: Cell | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose page it is, and who looks at it: links are shown to those alone who may follow them."""

    user: User
    customers: tuple[StripeCustomer, ...]
    staff: Any
    now: datetime

    def may(self, *permissions: str) -> bool:
        return bool(self.staff.has_perms([f"subscriptions.{name}" for name in permissions]))

    def page(self, row: Model) -> str:
        name = row._meta.model_name or ""
        is_shown = type(row) in admin.site._registry and self.may(f"view_{name}")
        return reverse(f"admin:{row._meta.app_label}_{name}_change", args=[row.pk]) if is_shown else ""


def customers_of(user: User) -> QuerySet[StripeCustomer]:
    """What the reader is at Stripe, by account and by whatever they hold; of this mode."""
    own = Q(user=user) | Q(subscriptions__user=user) | Q(purchases__user=user)
    rows = StripeCustomer.objects.filter(own, livemode=settings.STRIPE_LIVEMODE)
    return rows.select_related("sync_job").distinct().order_by("pk")


def holds_sentence(user: User, now: datetime) -> str:
    """What the reader holds now and why; the rules of each article are not asked."""
    held = entitlement_of(user.pk, now)
    names = dict(Plan.objects.values_list("pk", "name"))
    library = [row for row in held.scopes if row.scope == LIBRARY_SCOPE]
    articles = len(held.scopes) - len(library)
    if library:
        why = list(dict.fromkeys(row.via or names.get(row.plan_id or 0, "") or _("a grant") for row in library))
        told = {"why": ", ".join(why)}
        if held.library_until is None:
            return _("Reads everything, without an end: %(why)s.") % told
        return _("Reads everything until %(end)s: %(why)s.") % (told | {"end": at(held.library_until)})
    if held.allowance is not None:
        return _("Reads %(count)d articles in each period, by a light plan.") % {"count": held.allowance}
    if articles:
        return _("Reads %(count)d single articles that were bought or given, and what is free.") % {"count": articles}
    if held.why_closed is not None:
        return halted_label(held.why_closed)
    if held.has_lapsed:
        return _("Holds nothing any more: what there was has ended.")
    return _("Holds nothing but the account.")


def halted_label(halted: Halted) -> str:
    words = {
        Halt.PAUSED: _("Holds nothing that opens now: the subscription is paused."),
        Halt.HELD: _("Holds nothing that opens now: the payments for the subscription are paused."),
        Halt.SUSPENDED: _("Holds nothing that opens now: the subscription is suspended, a payment was contested."),
        Halt.FAILING: _("Holds nothing that opens now: the last payment did not go through, and grace is over."),
        Halt.WAITING: _("Holds nothing that opens now: the gift has ended early, and the subscription begins later."),
        Halt.UNCONFIRMED: _("Holds nothing that opens now: what Stripe said last of the subscription is too old."),
    }
    if halted.halt is Halt.PAUSED and halted.day is not None:
        return _("Holds nothing that opens now: the subscription is paused until %(day)s.") % {"day": at(halted.day)}
    return words[halted.halt]


def sections_of(user: User, customers: Iterable[StripeCustomer], staff: Any) -> list[Section]:
    asked = Asked(user, tuple(customers), staff, timezone.now())
    makers: tuple[tuple[str, Callable[[Asked], Section]], ...] = (
        ("alert", alerts),
        ("subscription", subscriptions),
        ("grant", grants),
        ("invoice", purchases),
        ("invoice", gifts),
        ("subscription", seats),
        ("subscription", trials),
        ("invoice", invoices),
        ("invoice", disputes),
        ("declaration", declarations),
        ("agreement", agreements),
        ("outgoingmail", mails),
        ("stripeevent", events),
    )
    return [make(asked) for name, make in makers if asked.may(f"view_{name}")]


def at(moment: datetime | None) -> str:
    return "" if moment is None else date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def table(
    title: str, headings: Iterable[str], rows: Iterable[Iterable[Cell | str]], add: Cell | None = None
) -> Section:
    made = tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
    return Section(title, tuple(headings), made, add)


# --- What there is to do ------------------------------------------------------------------------------------------
def alerts(asked: Asked) -> Section:
    rows = Alert.objects.filter(customer__in=asked.customers).order_by("-acknowledged_at", "-pk")[:MOST]
    return table(
        _("Alerts"),
        (_("Raised"), _("Kind"), _("What was found"), _("Acknowledged")),
        (
            (Cell(at(row.created_at), asked.page(row)), str(row.get_kind_display()), row.text, at(row.acknowledged_at))
            for row in rows
        ),
    )


# --- What they hold -----------------------------------------------------------------------------------------------
def subscriptions(asked: Asked) -> Section:
    rows = Subscription.objects.of_this_mode().filter(user=asked.user).select_related("plan", "customer", "card")
    return table(
        _("Subscriptions"),
        (_("Subscription"), _("Price"), _("State"), _("What comes next"), _("Reads"), _("Card"), ""),
        (subscription_cells(row, asked) for row in rows.select_related("pending_plan")),
    )


def subscription_cells(row: Subscription, asked: Asked) -> Iterator[Cell | str]:
    standing = standing_of(row, asked.now)
    card = card_of(row)
    yield Cell(f"{name_of(row)} ({row.stripe_id})", asked.page(row))
    yield price_label(row)
    yield row.status if row.suspended_at is None else _("%(status)s, suspended") % {"status": row.status}
    yield next_sentence(row, asked.now)
    yield _("until %(moment)s") % {"moment": at(standing.until)} if standing.granted else _("no")
    yield card_label(card) if card is not None and card.last4 else ""
    if asked.may("change_subscription") and row.status in LIVE_STATUSES and row.ended_at is None:
        yield Cell(_("Cancel…"), reverse("admin:subscriptions_end", args=[row.pk]))
    else:
        yield Cell(_("At Stripe"), page_at_stripe("subscriptions", row.stripe_id, livemode=row.customer.livemode))


def grants(asked: Asked) -> Section:
    rows = Grant.objects.filter(user=asked.user)
    address = f"{reverse('admin:subscriptions_grant_add')}?user={asked.user.pk}"
    return table(
        _("Grants"),
        (_("Opens"), _("From"), _("Until"), _("State"), _("Reason")),
        (
            (
                Cell(row.scope, asked.page(row)),
                at(row.starts_at),
                at(row.ends_at) or _("no end"),
                grant_state(row, asked.now),
                " ".join(filter(None, (row.reason, row.revoked_reason))),
            )
            for row in rows
        ),
        Cell(_("Give a grant"), address) if asked.may("add_grant") else None,
    )


def grant_state(grant: Grant, now: datetime) -> str:
    if grant.revoked_at is not None:
        return _("revoked")
    if grant.starts_at > now:
        return _("not begun")
    return _("live") if grant.is_live(now) else _("ended")


def purchases(asked: Asked) -> Section:
    rows = Purchase.objects.of_this_mode().filter(user=asked.user).select_related("price__plan", "customer")
    return table(
        _("Bought once"),
        (_("What"), _("Paid"), _("Tax in it"), _("Returned"), _("From"), _("Until"), _("State"), "", ""),
        (purchase_cells(row, asked) for row in rows),
    )


def purchase_cells(row: Purchase, asked: Asked) -> Iterator[Cell | str]:
    yield Cell(f"{row.price.plan.name} {row.scope}", asked.page(row))
    for amount in (row.amount_minor, row.tax_minor, row.refunded_minor):
        yield money(amount, row.currency)
    yield at(row.starts_at)
    yield at(row.ends_at)
    yield _("revoked") if row.revoked_at else _("live") if row.is_live(asked.now) else _("ended or given away")
    yield Cell(row.invoice_number or _("Invoice"), row.invoice_url) if row.invoice_url else ""
    yield return_cell("return_purchase", row, row.amount_minor - row.refunded_minor, asked)


def return_cell(name: str, row: Model, left_minor: int, asked: Asked) -> Cell | str:
    if left_minor <= 0 or not asked.may("return_money"):
        return ""
    return Cell(_("Give back…"), reverse(f"admin:subscriptions_{name}", args=[row.pk]))


def gifts(asked: Asked) -> Section:
    rows = Gift.objects.filter(Q(purchase__user=asked.user) | Q(redeemed_by=asked.user))
    return table(
        _("Gifts"),
        (_("Gift"), _("Months"), _("Ordered"), _("Redeemed"), _("Begun")),
        (
            (
                _("received") if row.redeemed_by_id == asked.user.pk else _("given"),
                str(row.months),
                at(row.created_at),
                at(row.redeemed_at),
                at(row.begun_at),
            )
            for row in rows.distinct()
        ),
    )


def seats(asked: Asked) -> Section:
    rows = Seat.objects.filter(Q(user=asked.user) | Q(group__owner=asked.user)).select_related("group__owner")
    return table(
        _("Seats in groups"),
        (_("Group"), _("Owner"), _("Address"), _("State"), _("Taken")),
        (
            (
                Cell(str(row.group), asked.page(row.group)),
                "" if row.group.owner is None else row.group.owner.email,
                row.email,
                str(row.get_state_display()),
                at(row.taken_at),
            )
            for row in rows[:MOST]
        ),
    )


def trials(asked: Asked) -> Section:
    rows = TrialUse.objects.of_this_mode().filter(user=asked.user).select_related("subscription")
    return table(
        _("Trials"),
        (_("Began"), _("Subscription"), _("Ended by the site")),
        ((at(row.began_at), row.subscription.stripe_id, at(row.refused_at)) for row in rows),
    )


# --- Money --------------------------------------------------------------------------------------------------------
def invoices(asked: Asked) -> Section:
    rows = Invoice.objects.filter(customer__in=asked.customers).select_related("customer", "subscription")
    return table(
        _("Invoices"),
        (_("Number"), _("Day"), _("Total"), _("Tax in it"), _("Returned"), _("State"), "", ""),
        (
            (
                Cell(str(row), asked.page(row)),
                at(row.finalized_at),
                row.total_label,
                row.tax_label,
                money(row.refunded_minor, row.currency) if row.refunded_minor else "",
                row.state_label,
                Cell(_("Page at Stripe"), row.hosted_url) if row.hosted_url else "",
                return_cell("return_invoice", row, row.paid_minor - row.refunded_minor, asked),
            )
            for row in rows[:MOST]
        ),
    )


def disputes(asked: Asked) -> Section:
    rows = Dispute.objects.filter(customer__in=asked.customers).select_related("customer", "subscription", "purchase")
    return table(
        _("Disputes"),
        (_("Opened"), _("Amount"), _("Reason"), _("Status"), _("Evidence is due"), _("About"), ""),
        (
            (
                Cell(at(row.opened_at), asked.page(row)),
                row.amount_label,
                row.reason,
                row.status,
                at(row.evidence_due_at) if row.closed_at is None else "",
                str(row.subscription or row.purchase or ""),
                Cell(_("At Stripe"), payment_page(row.payment_intent, livemode=row.customer.livemode)),
            )
            for row in rows
        ),
    )


# --- What was said ------------------------------------------------------------------------------------------------
def declarations(asked: Asked) -> Section:
    rows = Declaration.objects.filter(user=asked.user).order_by("-received_at")
    return table(
        _("Declarations of leaving"),
        (_("Received"), _("Declares to"), _("When"), _("Why"), _("State"), _("Confirmed")),
        (
            (
                Cell(at(row.received_at), asked.page(row)),
                str(row.get_kind_display()),
                str(row.get_end_display()),
                str(row.get_feedback_display()),
                str(row.get_state_display()),
                at(row.confirmed_at),
            )
            for row in rows[:MOST]
        ),
    )


def agreements(asked: Asked) -> Section:
    rows = Agreement.objects.of_reader(asked.user).order_by("-made_at")
    return table(
        _("Agreements"),
        (_("Moment"), _("What"), _("Plan"), _("Price"), _("Wording"), _("Terms")),
        (
            (
                Cell(at(row.made_at), asked.page(row)),
                str(row.get_kind_display()),
                row.plan_name,
                row.price_label,
                row.wording_version,
                row.terms_version,
            )
            for row in rows[:MOST]
        ),
    )


def mails(asked: Asked) -> Section:
    rows = OutgoingMail.objects.filter(user=asked.user).order_by("-pk")
    return table(
        _("Mails"),
        (_("Written"), _("Subject"), _("State"), _("Sent")),
        (
            (Cell(at(row.created_at), asked.page(row)), row.subject, str(row.get_state_display()), at(row.sent_at))
            for row in rows[:MOST]
        ),
    )


def events(asked: Asked) -> Section:
    rows = StripeEvent.objects.filter(customer_id__in=[row.stripe_id for row in asked.customers]).order_by("-pk")
    return table(
        _("Events at Stripe"),
        (_("Moment"), _("Type"), _("Object"), _("Outcome")),
        (
            (Cell(at(row.created), asked.page(row)), row.type, row.object_id, str(row.get_outcome_display()))
            for row in rows[:MOST]
        ),
    )
