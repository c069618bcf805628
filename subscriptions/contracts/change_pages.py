"""The pages on which readers change to another plan or interval, and take a change back that is still to come."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from subscriptions.account.sentences import charged_label, day_of, name_of, price_label
from subscriptions.agreed import agreements
from subscriptions.agreed.agreements import Shown
from subscriptions.agreed.going_on import note_plan_kept
from subscriptions.contracts import changing
from subscriptions.contracts.changing import ChangeRefused, Contract, FormStale, Quote
from subscriptions.contracts.managing import away, bring, limited, own_subscription
from subscriptions.contracts.quoted import QUOTE_VERSION, quoted
from subscriptions.contracts.ranks import is_upgrade
from subscriptions.models import Plan, PlanAmount, PlanPrice, Subscription
from subscriptions.selling.plans import filled
from subscriptions.stripe_gateway import Gateway, StripeFailed


@never_cache
@login_required
@require_safe
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """What one can change to. It asks nobody."""
    subscription = own_subscription(request, pk)
    refused = changing.why_not(subscription)
    choices = [] if refused else [choice(subscription, price) for price in changing.choices_for(subscription)]
    context = shown(subscription) | {"refused": refused, "choices": choices}
    return render(request, "subscriptions/change.html", context)


def choice(subscription: Subscription, price: PlanPrice) -> dict[str, Any]:
    present = present_price(subscription)
    amount = PlanAmount(amount_minor=price.amount_minor, currency=price.currency, interval=price.interval)
    of_registered = Plan.objects.registration_allowance()
    is_now = subscription.status == "trialing" or (present is not None and is_upgrade(present, price))
    return {
        "pk": price.pk,
        "name": price.plan.name,
        "price": price_label(price),
        "lines": [filled(line, price.plan, of_registered, amount) for line in price.plan.lines],
        "is_now": is_now,
        "is_highlighted": price.plan.is_highlighted,
    }


def present_price(subscription: Subscription) -> PlanPrice | None:
    return PlanPrice.objects.filter(stripe_id=subscription.price_id).select_related("plan").first()


def shown(subscription: Subscription) -> dict[str, Any]:
    return {"subscription": subscription, "name": name_of(subscription), "price": charged_label(subscription)}


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited
def change_to(request: HttpRequest, pk: int, price: int) -> HttpResponse:
    """Show what one change costs, to the minor unit, and carry it out once the reader agrees."""
    subscription = own_subscription(request, pk)
    arranged = (subscription.price_id, subscription.pending_price_id)
    if PlanPrice.objects.filter(pk=price, stripe_id__in=arranged).exists():
        messages.success(request, _("That is arranged already."))  # the same form, sent twice
        return redirect("account")
    refused = changing.why_not(subscription)
    if refused:
        return refuse(request, subscription, refused)
    wanted = next((choice for choice in changing.choices_for(subscription) if choice.pk == price), None)
    if wanted is None:
        return not_offered(request, subscription, price)
    try:
        return quoted_or_changed(request, subscription, wanted)
    except ChangeRefused as refusal:
        return refuse(request, subscription, str(refusal))
    except StripeFailed as error:
        return away(request, subscription, error)


def quoted_or_changed(request: HttpRequest, subscription: Subscription, wanted: PlanPrice) -> HttpResponse:
    """Raises ChangeRefused, StripeFailed."""
    gateway = Gateway(in_request=True)
    contract = changing.contract_of(gateway, subscription)
    if request.method != "POST":
        return offer(request, subscription, contract, wanted, changing.quote(gateway, contract, wanted))
    token = request.POST.get("quote", "")
    try:
        agreed = changing.read_signed(token, subscription, wanted)
        changing.check(gateway, contract, wanted, agreed)
    except FormStale:
        return offer(request, subscription, contract, wanted, changing.quote(gateway, contract, wanted), is_stale=True)
    # Written down first: Stripe may do it and its answer get lost, and a sync that comes meanwhile must see whose wish
    # the new price is.
    said = "\n".join(quoted(subscription, wanted, agreed, contract.quantity).lines())
    agreements.note_change(subscription, wanted, Shown(said, QUOTE_VERSION), quantity=contract.quantity)
    changing.carry_out(gateway, contract, wanted, agreed, token)
    bring(subscription, gateway)
    subscription.refresh_from_db()
    tell(request, subscription, wanted)
    return redirect("account")


def not_offered(request: HttpRequest, subscription: Subscription, price_pk: int) -> HttpResponse:
    """A price that was sold until now is spoken of; one that never was, or is another's secret, is not there."""
    if not PlanPrice.objects.filter(pk=price_pk, plan__is_by_link=False).exists():
        raise Http404
    return refuse(request, subscription, _("This plan is not offered to you at this price. Please choose another."))


def refuse(request: HttpRequest, subscription: Subscription, sentence: str) -> HttpResponse:
    context = shown(subscription) | {"refused": sentence}
    return render(request, "subscriptions/change.html", context, status=409)


def offer(
    request: HttpRequest,
    subscription: Subscription,
    contract: Contract,
    wanted: PlanPrice,
    quote: Quote,
    *,
    is_stale: bool = False,
) -> HttpResponse:
    context = shown(subscription) | {
        "chosen": wanted.plan.name,
        "quoted": quoted(subscription, wanted, quote, contract.quantity),
        "token": changing.signed(subscription, wanted, quote),
        "is_stale": is_stale,
    }
    return render(request, "subscriptions/change_quote.html", context, status=409 if is_stale else 200)


def tell(request: HttpRequest, subscription: Subscription, wanted: PlanPrice) -> None:
    told = {"name": wanted.plan.name, "price": price_label(wanted)}
    if subscription.price_id == wanted.stripe_id:
        messages.success(request, _("Done. You have %(name)s now, %(price)s.") % told)
    elif subscription.pending_update_until is not None:
        messages.warning(request, _("The change is made as soon as its payment has gone through. See below."))
    elif subscription.pending_from is not None:
        told["day"] = day_of(subscription.pending_from)
        messages.success(request, _("Done. From %(day)s you have %(name)s, %(price)s.") % told)
    else:
        messages.info(request, _("Your wish has been sent. This page will show it in a moment."))


@never_cache
@login_required
@require_POST
@limited
def keep_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """What was planned for the period's end is not to be."""
    subscription = own_subscription(request, pk)
    gateway = Gateway(in_request=True)
    if subscription.schedule_id:
        note_plan_kept(subscription)
    try:
        changing.drop_planned(gateway, subscription.stripe_id)
    except StripeFailed as error:
        return away(request, subscription, error)
    bring(subscription, gateway)
    messages.success(request, _("You keep your present plan."))
    return redirect("account")
