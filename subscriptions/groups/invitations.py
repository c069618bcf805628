"""Invitations to a seat: for one address alone, by a secret that stands in the mail and nowhere in the database.

Nothing here tells whether an address has an account: all are invited in the same words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.addresses import AddressRefused, normalise
from accounts.models import User
from subscriptions.groups.groups import IN_USE, OVER, SeatRefused, is_open, label_of, locked
from subscriptions.models import Group, Seat, SeatState
from subscriptions.outgoing import SECRET_MARK, queue_mail, secret_of

LASTS = timedelta(days=30)
SEND_AGAIN_AFTER = timedelta(hours=1)
MOST_SENDINGS = 5  # of one invitation
SPARE = 10  # invitations beyond the free seats: not everybody comes
A_DAY = timedelta(days=1)
MOST_TO_ADDRESS = 3  # invitations of one group to one address in a day, withdrawn ones too
LONGEST_LIST = 50_000  # characters


class InvitationsRefused(Exception):
    """Nobody was invited; `errors` has a sentence for each address in question, or for all."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(" ".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Counts:
    """Of a group at one time. `open_invitations`: neither accepted nor run out."""

    seats: int
    taken: int
    suspended: int
    open_invitations: int
    sent_today: int

    @property
    def free(self) -> int:
        return max(0, self.seats - self.taken)

    @property
    def may_invite(self) -> int:
        """How many more may be invited now, so that nobody sends mails to the whole world for a few seats."""
        by_seats = self.seats + SPARE - self.taken - self.suspended - self.open_invitations
        by_day = 2 * self.seats + SPARE - self.sent_today
        return max(0, min(by_seats, by_day))


def counts_of(group: Group, now: datetime) -> Counts:
    states = list(group.places.filter(state__in=IN_USE).values_list("state", "expires_at"))
    return Counts(
        seats=group.seats,
        taken=sum(state == SeatState.TAKEN for state, _end in states),
        suspended=sum(state == SeatState.SUSPENDED for state, _end in states),
        open_invitations=sum(state == SeatState.INVITED and is_ahead(end, now) for state, end in states),
        sent_today=group.places.filter(invited_at__gt=now - A_DAY).count(),
    )


def is_ahead(end: datetime | None, now: datetime) -> bool:
    return end is not None and now < end


# --- Sending ---------------------------------------------------------------------------------------------------------


def addresses_in(typed: str) -> list[str]:
    """What stands between line breaks, commas and semicolons, each once, not checked yet."""
    parts = (part.strip() for part in re.split(r"[\r\n,;]+", typed))
    return list(dict.fromkeys(part for part in parts if part))


@transaction.atomic
def invite(group_pk: int, typed: str) -> list[Seat]:
    """Invite each address of a list, or none of them. Raises InvitationsRefused with all that was wrong at once."""
    group, now = locked(group_pk), timezone.now()
    return [send(open_seat(group, email), now) for email in checked_list(group, typed, now)]


def checked_list(group: Group, typed: str, now: datetime) -> list[str]:
    """The addresses, each in its one form. Raises InvitationsRefused."""
    if not is_open(group, now):
        raise InvitationsRefused([closed_sentence(group)])
    named = addresses_in(typed[:LONGEST_LIST])
    if not named or len(typed) > LONGEST_LIST:
        raise InvitationsRefused([_("Please write at least one address, and not more than a few hundred at a time.")])
    counts = counts_of(group, now)
    emails, errors = checked(named, group, now)
    if len(named) > counts.may_invite:
        errors.append(too_many_sentence(counts))
    if errors:
        raise InvitationsRefused(errors)
    return emails


def checked(named: Iterable[str], group: Group, now: datetime) -> tuple[list[str], list[str]]:
    """The addresses in their one form, and a sentence for each that cannot be invited."""
    emails: dict[str, None] = {}
    errors = []
    for raw in named:
        try:
            email = normalise(raw)
            refuse_address(email, group, now)
            emails[email] = None
        except (AddressRefused, SeatRefused) as refusal:
            errors.append(_("%(address)s: %(why)s") % {"address": raw[:254], "why": refusal})
    return list(emails), errors


def refuse_address(email: str, group: Group, now: datetime) -> None:
    """Raises SeatRefused."""
    if group.owner is not None and email == group.owner.email:
        raise SeatRefused(_("This is the address of who pays. They read anyway and need no seat."))
    same = group.places.filter(email=email)
    seat = same.filter(state__in=IN_USE).first()
    if seat is not None and seat.state != SeatState.INVITED:
        raise SeatRefused(_("This address has a seat already."))
    if seat is not None and is_ahead(seat.expires_at, now):
        raise SeatRefused(_("This address is invited already. You can send the invitation again below."))
    if same.filter(invited_at__gt=now - A_DAY).count() >= MOST_TO_ADDRESS:
        raise SeatRefused(_("This address was invited several times today. Please wait until tomorrow."))


