"""What the owner of a group does with its seats: look, name, invite, send again, withdraw, remove, add and reduce."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.requests import user_of
from accounts.spreadsheets import csv_answer
from subscriptions.agreed.agreements import Shown, note_change
from subscriptions.contracts.managing import away, bring
from subscriptions.groups import invitations
from subscriptions.groups import seats as group_seats
from subscriptions.groups.groups import IN_USE, SeatRefused, end_seat, groups_of, is_open, label_of, rename
from subscriptions.models import Group, Seat, SeatState
from subscriptions.models.plan import interval_label, money
from subscriptions.stripe_gateway import Gateway, StripeFailed

logger = logging.getLogger(__name__)

LONGEST_NUMBER = 10


def for_owner(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view of one group, for who pays for it, and not without end: these send mails or ask Stripe. To everybody
    else the group is not there.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, pk: int, **named: Any) -> HttpResponseBase:
        try:
            limits.consume(request, "subscription", str(user_of(request).pk))
        except limits.LimitReached as reached:
            return limits.refuse(request, reached.wait, has_code=False)
        return view(request, get_object_or_404(groups_of(user_of(request)), pk=pk), **named)

    return never_cache(login_required(wrapped))


@never_cache
@login_required
@require_safe
def group(request: HttpRequest) -> HttpResponse:
    """The group that the reader pays for; where there are several `?group=` names one."""
    groups = list(groups_of(user_of(request)))
    asked = request.GET.get("group", "")
    shown = next((each for each in groups if str(each.pk) == asked), groups[0] if groups else None)
    if shown is None:
        return render(request, "subscriptions/group_none.html")
    return page(request, shown, others=[each for each in groups if each.pk != shown.pk])


def page(
    request: HttpRequest,
    shown: Group,
    *,
    others: list[Group] | None = None,
    errors: dict[str, list[str]] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a group; with what was typed and what was wrong with it, where something was."""
    now = timezone.now()
    counts = invitations.counts_of(shown, now)
    places = list(shown.places.filter(state__in=IN_USE).select_related("user"))
    context = {
        "group": shown,
        "name": label_of(shown),
        "others": others or [],
        "counts": counts,
        "counts_sentence": counts_sentence(counts),
        "readers": [seat for seat in places if seat.state != SeatState.INVITED],
        "invited": [(seat, invitations.is_ahead(seat.expires_at, now)) for seat in places if seat.state == "invited"],
        "is_open": is_open(shown, now),
        "is_over": shown.seats == 0,
        "errors": errors or {},
        "typed": {"name": shown.name, "addresses": "", "seats": str(shown.seats), **(typed or {})},
        "days": invitations.LASTS.days,
    }
    return render(request, "subscriptions/group.html", context, status=status)


def counts_sentence(counts: invitations.Counts) -> str:
    taken = ngettext("%(taken)d of %(seats)d seat is taken.", "%(taken)d of %(seats)d seats are taken.", counts.seats)
    return taken % {"taken": counts.taken, "seats": counts.seats}


def back(shown: Group) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('subscriptions:group')}?group={shown.pk}", status=303)


@for_owner
@require_POST
def name(request: HttpRequest, shown: Group) -> HttpResponse:
    typed = request.POST.get("name", "")[:500]
    try:
        rename(shown.pk, typed)
    except SeatRefused as refusal:
        return page(request, shown, errors={"name": [str(refusal)]}, typed={"name": typed}, status=400)
    messages.success(request, _("The name is saved."))
    return back(shown)


@for_owner
@require_POST
def invite(request: HttpRequest, shown: Group) -> HttpResponse:
    typed = request.POST.get("addresses", "")
    try:
        sent = invitations.invite(shown.pk, typed)
    except invitations.InvitationsRefused as refusal:
        kept = {"addresses": typed[: invitations.LONGEST_LIST]}
        return page(request, shown, errors={"addresses": refusal.errors}, typed=kept, status=400)
    told = ngettext("%(count)d invitation is on its way.", "%(count)d invitations are on their way.", len(sent))
    messages.success(request, told % {"count": len(sent)})
    return back(shown)


@for_owner
@require_POST
def send_again(request: HttpRequest, shown: Group, seat_pk: int) -> HttpResponse:
    try:
        seat = invitations.send_again(shown.pk, seat_pk)
    except SeatRefused as refusal:
        messages.error(request, str(refusal))
    else:
        told = {"email": seat.email}
        messages.success(request, _("Another invitation is on its way to %(email)s. The former one ended.") % told)
    return back(shown)


