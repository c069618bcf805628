"""Declarations to cancel or withdraw, made without logging in: taken in as they come, confirmed with a code that goes
to the contract's own address. What is then done to the contracts is in `subscriptions/leaving/deeds.py`.

The answer to a declaration never depends on whether anybody is known by it: whose contract it is about is looked up in
the queue. Rules: Directive 2011/83/EU, articles 9 to 16, as amended by (EU) 2023/2673 (withdrawal by a function on the
site); in Germany section 312k BGB (cancellation button, receipt with date and time).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Sum
from django.tasks import task
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts import mail, own_codes
from accounts.models import User
from subscriptions.alerts import raise_alert
from subscriptions.leaving.reasons import Reason
from subscriptions.models import (
    AlertKind,
    Declaration,
    DeclarationKind,
    DeclarationState,
    OutgoingMail,
    Plan,
    Purchase,
    Seat,
    SeatState,
    StripeCustomer,
    Subscription,
)
from subscriptions.outgoing import one_line, queue_mail
from subscriptions.statuses import LIVE_STATUSES

PURPOSE = "leaving"  # of the code: no other code of ours fits here
CODE_LIFE = timedelta(hours=24)  # somebody who declares at night reads the mail in the morning
MOST_TRIES = 5  # of one declaration, however many codes it gets
MOST_CODES = 10  # mails a day to one reader
BEFORE_OTHER_TASKS = mail.BEFORE_OTHER_TASKS
RECEIPT = "leaving_received"
MAIL_WAIT = timedelta(hours=1)
MOST_MAIL_WAITS = 24
MOST_RECEIPTS = 100  # an hour, with those that waited
MOST_IN_ONE = 20  # declarations that one receipt names


@dataclass(frozen=True, slots=True)
class Declared:
    """What somebody typed, checked for its form alone. `email` is normalised; `contract` is a plan's key, or empty."""

    kind: str
    end: str
    contract: str
    name: str
    email: str
    why: Reason
    message: str


@transaction.atomic
def receive(declared: Declared, *, may_mail: bool) -> Declaration:
    """Keep the declaration, with the moment at which it came. `may_mail`: whether receipt and code may leave now."""
    declaration = Declaration.objects.create(
        kind=declared.kind,
        end=declared.end,
        contract=declared.contract,
        name=declared.name,
        email=declared.email,
        feedback=declared.why.feedback,
        reason=declared.why.comment,
        message=declared.message,
        mail_waits=bool(declared.email),
    )
    if declared.email:
        if may_mail and is_first_within_the_hour(declaration):
            mail_receipt(declaration)
        else:
            if may_mail:
                find_contract.enqueue(uuid=str(declaration.pk))
            mail_later.using(run_after=timezone.now() + MAIL_WAIT).enqueue(uuid=str(declaration.pk))
    else:
        raise_alert(
            AlertKind.LEAVING,
            str(declaration.pk),
            f"Somebody declared under a name alone to {declaration.get_kind_display()}. Nothing was changed: find the "
            f"contract, and settle declaration {declaration.pk}.",
        )
    return declaration


def receipts_of_the_hour() -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(
        dedupe_key__startswith=f"{RECEIPT}:", created_at__gt=timezone.now() - timedelta(hours=1)
    )


