"""A reader's own data in this app: what an export of it holds, and what erasing the account does to it.

Subscriptions, invoices, purchases and agreements stay, as the law on books asks, without a link to anybody; addresses
in what stays are blanked. At Stripe the customer is removed, and with it whatever runs.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.erasure import ErasurePutOff, ErasureRefused
from accounts.export import Table
from accounts.models import User
from subscriptions.leads import without_others
from subscriptions.leaving.deeds import end_now, tell_unreturned
from subscriptions.models import (
    LIVE_STATES,
    Agreement,
    AttemptState,
    Card,
    CheckoutAttempt,
    Declaration,
    Dispute,
    Gift,
    Grant,
    Group,
    Invoice,
    Lead,
    OutgoingMail,
    Purchase,
    Seat,
    SeatState,
    StripeCustomer,
    Subscription,
    SyncJob,
    TrialUse,
)
from subscriptions.models.checkout_attempt import CheckoutAttemptQuerySet
from subscriptions.money_back.refunds import RefundPreview, refund, refund_preview
from subscriptions.selling.checkout import sync_or_wait
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeMissing, StripeRefused
from subscriptions.sync import SyncBusy, mark_dirty, sync_customer

logger = logging.getLogger(__name__)

ERASED = "erased@erased.invalid"  # stands for the address in leads that something hangs on
UNPAID = ("open", "uncollectible")  # as Stripe spells invoices that wait for money


# --- Export ---------------------------------------------------------------------------------------------------------
def export_tables(user: User) -> list[Table]:
    """Of gifts, groups and seats the reader's own side alone: no address of anybody else."""
    gifts = Gift.objects.order_by("pk")
    leads = leads_of(user).order_by("pk").annotate(option=F("plan__name"))
    return [
        Table("addresses_given", _("Addresses given at the gate"), rows(leads, *LEAD)),
        Table(
            "agreements", _("What you agreed to"), rows(Agreement.objects.of_reader(user).order_by("pk"), *AGREEMENT)
        ),
        Table("subscriptions", _("Your subscriptions"), rows(own_subscriptions(user), *SUBSCRIPTION)),
        Table("cards", _("What your subscriptions are paid with"), rows(own_cards(user), *CARD)),
        Table("disputes", _("Payments that were contested"), rows(own_disputes(user), *DISPUTE)),
        Table("invoices", _("Your invoices"), rows(own_invoices(user), *INVOICE)),
        Table("purchases", _("What you paid for once"), rows(own_purchases(user), *PURCHASE)),
        Table("access", _("Access that was given to you"), rows(Grant.objects.filter(user=user), *GRANT)),
        Table("trials", _("Your trials"), rows(TrialUse.objects.filter(user=user), "began_at", "refused_at")),
        Table(
            "gifts_bought", _("Gift subscriptions that you bought"), rows(gifts.filter(purchase__user=user), *BOUGHT)
        ),
        Table("gifts_redeemed", _("Gift subscriptions that you got"), rows(gifts.filter(redeemed_by=user), *GOT)),
        Table("groups", _("Groups that you pay for"), rows(Group.objects.filter(owner=user), "name", "seats")),
        Table("seats", _("Your seats in groups"), rows(Seat.objects.filter(user=user), *SEAT)),
        Table("checkouts", _("Your ways to the payment page"), rows(own_attempts(user), *ATTEMPT)),
        Table("declarations", _("What you declared"), rows(Declaration.objects.filter(user=user), *DECLARATION)),
        Table("mails", _("Mails about your subscription"), rows(OutgoingMail.objects.filter(user=user), *MAIL)),
    ]


