"""Gift subscriptions on pages: redeeming one, and what its giver sees of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.addresses import AddressRefused
from accounts.codes import start_code
from accounts.models import User
from accounts.requests import user_of
from subscriptions.account.sentences import day_of
from subscriptions.models import Gift
from subscriptions.paid_once.gift_cards import (
    FURTHEST,
    MOST_CARDS,
    GiftRefused,
    change_day,
    refuse_unless_open,
    send_again,
    url_of,
)
from subscriptions.paid_once.subscription_gifts import redeem

type Act = Callable[[Gift, datetime], str]  # does it, and says so in a sentence

LISTED = 50  # of one's gifts, the newest
LONGEST_EMAIL = 320


@dataclass(frozen=True, slots=True)
class Given:
    """A gift as its giver sees it."""

    gift: Gift
    state: str
    url: str  # empty where there is nothing to redeem any more, or it cannot be shown
    may_send: bool
    may_move: bool


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def gift(request: HttpRequest, gift_token: str) -> HttpResponse:
    """Who gave it, and a button. It takes an account, which a code to an address opens."""
    found = Gift.objects.of_token(gift_token).select_related("purchase").first()
    if found is None or found.purchase is None:
        return told(request, "subscriptions/gift_unknown.html", {}, 404)
    if request.method == "POST" and not isinstance(request.user, User):
        return send_code_for(request, found)
    problem = ""
    if request.method == "POST":
        try:
            return redeemed(request, redeem_limited(request, found))
        except limits.LimitReached as reached:
            return limits.refuse(request, reached.wait, has_code=False)
        except GiftRefused as refusal:
            problem = str(refusal)
    return gift_page(request, found, problem)


def redeem_limited(request: HttpRequest, found: Gift) -> Gift:
    limits.consume(request, "subscription", str(user_of(request).pk))
    return redeem(found.pk, user_of(request), timezone.now())


def redeemed(request: HttpRequest, found: Gift) -> HttpResponse:
    if found.grant is None or found.grant.ends_at is None:
        sentence = _("The gift is yours. Your subscription goes on; the months of the gift begin when it has ended.")
    else:
        sentence = _("The gift is yours: the whole library is open to you until %(day)s.") % {
            "day": day_of(found.grant.ends_at)
        }
    messages.success(request, sentence)
    return redirect("account")


def gift_page(request: HttpRequest, found: Gift, problem: str = "", email_problem: str = "") -> HttpResponse:
    """What holds now; a second try is told what became of it."""
    is_own = isinstance(request.user, User) and found.redeemed_by_id == request.user.pk
    try:
        refuse_unless_open(found, timezone.now())
    except GiftRefused as refusal:
        problem = problem or str(refusal)
        is_open = False
    else:
        is_open = True
    context = {
        "gift": found,
        "is_open": is_open,
        "is_own": is_own,
        "problem": problem,
        "email": request.POST.get("email", "")[:LONGEST_EMAIL],
        "email_problem": email_problem,
    }
    status = (
        400 if email_problem else 409 if problem and request.method == "POST" else 200 if is_open or is_own else 410
    )
    return told(request, "subscriptions/gift_redeem.html", context, status)


def send_code_for(request: HttpRequest, found: Gift) -> HttpResponse:
    try:
        return start_code(request, email=request.POST.get("email", ""), next_url=request.path)
    except AddressRefused as refusal:
        return gift_page(request, found, email_problem=str(refusal))


def told(request: HttpRequest, template: str, context: dict[str, object], status: int) -> HttpResponse:
    """A page whose address is a secret."""
    response = render(request, template, context, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


# --- The giver's pages --------------------------------------------------------------------------------------------
@never_cache
@login_required
@require_safe
def given(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    own = Gift.objects.of_buyer(user_of(request).pk).select_related("purchase")[:LISTED]
    today = timezone.localdate(now)
    context = {"gifts": [as_given(row, now) for row in own], "today": today, "last_day": today + FURTHEST}
    return render(request, "subscriptions/gifts_given.html", context)


def as_given(row: Gift, now: datetime) -> Given:
    is_open = row.is_open(now)
    return Given(
        gift=row,
        state=state_of(row, now),
        url=url_of(row) if is_open else "",
        may_send=is_open and row.is_by_mail and 0 < row.cards < MOST_CARDS,
        may_move=is_open and row.is_by_mail and not row.cards,
    )


def state_of(row: Gift, now: datetime) -> str:
    """In one sentence. Who redeemed it is not said: an address that was passed on is nobody's business."""
    if row.purchase is not None and row.purchase.revoked_at is not None:
        return _("The payment was returned, so it cannot be redeemed.")
    if row.redeemed_at is not None:
        return _("Redeemed on %(day)s.") % {"day": day_of(row.redeemed_at)}
    if not row.is_open(now):
        return _("Not redeemed in time.")
    if not row.is_by_mail:
        return _("To be printed, and not redeemed yet.")
    if row.cards:
        return _("Sent, and not redeemed yet.")
    return _("The card goes out on %(day)s.") % {"day": label_of(row.sends_on)}


def label_of(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


@never_cache
@login_required
@require_safe
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """One gift as a card, to print."""
    found = get_object_or_404(Gift.objects.of_buyer(user_of(request).pk).select_related("purchase"), pk=pk)
    url = url_of(found) if found.is_open(timezone.now()) else ""
    return render(request, "subscriptions/gift_card.html", {"gift": found, "url": url})


@never_cache
@login_required
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    def act(found: Gift, now: datetime) -> str:
        send_again(found.pk, now)
        return _("The card is on its way to %(email)s.") % {"email": found.recipient_email}

    return acted(request, pk, act)


@never_cache
@login_required
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    def act(found: Gift, now: datetime) -> str:
        try:
            day = datetime.strptime(request.POST.get("sends_on", ""), "%Y-%m-%d").date()  # noqa: DTZ007 - a day
        except ValueError:
            raise GiftRefused(_("Please choose a day from today up to a year ahead.")) from None
        change_day(found.pk, day, now)
        return _("The card goes out on %(day)s.") % {"day": label_of(day)}

    return acted(request, pk, act)


def acted(request: HttpRequest, pk: int, act: Act) -> HttpResponse:
    """Of one's own gift; to everybody else it is not there."""
    found = get_object_or_404(Gift.objects.of_buyer(user_of(request).pk), pk=pk)
    try:
        limits.consume(request, "subscription", str(user_of(request).pk))
        messages.success(request, act(found, timezone.now()))
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait, has_code=False)
    except GiftRefused as refusal:
        messages.error(request, str(refusal))
    return redirect(reverse("subscriptions:gifts-given"))