def is_first_within_the_hour(declaration: Declaration) -> bool:
    """Of the receipts to its address, whoever has asked for them: a stranger may type any. Holds until the caller's
    transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"receipt {declaration.email}"])
    return not receipts_of_the_hour().filter(recipient=declaration.email).exists()


def mail_receipt(declaration: Declaration) -> None:
    """One receipt, with all declarations for the address that wait for theirs, and the codes that wait with them."""
    waiting = Declaration.objects.filter(email=declaration.email, mail_waits=True).exclude(pk=declaration.pk)
    named = [declaration, *waiting.order_by("received_at")[: MOST_IN_ONE - 1]]
    Declaration.objects.filter(pk__in=[one.pk for one in named]).update(mail_waits=False)
    declaration.mail_waits = False
    queue_receipt(named)
    for one in named:
        if not one.codes_sent:
            find_contract.enqueue(uuid=str(one.pk))


@task(priority=BEFORE_OTHER_TASKS)
@transaction.atomic
def mail_later(*, uuid: str, attempt: int = 0) -> None:
    """What could not be mailed when it came, as soon as there is room, with the codes that wait too; after a day a
    person is told.
    """
    declaration = Declaration.objects.filter(pk=uuid, mail_waits=True).first()
    if declaration is None or not declaration.email:
        return
    if has_room(declaration):
        mail_receipt(declaration)
    elif attempt + 1 < MOST_MAIL_WAITS:
        mail_later.using(run_after=timezone.now() + MAIL_WAIT).enqueue(uuid=uuid, attempt=attempt + 1)
    else:
        raise_alert(
            AlertKind.LEAVING,
            f"{uuid}:unmailed",
            f"Declaration {uuid} got no receipt within a day, as too many were asked for. Is somebody "
            f"declaring for others? Find the contract, and settle it by hand.",
        )


def has_room(declaration: Declaration) -> bool:
    """Within an hour one goes to an address, and so many in all: a network is not known here any more."""
    return is_first_within_the_hour(declaration) and receipts_of_the_hour().count() < MOST_RECEIPTS


def queue_receipt(named: list[Declaration]) -> None:
    """Without what was written freely: the mail goes to any address that somebody types, and carries no words of
    theirs. Those stand on the page that it names.
    """
    (first, *_others) = named
    context = {"receipts": [told_of(one) for one in named]}
    queue_mail(f"{RECEIPT}:{first.pk}", None, "leaving_received", context, recipient=first.email)


def told_of(declaration: Declaration) -> dict[str, Any]:
    """What mails and pages say of it."""
    url = settings.SITE_URL + address_of(declaration)
    return {
        "declaration": declaration,
        "moment": moment_of(declaration),
        "url": url,
        "contract_name": name_of_contract(declaration.contract),
    }


def name_of_contract(key: str) -> str:
    """Of the plan that was named; empty where all are meant."""
    return Plan.objects.filter(key=key).values_list("name", flat=True).first() or key if key else ""


def address_of(declaration: Declaration) -> str:
    return reverse("subscriptions:leaving", kwargs={"uuid": declaration.pk})


def moment_of(declaration: Declaration) -> str:
    """To the second, with the time zone: "2026-11-23 14:05:09 CET (UTC+01:00)"."""
    local = timezone.localtime(declaration.received_at)
    offset = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M:%S %Z} (UTC{offset[:3]}:{offset[3:]})"


@task(priority=BEFORE_OTHER_TASKS)
def find_contract(*, uuid: str) -> None:
    """Find whose contract is meant and send them a code, or say to them what else can be done. Running it twice sends
    another code, of which the last counts.
    """
    declaration = Declaration.objects.filter(pk=uuid, state=DeclarationState.RECEIVED).first()
    if declaration is None or not declaration.email:
        return
    holders = list(holders_of(declaration.email)[:2])
    if len(holders) != 1:
        if holders:
            tell_ambiguous(declaration)
        return
    (holder,) = holders
    Declaration.objects.filter(pk=declaration.pk).update(user=holder)
    if running_of(holder).exists():
        send_code(declaration, holder)
    else:
        say_nothing_runs(declaration, holder)


def holders_of(email: str) -> QuerySet[User]:
    """The account of the address; where none has it, those whose contract was bought or is billed under it."""
    confirmed = EmailAddress.objects.filter(email=email, verified=True).values("user_id")
    own = User.objects.filter(Q(email=email) | Q(pk__in=confirmed), is_active=True)
    with_contract = own.filter(pk__in=Subscription.objects.of_this_mode().values("user_id"))
    if with_contract.exists():
        return with_contract
    bought = Q(checkout_attempts__lead__email=email) | Q(customer__billing_email__iexact=email)
    owners = Subscription.objects.of_this_mode().filter(bought, user__isnull=False).values("user_id")
    others = User.objects.filter(pk__in=owners, is_active=True)
    return others if others.exists() else own


def running_of(user: User) -> QuerySet[Subscription]:
    """What could be ended: all that runs, whether or not its end is decided."""
    running = Subscription.objects.of_this_mode().filter(user=user, status__in=LIVE_STATUSES)
    return running.select_related("customer", "plan", "user").order_by("pk")


def customer_of(user: User | None) -> StripeCustomer | None:
    """What the reader is at Stripe, or was last: on whose page in admin an alert about them stands."""
    if user is None:
        return None
    own = Q(user=user) | Q(subscriptions__user=user) | Q(purchases__user=user)
    return StripeCustomer.objects.filter(own, livemode=settings.STRIPE_LIVEMODE).order_by("-pk").first()


def tell_ambiguous(declaration: Declaration) -> None:
    raise_alert(
        AlertKind.LEAVING,
        str(declaration.pk),
        f"Several readers hold contracts under the address of declaration {declaration.pk}, so no code was sent. Ask "
        f"which one is meant, and settle it.",
    )


@transaction.atomic
def send_code(declaration: Declaration, holder: User) -> None:
    """To the address of the account, whatever was typed. At most so many a day; the declaration stays in any case."""
    User.objects.select_for_update(no_key=True).get(pk=holder.pk)
    now = timezone.now()
    recent = Declaration.objects.filter(user=holder, code_sent_at__gt=now - timedelta(days=1))
    if (recent.aggregate(sent=Sum("codes_sent"))["sent"] or 0) >= MOST_CODES:
        tell_too_many(declaration, holder)
        return
    code = own_codes.new_code()
    Declaration.objects.filter(pk=declaration.pk).update(
        code_seal=own_codes.seal(PURPOSE, str(declaration.pk), code),
        code_sent_at=now,
        codes_sent=F("codes_sent") + 1,
    )
    site = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "user": holder, "code": code}
    context = site | told_of(declaration)
    subject = render_to_string("subscriptions/mail/leaving_code_subject.txt", context)
    text = render_to_string("subscriptions/mail/leaving_code.txt", context)
    mail.enqueue(EmailMessage(one_line(subject), text.strip() + "\n", None, [holder.email]))


def tell_too_many(declaration: Declaration, holder: User) -> None:
    raise_alert(
        AlertKind.LEAVING,
        str(declaration.pk),
        f"Reader {holder.pk} got {MOST_CODES} codes to leave within a day, so declaration {declaration.pk} got "
        f"none. Is somebody else declaring for them? Settle it by hand.",
        customer_of(holder),
    )


def say_nothing_runs(declaration: Declaration, holder: User) -> None:
    """To the owner alone: that nothing runs, and of what they hold what can be done about it."""
    now = timezone.now()
    purchases = list(Purchase.objects.of_this_mode().filter(user=holder).select_related("price__plan")[:20])
    context = {
        "declaration": declaration,
        "last": Subscription.objects.of_this_mode().filter(user=holder, ended_at__isnull=False).first(),
        "purchases": purchases,
        "seats": Seat.objects.filter(user=holder, state=SeatState.TAKEN).count(),
    }
    told = OutgoingMail.objects.filter(dedupe_key__startswith="leaving_nothing:", user=holder)
    if not told.filter(created_at__gt=now - timedelta(hours=1)).exists():
        queue_mail(f"leaving_nothing:{declaration.pk}", holder, "leaving_nothing", context)
    in_time = now - timedelta(days=settings.WITHDRAWAL_DAYS)
    if declaration.kind == DeclarationKind.WITHDRAW and any(row.paid_at > in_time for row in purchases):
        raise_alert(
            AlertKind.LEAVING,
            str(declaration.pk),
            f"Reader {holder.pk} withdraws from what was paid once, declaration {declaration.pk}. Look at what was "
            f"used, return what is due, and settle it.",
            customer_of(holder),
        )


def ask_for_code(declaration: Declaration) -> None:
    """Once more, as when it came."""
    if declaration.email and declaration.state == DeclarationState.RECEIVED:
        find_contract.enqueue(uuid=str(declaration.pk))


def confirm(declaration: Declaration, typed: str) -> bool:
    """Whether this is the code of this declaration, typed in time. A try is counted before it is compared, simultaneous
    ones too. The right code is good again later: it shows what became of it, and does nothing twice.
    """
    counted = Declaration.objects.filter(pk=declaration.pk, tries__lt=MOST_TRIES)
    if not counted.update(tries=F("tries") + 1):
        return False
    declaration.refresh_from_db()
    fits = own_codes.fits(declaration.code_seal, PURPOSE, str(declaration.pk), typed)
    now = timezone.now()
    if not fits or declaration.code_sent_at is None or declaration.code_sent_at <= now - CODE_LIFE:
        return False
    if declaration.user is None or not declaration.user.is_active:
        return False
    first = Declaration.objects.filter(pk=declaration.pk, state=DeclarationState.RECEIVED)
    first.update(state=DeclarationState.CONFIRMED, confirmed_at=now)
    declaration.refresh_from_db()
    return declaration.state != DeclarationState.SETTLED