LEAD = ("email", "option", "consent_wording", "consent_version", "source_path", "created_at", "confirmed_at")
AGREEMENT = (
    *("made_at", "kind", "plan_name", "amount_minor", "currency", "interval", "quantity", "wording"),
    *("wording_version", "small_print", "terms_version", "begins_at_once"),
)
SUBSCRIPTION = (
    *("stripe_id", "plan__name", "status", "amount_minor", "currency", "interval", "started_at", "period_end"),
    *("trial_end", "cancel_at", "cancel_at_period_end", "ended_at", "cancel_feedback", "cancel_comment"),
)
CARD = ("subscription__stripe_id", "kind", "brand", "last4", "exp_month", "exp_year")
DISPUTE = ("stripe_id", "amount_minor", "currency", "reason", "status", "opened_at", "closed_at")
INVOICE = (
    "stripe_id",
    "number",
    "status",
    "currency",
    "total_minor",
    "tax_minor",
    "paid_minor",
    "finalized_at",
    "paid_at",
)
PURCHASE = (
    "price__plan__name",
    "scope",
    "amount_minor",
    "tax_minor",
    "refunded_minor",
    "currency",
    "paid_at",
    "ends_at",
)
BOUGHT = ("months", "giver_name", "message", "sends_on", "created_at", "expires_at", "redeemed_at")
GOT = ("months", "redeemed_at", "begun_at")
GRANT = ("source", "scope", "starts_at", "ends_at", "revoked_at", "reason")
SEAT = ("state", "invited_at", "taken_at")
ATTEMPT = ("uuid", "price__plan__name", "quantity", "scope", "state", "created_at", "paid_at")
DECLARATION = (
    "uuid",
    "received_at",
    "kind",
    "end",
    "contract",
    "name",
    "email",
    "feedback",
    "reason",
    "message",
    "state",
    "confirmed_at",
)
MAIL = ("recipient", "subject", "text", "created_at", "sent_at")


def rows(found: QuerySet[Any], *names: str) -> list[dict[str, object]]:
    return [dict(row) for row in found.values(*names)]


def own_subscriptions(user: User) -> QuerySet[Subscription]:
    return Subscription.objects.filter(user=user).order_by("pk")


def own_cards(user: User) -> QuerySet[Card]:
    return Card.objects.filter(subscription__user=user).order_by("pk")


def own_disputes(user: User) -> QuerySet[Dispute]:
    return Dispute.objects.filter(Q(subscription__user=user) | Q(purchase__user=user)).order_by("pk")


def own_invoices(user: User) -> QuerySet[Invoice]:
    return Invoice.objects.of_reader(user.pk).order_by("pk")


def own_purchases(user: User) -> QuerySet[Purchase]:
    return Purchase.objects.filter(user=user).order_by("pk")


def own_attempts(user: User) -> QuerySet[CheckoutAttempt]:
    return CheckoutAttempt.objects.filter(user=user).order_by("created_at")


# --- Erasure --------------------------------------------------------------------------------------------------------
def refusal(user: User) -> str:
    """Why the account cannot be erased yet; empty where it can."""
    if attempts_of(user, addresses_of(user)).of_this_mode().filter(state=AttemptState.PROCESSING).exists():
        return _(
            "A payment of yours is under way, and your bank has not answered yet, which takes some days. You can erase "
            "your account as soon as it has; if you want to stop the payment, please write to us."
        )
    if owed_by(user).exists():
        return _("An invoice of yours is not paid yet. Please pay it first, or write to us about it.")
    members = Seat.objects.filter(group__owner=user, state=SeatState.TAKEN).exclude(user=user)
    if members.filter(group__subscription__status__in=LIVE_STATUSES).exists():
        return _("Others read in a group that you pay for. Please take their seats back first, or cancel the group.")
    return ""


def owed_by(user: User) -> QuerySet[Invoice]:
    """What they have to pay. Not what somebody bought without a login who only typed this address: its owner neither
    logged in where that was bought, nor agreed to anything about it since.
    """
    unpaid = Invoice.objects.of_reader(user.pk).filter(status__in=UNPAID, total_minor__gt=F("paid_minor"))
    bought = CheckoutAttempt.objects.filter(subscription=OuterRef("subscription"))
    about = Q(subscription=OuterRef("subscription")) | Q(attempt__subscription=OuterRef("subscription"))
    agreed = Exists(Agreement.objects.filter(about, user=user))
    theirs = agreed | Exists(bought.filter(taken_up_at__isnull=False)) | Q(subscription__passed_on_at__isnull=False)
    return unpaid.filter(theirs | ~Exists(bought))


def end_at_stripe(user: User) -> None:
    """End what runs, give back what the setting says, and have the customer removed. Each step may be made again.

    First what Stripe says is brought here, as a payment of a moment ago may not be known yet. Raises ErasureRefused
    for what is found by that, and ErasurePutOff.
    """
    if not settings.STRIPE_SECRET_KEY:
        return
    try:
        catch_up(user)
        if sentence := refusal(user):
            raise ErasureRefused([sentence])
        gateway = Gateway(in_request=True)
        for subscription in running_of(user):
            end_one(subscription, gateway)
        for customer in at_stripe(theirs_alone(user, addresses_of(user))):
            remove_customer(customer, gateway)
    except StripeFailed as error:
        logger.warning("the erasure of account %d is put off: %s", user.pk, error)
        raise ErasurePutOff(
            _("The payment service does not answer just now. Your account is not erased yet: please try again soon.")
        ) from None


