"""Where an invitation to a seat is accepted, and where a reader gives a seat up."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.codes import start_code
from accounts.models import User
from accounts.requests import user_of
from subscriptions.groups import invitations
from subscriptions.groups.groups import SeatRefused, end_seat, label_of, seats_held_by
from subscriptions.models import Seat
from subscriptions.selling.checkout import live_subscriptions


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, seat_token: str) -> HttpResponse:
    """To the invited address alone, which is proved by a code where nobody is logged in. All secrets that open nothing
    are answered alike: one that was never made, ran out, was withdrawn or used.
    """
    seat = invitations.find(seat_token)
    if seat is None:
        return unknown(request)
    if not isinstance(request.user, User):
        if request.method == "POST":
            return start_code(request, email=seat.email, next_url=request.path)
        return show(request, seat)
    if request.method != "POST":
        return show(request, seat, is_for_reader=invitations.is_for(seat, request.user))
    try:
        limits.consume(request, "subscription", str(request.user.pk))
        invitations.accept(seat.pk, seat_token, request.user)
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait, has_code=False)
    except SeatRefused as refusal:
        is_for_reader = invitations.is_for(seat, request.user)
        return show(request, seat, is_for_reader=is_for_reader, problem=str(refusal), status=409)
    messages.success(request, _("You have a seat in %(name)s, and read everything.") % {"name": label_of(seat.group)})
    if live_subscriptions(request.user).exists():
        messages.warning(request, pays_twice())
    return redirect("account")


def show(
    request: HttpRequest, seat: Seat, *, is_for_reader: bool = False, problem: str = "", status: int = 200
) -> HttpResponse:
    user = request.user if isinstance(request.user, User) else None
    context = {
        "seat": seat if user is None or is_for_reader else None,  # who is logged in as somebody else learns no address
        "group": seat.group,
        "name": seat.group.name,
        "owner": seat.group.owner,
        "is_for_reader": is_for_reader,
        "problem": problem,
        "pays_twice": is_for_reader and user is not None and live_subscriptions(user).exists(),
    }
    response = render(request, "subscriptions/invitation.html", context, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def unknown(request: HttpRequest) -> HttpResponse:
    try:
        limits.consume(request, "feed_guess")
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait, has_code=False)
    return render(request, "subscriptions/invitation_unknown.html", status=404)


def pays_twice() -> str:
    return _(
        "You also have a subscription of your own, so this is paid for twice. You may cancel your own, or give up the "
        "seat."
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Give up one's own seat, after being asked once."""
    seat = get_object_or_404(seats_held_by(user_of(request)), pk=pk)
    if request.method != "POST":
        return render(request, "subscriptions/group_leave.html", {"seat": seat, "name": label_of(seat.group)})
    end_seat(seat.group_id, seat.pk, by_reader=True)
    messages.success(request, _("You have given up your seat in %(name)s.") % {"name": label_of(seat.group)})
    return redirect(reverse("account"))
