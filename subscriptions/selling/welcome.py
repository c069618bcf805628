"""Where Stripe sends a reader who has paid. The address is believed in nothing: Stripe is asked, and the attempt must
be this browser's or this reader's own.
"""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.codes import start_code
from accounts.models import User
from subscriptions.models import LIVE_STATES, PAID_ONCE, AttemptState, CheckoutAttempt, Gift, PlanKind, Purchase
from subscriptions.paid_once.gift_cards import url_of
from subscriptions.selling.passes import add_pass, attempts_of
from subscriptions.stripe_gateway import Gateway, StripeFailed
from subscriptions.sync import SyncBusy, mark_dirty, sync_customer

logger = logging.getLogger(__name__)

LONGEST_ID = 255
# Seconds after which the page asks again by itself, ever longer: each time, a screen reader begins anew.
WAITS = (3, 3, 5, 10, 20, 30, 60)


def welcome_path(attempt: CheckoutAttempt) -> str:
    return f"{reverse('subscriptions:welcome')}?{urlencode({'session_id': attempt.session_id or ''})}"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    attempt = own_attempt(request, request.GET.get("session_id", ""))
    if attempt is None:
        return render(request, "subscriptions/welcome_elsewhere.html", status=404)
    if request.method == "POST":
        return open_account(request, attempt)
    if request.method == "GET" and attempt.state in (AttemptState.OPEN, AttemptState.PROCESSING):
        ask_stripe(request, attempt)
    looks = request.GET.get("look", "")
    look = int(looks) if looks.isascii() and looks.isdigit() and len(looks) < 4 else 0
    context = {
        "attempt": attempt,
        "plan": attempt.price.plan,
        "subscription": attempt.subscription,
        "is_own_account": isinstance(request.user, User) and request.user == attempt.user,
        "wait": WAITS[look] if look < len(WAITS) else 0,
        "next_look": f"{welcome_path(attempt)}&look={look + 1}",
        "here": welcome_path(attempt),
        **bought_once(attempt),
        "is_paying": attempt.state in LIVE_STATES,  # nobody is asked to subscribe who may have paid just now
    }
    response = render(request, f"subscriptions/{page_of(attempt)}.html", context)
    response.headers["X-Robots-Tag"] = "noindex"
    if attempt.uuid in attempts_of(request):
        add_pass(request, response, attempt.uuid)  # its day begins with the payment, not with the way to it
    return response


def own_attempt(request: HttpRequest, session_id: str) -> CheckoutAttempt | None:
    """The attempt with this session, if this browser or the reader who is logged in made it."""
    if not 0 < len(session_id) <= LONGEST_ID or not session_id.isprintable():
        return None
    rows = CheckoutAttempt.objects.select_related("price__plan", "lead", "customer", "subscription", "user")
    attempt = rows.filter(session_id=session_id).first()
    if attempt is None:
        return None
    is_of_reader = isinstance(request.user, User) and attempt.user == request.user
    return attempt if is_of_reader or attempt.uuid in attempts_of(request) else None


def ask_stripe(request: HttpRequest, attempt: CheckoutAttempt) -> None:
    """Ask Stripe now. Where it does not answer in time the queue asks again, and so does the page."""
    if attempt.customer is None:
        return
    try:
        limits.consume(request, "welcome", str(attempt.uuid))
        sync_customer(attempt.customer, Gateway(in_request=True))
    except limits.LimitReached:
        return
    except (SyncBusy, StripeFailed) as error:
        logger.warning("welcome could not ask about attempt %s: %r", attempt.uuid, error)
        mark_dirty(attempt.customer.pk)
    attempt.refresh_from_db()


def page_of(attempt: CheckoutAttempt) -> str:
    match attempt.state:
        case AttemptState.PAID:
            return "welcome_once" if attempt.price.plan.kind in PAID_ONCE else "welcome"
        case AttemptState.EXPIRED | AttemptState.FAILED:
            return "welcome_unpaid"
        case _:
            return "welcome_processing"


def bought_once(attempt: CheckoutAttempt) -> dict[str, object]:
    """What was paid for once, and of a gift the address that its giver hands on."""
    purchase = Purchase.objects.filter(attempt=attempt).first() if attempt.price.plan.kind in PAID_ONCE else None
    if purchase is None:
        return {}
    gift = Gift.objects.filter(purchase=purchase).first()
    is_open = gift is not None and gift.is_open(timezone.now())
    return {"purchase": purchase, "gift": gift, "gift_url": url_of(gift) if gift is not None and is_open else ""}


def open_account(request: HttpRequest, attempt: CheckoutAttempt) -> HttpResponse:
    """The account is entered with a code that goes to the address, whether it was known before or not."""
    if attempt.state != AttemptState.PAID:
        raise Http404
    is_gift = attempt.price.plan.kind == PlanKind.GIFT
    next_url = reverse("subscriptions:gifts-given") if is_gift else attempt.next_path
    return start_code(request, email=attempt.email, next_url=next_url or settings.LOGIN_REDIRECT_URL)