def catch_up(user: User) -> None:
    """Book what was paid a moment ago, and close payment pages, so that nothing is paid from now on. Raises
    StripeFailed.
    """
    emails = addresses_of(user)
    has_news = Q(user=user) | Q(subscriptions__user=user) | Q(checkout_attempts__state__in=LIVE_STATES)
    for customer in at_stripe(customers_of(user, emails).filter(has_news)):
        bring(customer)
    gateway = Gateway(in_request=True)
    pages = attempts_to_cut(user, emails).filter(state=AttemptState.OPEN, customer__in=here()).exclude(session_id=None)
    for attempt in pages.select_related("customer"):
        try:
            gateway.expire_session(attempt.session_id or "")
        except StripeRefused:  # paid since then, or expired by itself
            if attempt.customer is not None:
                bring(attempt.customer)


def bring(customer: StripeCustomer) -> None:
    """What Stripe says of the customer by now. Raises StripeFailed, also where a worker is at it."""
    with suppress(StripeMissing):  # what Stripe does not know holds nothing there
        sync_or_wait(customer, Gateway(in_request=True))


def here() -> QuerySet[StripeCustomer]:
    """Those that are at Stripe, in the mode of the site's key."""
    return StripeCustomer.objects.filter(livemode=settings.STRIPE_LIVEMODE, deleted_at=None)


def at_stripe(customers: QuerySet[StripeCustomer]) -> list[StripeCustomer]:
    return list(here().filter(pk__in=customers.values("pk")).order_by("pk"))


def running_of(user: User) -> list[Subscription]:
    """Their own, and what belongs to nobody yet at a customer of theirs."""
    unclaimed = Q(user=None, customer__in=theirs_alone(user, addresses_of(user)))
    running = Subscription.objects.of_this_mode().filter(Q(user=user) | unclaimed, status__in=LIVE_STATUSES)
    return list(running.select_related("customer").order_by("pk"))


def end_one(subscription: Subscription, gateway: Gateway) -> None:
    answer = gateway.subscription(subscription.stripe_id)
    key = f"erasure:{subscription.stripe_id}"
    preview = None
    if settings.REFUND_WHEN_LEAVING and answer["status"] in LIVE_STATUSES:
        preview = refund_preview(subscription, gateway, everything=False)
    end_now(answer, gateway, key=key)
    if preview is not None:
        tell_unreturned(subscription, preview.amount_minor, returned_now(preview, gateway, key), key)


def returned_now(preview: RefundPreview, gateway: Gateway, key: str) -> int:
    """It has ended, so another try would not know any more what is due: what fails is told to a person."""
    try:
        return refund(preview.shares, gateway, key=key)
    except StripeFailed as error:
        logger.warning("what %s gives back is not certain: %s", key, error)
        return 0


def remove_customer(customer: StripeCustomer, gateway: Gateway) -> None:
    with suppress(StripeMissing):  # where a former try came as far as this
        gateway.delete_customer(customer.stripe_id)
    try:
        sync_customer(customer, gateway)
    except (SyncBusy, StripeFailed):
        mark_dirty(customer.pk)


def unlink(user: User, emails: frozenset[str]) -> None:
    """Rows are locked in the order of docs/billing.md; a sync that has fetched before finds the generation moved on."""
    alone = list(theirs_alone(user, emails).values_list("pk", flat=True))
    payers = here().filter(subscriptions__group__places__in=Seat.objects.filter(user=user, state=SeatState.TAKEN))
    # A seat that gets free is another reader's, who waits for it: the sync of its group sees to that.
    touched = {*alone, *customers_of(user, emails).values_list("pk", flat=True), *payers.values_list("pk", flat=True)}
    list(SyncJob.objects.select_for_update().filter(customer_id__in=touched).order_by("customer_id"))
    for pk in sorted(touched):
        mark_dirty(pk)
    StripeCustomer.objects.filter(pk__in=alone).update(billing_email="")
    StripeCustomer.objects.filter(user=user).update(user=None)
    attempts = list(attempts_to_cut(user, emails).values_list("pk", flat=True))
    forget_words(user, emails, attempts)
    unlink_attempts(attempts)
    Card.objects.filter(Q(subscription__user=user) | Q(subscription__customer__in=alone)).delete()
    Subscription.objects.filter(user=user).update(user=None, cancel_comment="")
    Purchase.objects.filter(user=user).update(user=None)
    Group.objects.filter(owner=user).update(owner=None, name="")
    end_seats(user, emails)


