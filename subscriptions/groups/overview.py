"""What the account page says of groups: to who pays for one, and to who has a seat in one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.overview import OverviewLink, OverviewSection
from subscriptions.account.account_parts import Holding, Ways
from subscriptions.groups.groups import groups_of, is_open, label_of, seats_held_by
from subscriptions.groups.invitation_pages import pays_twice
from subscriptions.groups.invitations import counts_of
from subscriptions.groups.pages import counts_sentence
from subscriptions.models import Group, Seat, SeatState
from subscriptions.selling.checkout import live_subscriptions


def group_section(request: HttpRequest) -> OverviewSection | None:
    """For who pays for a group; None for everybody else."""
    if not isinstance(request.user, User):
        return None
    owned = [group for group in groups_of(request.user) if group.seats]
    if not owned:
        return None
    sentences = tuple(owned_sentence(group) for group in owned)
    return OverviewSection(
        _("Group"), sentences, tuple(OverviewLink(owned_label(group), url_of(group)) for group in owned)
    )


def seats_held(user: User, now: datetime) -> Iterator[Holding]:
    """The reader's seats in groups of others, and that one of two is enough."""
    for seat in seats_held_by(user):
        sentence = held_sentence(seat, now)
        if live_subscriptions(user).exists():
            sentence = f"{sentence} {pays_twice()}"
        leave = OverviewLink(_("Give up my seat"), reverse("subscriptions:seat-leave", args=[seat.pk]))
        yield Holding(sentence, Ways(links=(leave,)))


def owned_sentence(group: Group) -> str:
    told = {"name": group.name, "counts": counts_sentence(counts_of(group, timezone.now()))}
    return _("%(name)s: %(counts)s") % told if group.name else told["counts"]


def owned_label(group: Group) -> str:
    return _("Readers of %(name)s") % {"name": group.name} if group.name else _("Readers of your group")


def url_of(group: Group) -> str:
    return f"{reverse('subscriptions:group')}?group={group.pk}"


def held_sentence(seat: Seat, now: datetime) -> str:
    """By whom they read, and why not where they do not."""
    payer = seat.group.owner.get_full_name() if seat.group.owner is not None else ""
    told = {"name": label_of(seat.group), "payer": payer}
    if seat.state == SeatState.SUSPENDED:
        return _("Your seat in %(name)s is on hold, since there are fewer seats than readers.") % told
    if not is_open(seat.group, now):
        return _("You have a seat in %(name)s, but its subscription does not open anything just now.") % told
    if not payer:
        return _("You read with a seat in %(name)s.") % told
    return _("You read with a seat in %(name)s, which %(payer)s pays for.") % told
