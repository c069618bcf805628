"""What subscribers do with a subscription themselves: look at it at Stripe, end it with its period, take that back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.origin import own_origin
from accounts.requests import user_of
from subscriptions.account.sentences import day_of, needs_card
from subscriptions.agreed.going_on import note_kept
from subscriptions.contracts.changing import drop_planned, has_cheaper, why_not
from subscriptions.contracts.ending import queue_if_planned
from subscriptions.contracts.pausing import why_no_pause
from subscriptions.leaving.deeds import end_with_period
from subscriptions.leaving.reasons import FORGOTTEN, read_reason
from subscriptions.models import CancelFeedback, Subscription
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeRefused
from subscriptions.sync import SyncBusy, mark_dirty, sync_customer

logger = logging.getLogger(__name__)


type View = Callable[..., HttpResponse]  # of a request, a subscription's pk, and what else its address says


def limited(view: View) -> View:
    """Each of these asks Stripe, so none may be repeated without end."""

    @wraps(view)
    def wrapped(request: HttpRequest, pk: int, **more: int) -> HttpResponse:
        try:
            limits.consume(request, "subscription", str(request.user.pk))
        except limits.LimitReached as reached:
            return limits.refuse(request, reached.wait)
        return view(request, pk, **more)

    return wrapped


def own_subscription(request: HttpRequest, pk: int) -> Subscription:
    """Raises Http404 for what is somebody else's."""
    rows = Subscription.objects.filter(user=user_of(request)).select_related("customer", "plan")
    return get_object_or_404(rows, pk=pk)


@never_cache
@login_required
@require_POST
@limited
def portal(request: HttpRequest, pk: int) -> HttpResponse:
    """To Stripe's own pages, where card and invoices are; straight to the card where it is the card that has to be
    mended, and where a former owner's card and invoices stand there.
    """
    subscription = own_subscription(request, pk)
    return_url = own_origin(request) + reverse("subscriptions:portal-return", kwargs={"pk": pk})
    customer_id = subscription.customer.stripe_id
    card_alone = needs_card(subscription, timezone.now()) or subscription.passed_on_at is not None
    try:
        session = Gateway(in_request=True).create_portal_session(
            customer_id, return_url=return_url, card_alone=card_alone
        )
    except StripeFailed as error:
        return away(request, subscription, error)
    return HttpResponseRedirect(session["url"], status=303)


@never_cache
@login_required
@require_safe
@limited
def portal_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Back from Stripe: what was changed there is shown at once."""
    bring(own_subscription(request, pk), Gateway(in_request=True))
    return redirect("account")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then end it with the period that is paid."""
    subscription = own_subscription(request, pk)
    if subscription.status not in LIVE_STATUSES or subscription.ends_at is not None:
        return redirect("account")
    if request.method != "POST":
        return render(request, "subscriptions/cancel.html", about_leaving(subscription))
    return end(request, subscription)


def end(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    gateway, noted, reason = Gateway(in_request=True), False, read_reason(request.POST)
    try:
        answer = gateway.subscription(subscription.stripe_id)
        noted = queue_if_planned(subscription, answer, timezone.now(), reason)
        end_with_period(answer, gateway, reason)
    except StripeFailed as error:
        return away(request, subscription, error, told=told_of_wish() if noted else "")
    bring(subscription, gateway)
    subscription.refresh_from_db()
    messages.success(request, told_of_end(subscription))
    return redirect("account")


def about_leaving(subscription: Subscription) -> dict[str, Any]:
    """What ends when, and what there is besides ending it: less of it, or a pause."""
    is_paid = subscription.status == "active" and subscription.period_end is not None
    begun = subscription.paused_from is not None and subscription.paused_from <= timezone.now()
    return {
        "subscription": subscription,
        "plan": subscription.plan,
        "is_pause_begun": begun,
        "reads_on": is_paid and not begun,
        "planned": subscription.pending_plan,
        "feedbacks": CancelFeedback.choices,
        "can_pause": not why_no_pause(subscription),
        "has_cheaper": not why_not(subscription) and has_cheaper(subscription),
    }


@never_cache
@login_required
@require_POST
@limited
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a cancellation back. Stripe's portal writes a date, a call of ours a flag; both are cleared,
    and so is the reason: why somebody once left must not count when the subscription ends of something else.
    """
    subscription = own_subscription(request, pk)
    if subscription.status not in LIVE_STATUSES or subscription.ends_at is None:
        return redirect("account")
    params: Any = {"cancel_at_period_end": False} if subscription.cancel_at_period_end else {"cancel_at": ""}
    gateway = Gateway(in_request=True)
    note_kept(subscription)
    try:
        drop_planned(gateway, subscription.stripe_id)  # Stripe refuses to change what a schedule decides about
        gateway.update_subscription(subscription.stripe_id, {**params, **FORGOTTEN})
    except StripeFailed as error:
        return away(request, subscription, error)
    bring(subscription, gateway)
    subscription.refresh_from_db()
    messages.success(request, told_of_renewal(subscription))
    return redirect("account")


def bring(subscription: Subscription, gateway: Gateway) -> None:
    """Sync now or, where Stripe is slow, by the queue."""
    try:
        sync_customer(subscription.customer, gateway)
    except (SyncBusy, StripeFailed):
        mark_dirty(subscription.customer_id)


def away(request: HttpRequest, subscription: Subscription, error: StripeFailed, *, told: str = "") -> HttpResponse:
    """Stripe gave no usable answer. Whether it did something all the same is found out by the queue; `told`: what the
    queue does besides.
    """
    logger.warning("a change of %s was not confirmed: %s", subscription.stripe_id, error)
    mark_dirty(subscription.customer_id)
    messages.error(request, told or told_of_failure(error))
    return redirect("account")


def told_of_failure(error: StripeFailed) -> str:
    if isinstance(error, StripeRefused):
        return _(
            "The payment service did not accept this; perhaps something has changed meanwhile. Nothing was charged."
        )
    return _("The payment service does not answer just now, so we could not confirm the change. Please try again soon.")


def told_of_wish() -> str:
    return _(
        "Your cancellation is noted. The payment service has not confirmed it yet. We repeat it until it has, and then "
        "send you a mail with the day on which your subscription ends."
    )


def told_of_end(subscription: Subscription) -> str:
    if subscription.ends_at is None:
        return _("Your cancellation has been sent. This page will show it in a moment.")
    day = day_of(subscription.ends_at)
    return _("Your subscription is cancelled. You read everything until %(day)s and are not charged again.") % {
        "day": day
    }


def told_of_renewal(subscription: Subscription) -> str:
    if subscription.ends_at is not None:
        return _("Your wish has been sent. This page will show it in a moment.")
    return _("Your subscription goes on as before.")
