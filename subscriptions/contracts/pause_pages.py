"""The pages on which readers pause a subscription and go on with it."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from subscriptions.account.sentences import charged_minor, day_of
from subscriptions.agreed.going_on import note_resumed
from subscriptions.contracts import pausing
from subscriptions.contracts.change_pages import shown
from subscriptions.contracts.changing import FORM_SECONDS, ChangeRefused
from subscriptions.contracts.managing import away, bring, limited, own_subscription
from subscriptions.models import Subscription
from subscriptions.models.plan import money
from subscriptions.stripe_gateway import Gateway, StripeFailed

SALT = "subscriptions.resume"


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Until when, out of the next boundaries of the billing period."""
    subscription = own_subscription(request, pk)
    refused = pausing.why_no_pause(subscription)
    if refused:
        return refuse_pause(request, subscription, refused, status=200 if request.method != "POST" else 409)
    gateway = Gateway(in_request=True)
    try:
        answer = gateway.subscription(subscription.stripe_id)
        choices = pausing.choices_of(answer)
        chosen = next((day for day in choices if str(pausing.seconds(day)) == request.POST.get("until")), None)
        if request.method != "POST" or chosen is None:
            return ask_until(request, subscription, choices)
        pausing.pause(gateway, answer, chosen)
    except ChangeRefused as refusal:
        return refuse_pause(request, subscription, str(refusal))
    except StripeFailed as error:
        return away(request, subscription, error)
    bring(subscription, gateway)
    subscription.refresh_from_db()
    messages.success(request, told_of_pause(subscription, chosen))
    return redirect("account")


def ask_until(request: HttpRequest, subscription: Subscription, choices: list[datetime]) -> HttpResponse:
    is_refused = request.method == "POST"
    context = shown(subscription) | {
        "choices": [{"value": pausing.seconds(day), "day": day_of(day)} for day in choices],
        "is_refused": is_refused,
    }
    return render(request, "subscriptions/pause.html", context, status=409 if is_refused else 200)


def refuse_pause(request: HttpRequest, subscription: Subscription, sentence: str, status: int = 409) -> HttpResponse:
    return render(request, "subscriptions/pause.html", shown(subscription) | {"refused": sentence}, status=status)


def told_of_pause(subscription: Subscription, until: datetime) -> str:
    if subscription.paused_from is None:
        return _("Your wish has been sent. This page will show it in a moment.")
    told = {"day": day_of(subscription.paused_from), "until": day_of(until)}
    return _("Done. You read until %(day)s, and are next charged on %(until)s.") % told


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is due, and go on once the reader agrees to that."""
    subscription = own_subscription(request, pk)
    gateway = Gateway(in_request=True)
    try:
        answer = gateway.subscription(subscription.stripe_id)
        resumed = pausing.resumption(gateway, answer)
        token = request.POST.get("due", "")
        if request.method != "POST" or not has_agreed(token, subscription, resumed):
            return ask_to_resume(request, subscription, resumed)
        note_resumed(subscription, **in_words(subscription, resumed))
        pausing.resume(gateway, answer, resumed)
    except ChangeRefused as refusal:
        messages.info(request, str(refusal))
        return redirect("account")
    except StripeFailed as error:
        return away(request, subscription, error)
    bring(subscription, gateway)
    subscription.refresh_from_db()
    tell_of_resumption(request, subscription)
    return redirect("account")


def has_agreed(token: str, subscription: Subscription, resumed: pausing.Resumption) -> bool:
    """Whether the form was shown these figures, and not long ago."""
    try:
        return bool(signing.loads(token, salt=SALT, max_age=FORM_SECONDS) == agreement(subscription, resumed))
    except signing.BadSignature:  # also of one that has expired
        return False


def agreement(subscription: Subscription, resumed: pausing.Resumption) -> list[object]:
    return [subscription.pk, resumed.is_begun, resumed.due_minor, resumed.currency]


def ask_to_resume(request: HttpRequest, subscription: Subscription, resumed: pausing.Resumption) -> HttpResponse:
    is_stale = request.method == "POST"
    context = shown(subscription) | {
        "is_begun": resumed.is_begun,
        **in_words(subscription, resumed),
        "token": signing.dumps(agreement(subscription, resumed), salt=SALT),
        "is_stale": is_stale,
    }
    return render(request, "subscriptions/resume.html", context, status=409 if is_stale else 200)


def in_words(subscription: Subscription, resumed: pausing.Resumption) -> dict[str, str]:
    """What is due today, empty where nothing is, and what comes after that."""
    coming = charged_minor(subscription, resumed.next_on or timezone.now())
    return {
        "due": money(resumed.due_minor, resumed.currency) if resumed.is_begun else "",
        "coming": money(coming, subscription.currency),
        "next_day": day_of(resumed.next_on) if resumed.next_on is not None else "",
    }


def tell_of_resumption(request: HttpRequest, subscription: Subscription) -> None:
    if subscription.pending_update_until is not None:
        messages.warning(request, _("You read on as soon as the payment has gone through. See below."))
    elif subscription.status == "active" and subscription.paused_from is None:
        messages.success(request, _("Your subscription goes on."))
    else:
        messages.info(request, _("Your wish has been sent. This page will show it in a moment."))