@for_owner
@require_http_methods(["GET", "HEAD", "POST"])
def free(request: HttpRequest, shown: Group, seat_pk: int) -> HttpResponse:
    """Withdraw an invitation or, after asking once more, take the seat from its reader."""
    seat = shown.places.select_related("user").filter(pk=seat_pk, state__in=IN_USE).first()
    if seat is not None and request.method != "POST":
        context = {"group": shown, "name": label_of(shown), "seat": seat, "is_reader": seat.state != SeatState.INVITED}
        return render(request, "subscriptions/group_free.html", context)
    try:
        if seat is None:
            raise SeatRefused(_("This seat is free already."))
        end_seat(shown.pk, seat_pk)
    except SeatRefused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, freed_sentence(seat))
    return back(shown)


def freed_sentence(seat: Seat) -> str:
    """`seat` as it was before."""
    told = {"email": seat.email}
    if seat.state == SeatState.INVITED:
        return _("The invitation of %(email)s is withdrawn.") % told
    return _("%(email)s has no seat any more and was told so.") % told


@for_owner
@require_safe
def members(_request: HttpRequest, shown: Group) -> StreamingHttpResponse:
    head = (_("E-mail address"), _("State"), _("Invited"), _("Invitation ends"), _("Reads since"))
    places = shown.places.filter(state__in=IN_USE)
    rows = [
        (seat.email, seat.get_state_display(), day(seat.invited_at), day(seat.expires_at), day(seat.taken_at))
        for seat in places
    ]
    return csv_answer("group-members.csv", head, rows)


def day(moment: Any) -> str:
    return "" if moment is None else timezone.localtime(moment).date().isoformat()


@for_owner
@require_http_methods(["GET", "HEAD", "POST"])
def seats(request: HttpRequest, shown: Group) -> HttpResponse:
    """First the amounts, as Stripe says them, and who would be put on hold; with the second click the change."""
    gateway = Gateway(in_request=True)
    try:
        if request.method != "POST":
            wished = group_seats.wished_seats(shown, request.GET.get("seats", "")[:LONGEST_NUMBER])
            return confirm(request, shown, group_seats.quote(shown, wished, gateway))
        return change_seats(request, shown, group_seats.read_quote(request.POST.get("agreed", "")), gateway)
    except SeatRefused as refusal:
        typed = {"seats": request.GET.get("seats", str(shown.seats))[:LONGEST_NUMBER]}
        return page(request, shown, errors={"seats": [str(refusal)]}, typed=typed, status=400)
    except StripeFailed as error:
        return away(request, shown.subscription, error)


def confirm(request: HttpRequest, shown: Group, quote: group_seats.Quote, *, is_stale: bool = False) -> HttpResponse:
    subscription = shown.subscription
    context = {
        "group": shown,
        "name": label_of(shown),
        "quote": quote,
        "suspended": group_seats.newest_taken(shown, quote.seats),
        "is_stale": is_stale,
        "is_trial": subscription.status == "trialing",
        "next_day": subscription.period_end,
        "price": f"{money(subscription.amount_minor // max(shown.seats, 1), subscription.currency)}",
        "interval": interval_label(subscription.interval),
    }
    return render(request, "subscriptions/group_seats.html", context, status=409 if is_stale else 200)


def change_seats(request: HttpRequest, shown: Group, agreed: group_seats.Quote, gateway: Gateway) -> HttpResponse:
    """Only if all is as it was shown. Otherwise the new amounts are shown, and nothing has changed."""
    if agreed.group != shown.pk:
        raise SeatRefused(_("This form belongs to another group. Nothing has changed."))
    if agreed.former != shown.seats:
        raise SeatRefused(_("The number of seats has changed meanwhile. Please look at it once more."))
    group_seats.wished_seats(shown, str(agreed.seats))
    if group_seats.quote(shown, agreed.seats, gateway, agreed.at) != agreed:
        return confirm(request, shown, group_seats.quote(shown, agreed.seats, gateway), is_stale=True)
    price = group_seats.price_of(shown)
    # Written down first: Stripe may do it and its answer get lost.
    said = Shown(group_seats.agreed_words(agreed, shown), group_seats.WORDING_VERSION)
    note_change(shown.subscription, price, said, quantity=agreed.seats)
    answer = group_seats.carry_out(agreed, shown, gateway)
    bring(shown.subscription, gateway)
    if answer.get("pending_update"):
        messages.error(request, _("The payment did not go through, so you have as many seats as before."))
        return redirect("account")
    shown.refresh_from_db()
    if shown.seats == agreed.seats:
        messages.success(request, _("You have %(seats)d seats now.") % {"seats": shown.seats})
    else:
        messages.info(request, _("Your wish has been sent. This page will show it in a moment."))
    return back(shown)