def unlink_attempts(attempts: list[UUID]) -> None:
    own = CheckoutAttempt.objects.filter(pk__in=attempts)
    own.filter(state__in=LIVE_STATES).update(state=AttemptState.EXPIRED)
    own.update(user=None, browser="", next_path="/", session_url="")


def end_seats(user: User, emails: frozenset[str]) -> None:
    """Their seats, and the invitations to an address of theirs; a seat that somebody else has taken stays."""
    for address in sorted(emails):
        invited = Seat.objects.filter(email__iexact=address, user=None)
        invited.update(state=SeatState.ENDED, email="", taken_at=None, token_hash="")
    own = Seat.objects.filter(user=user)
    own.update(state=SeatState.ENDED, email="", user=None, taken_at=None, token_hash="")


def forget_words(user: User, emails: frozenset[str], attempts: list[UUID]) -> None:
    """What was typed or sent: gone where nothing hangs on it, blank where something does."""
    leads = leads_of(user, emails)
    leads.filter(checkout_attempts=None).delete()
    leads.update(user=None, email=ERASED, source_path="")
    OutgoingMail.objects.filter(Q(user=user) | Q(user=None, recipient__in=emails)).delete()
    # A gift that nobody has redeemed yet stays good, without the name of who gave it.
    Gift.objects.filter(attempt__in=attempts).update(giver_name="")
    redeemed = Gift.objects.filter(Q(redeemed_by=user) | Q(attempt__in=attempts), redeemed_at__isnull=False)
    redeemed.update(recipient_name="", recipient_email="", message="")
    declared = Declaration.objects.filter(Q(user=user) | Q(user=None, email__in=emails))
    declared.update(user=None, name="", email="", reason="", message="", code_seal="")


# --- Whose it is ----------------------------------------------------------------------------------------------------
# An address may have been somebody else's login before. So what an account is linked to is that account's, and an
# address decides only of what is linked to nobody.
def addresses_of(user: User) -> frozenset[str]:
    """Those that the reader has proved."""
    proved = EmailAddress.objects.filter(user=user, verified=True)
    return frozenset({user.email, *proved.values_list("email", flat=True)})


def leads_of(user: User, emails: frozenset[str] = frozenset()) -> QuerySet[Lead]:
    return without_others(Lead.objects.filter(Q(user=user) | Q(user=None, email__in=emails)), user)


def attempts_of(user: User, emails: frozenset[str]) -> CheckoutAttemptQuerySet:
    """Also what was begun without a login, under an address of theirs."""
    by_lead = Q(lead__user=user) | Q(lead__user=None, lead__email__in=emails)
    return CheckoutAttempt.objects.filter(Q(user=user) | (Q(user=None) & by_lead))


def attempts_to_cut(user: User, emails: frozenset[str]) -> CheckoutAttemptQuerySet:
    """Further those of nobody with a customer of theirs alone."""
    unclaimed = CheckoutAttempt.objects.filter(user=None, customer__in=theirs_alone(user, emails))
    either = Q(pk__in=attempts_of(user, emails).values("pk")) | Q(pk__in=unclaimed.values("pk"))
    return CheckoutAttempt.objects.filter(either)


def customers_of(user: User, emails: frozenset[str]) -> QuerySet[StripeCustomer]:
    """The reader's own, and further ones with whom they paid, or may pay, before it was known who they are."""
    attempts = attempts_of(user, emails).values("customer")
    theirs = Q(user=user) | Q(subscriptions__user=user) | Q(purchases__user=user) | Q(pk__in=attempts)
    return StripeCustomer.objects.filter(theirs).distinct()


def theirs_alone(user: User, emails: frozenset[str]) -> QuerySet[StripeCustomer]:
    """Without those that are another account's by now, as after a group was handed over, or that it has paid with."""
    somebody_elses = Q(user__isnull=False) & ~Q(user=user)
    for model in (Subscription, Purchase):
        held = model._default_manager.filter(customer=OuterRef("pk"), user__isnull=False).exclude(user=user)
        somebody_elses |= Q(Exists(held))
    return customers_of(user, emails).exclude(somebody_elses)