def open_seat(group: Group, email: str) -> Seat:
    """The place for an address; an invitation that ran out is used again."""
    found = group.places.filter(email=email, state=SeatState.INVITED).first()
    return found or Seat.objects.create(group=group, email=email)


def send(seat: Seat, now: datetime) -> Seat:
    """Mail the invitation; with a new secret, so that a former mail leads nowhere."""
    seat.sendings += 1
    seat.invited_at, seat.expires_at = now, now + LASTS
    key = f"seat_invitation:{seat.pk}:{seat.sendings}"
    seat.token_hash = hash_of(secret_of(key))
    seat.save(update_fields=["sendings", "invited_at", "expires_at", "token_hash"])
    group = seat.group
    context = {"group": group, "name": group.name, "owner": group.owner, "seat": seat, "secret": SECRET_MARK}
    queue_mail(key, None, "seat_invitation", context, recipient=seat.email)
    return seat


@transaction.atomic
def send_again(group_pk: int, seat_pk: int) -> Seat:
    """Raises SeatRefused."""
    group, now = locked(group_pk), timezone.now()
    seat = group.places.filter(pk=seat_pk, state=SeatState.INVITED).first()
    if seat is None:
        raise SeatRefused(_("This invitation has been accepted or withdrawn meanwhile."))
    if not is_open(group, now):
        raise SeatRefused(closed_sentence(group))
    if seat.sendings >= MOST_SENDINGS:
        raise SeatRefused(_("This invitation was sent often enough. Please ask its reader whether it is wanted."))
    if seat.invited_at > now - SEND_AGAIN_AFTER:
        raise SeatRefused(_("This invitation was sent less than an hour ago. Please give it some time."))
    return send(seat, now)


def hash_of(token: str) -> str:
    """A secret of 256 bits needs no slow hash and no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


# --- Accepting -------------------------------------------------------------------------------------------------------


def find(token: str) -> Seat | None:
    """The open invitation with this secret; None for one that was never made, ran out, was withdrawn or accepted."""
    invited = Seat.objects.filter(token_hash=hash_of(token), state=SeatState.INVITED, expires_at__gt=timezone.now())
    return invited.select_related("group__subscription__plan", "group__owner").first()


@transaction.atomic
def accept(seat_pk: int, token: str, user: User) -> Seat:
    """Take the seat. The group's lock makes one of several who come for the last. Raises SeatRefused."""
    group, now = locked(Seat.objects.get(pk=seat_pk).group_id), timezone.now()
    seat = find(token)
    if seat is None or seat.pk != seat_pk:
        raise SeatRefused(_("This invitation is not valid any more. Nothing has changed."))
    refuse_reader(seat, group, user, now)
    if group.places.filter(state=SeatState.TAKEN).count() >= group.seats:
        raise SeatRefused(full_sentence(group))
    seat.user, seat.taken_at, seat.state, seat.token_hash = user, now, SeatState.TAKEN, ""
    seat.save(update_fields=["user", "taken_at", "state", "token_hash"])
    return seat


def refuse_reader(seat: Seat, group: Group, user: User, now: datetime) -> None:
    """Raises SeatRefused where the invitation is not for this reader, or of no use to them."""
    if not is_for(seat, user):
        raise SeatRefused(_("This invitation is for another address than yours. Nothing has changed."))
    if group.owner_id == user.pk:
        raise SeatRefused(_("You pay for this group, so you read anyway and need no seat."))
    if group.places.filter(user=user, state__in=(SeatState.TAKEN, SeatState.SUSPENDED)).exists():
        raise SeatRefused(_("You have a seat in this group already."))
    if not is_open(group, now):
        raise SeatRefused(closed_sentence(group))


def is_for(seat: Seat, user: User) -> bool:
    """Whether the reader has proved that the invited address is theirs."""
    return user.is_active and EmailAddress.objects.filter(user=user, email=seat.email, verified=True).exists()


# --- In words --------------------------------------------------------------------------------------------------------


def full_sentence(group: Group) -> str:
    taken = ngettext(
        "The one seat of %(name)s is taken. Please ask who invited you for one more.",
        "All %(seats)d seats of %(name)s are taken. Please ask who invited you for one more.",
        group.seats,
    )
    return taken % {"seats": group.seats, "name": label_of(group)}


def closed_sentence(group: Group) -> str:
    if group.subscription.status in OVER:
        return _("The subscription of this group has ended.")
    return _("The subscription of this group does not open anything just now, so nobody can join.")


def too_many_sentence(counts: Counts) -> str:
    if not counts.may_invite:
        return _("There are as many invitations on their way as your seats allow. Withdraw some, or wait a day.")
    return _("You may invite %(number)d more just now.") % {"number": counts.may_invite}
