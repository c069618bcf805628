"""Publishers move the subscribers of a plan's former prices to the one that is sold now: first whom it concerns, from
when on and what they are told, then the deed, which is refused where that has changed meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from subscriptions.account.notices import PRICE_NOTICE, new_price
from subscriptions.account.sentences import day_of, price_label
from subscriptions.contracts.price_moves import LONGEST_NOTICE, Moving, ask, preview, steady
from subscriptions.models import MoveState, Plan, PlanKind, PlanPrice, PriceMove, Subscription
from subscriptions.statuses import LIVE_STATUSES

MAY_MOVE = ("subscriptions.change_plan", "subscriptions.change_subscription")
PREVIEW_LASTS = timedelta(hours=1)
SEAL = signing.TimestampSigner(salt="subscriptions.admin.price_moves")


class NoticeForm(forms.Form):
    days = forms.IntegerField(
        label=gettext_lazy("Days of notice"),
        initial=PRICE_NOTICE.days,
        min_value=PRICE_NOTICE.days,
        max_value=LONGEST_NOTICE,
        help_text=gettext_lazy("Each subscriber pays the new price from the first renewal on that is so far ahead."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def move_subscribers(request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.has_perms(MAY_MOVE):
        raise PermissionDenied
    plan = get_object_or_404(Plan, pk=pk, kind=PlanKind.RECURRING)
    form = NoticeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return shown(request, plan, {"form": form}, status=400 if form.errors else 200)
    days, now = form.cleaned_data["days"], timezone.now()
    moves = preview(plan, days, now)
    is_agreed = "confirmed" in request.POST and is_sealed(request.POST.get("seal", ""), plan, days, moves)
    if is_agreed and moves:
        return asked(request, plan, days)
    context = {"form": form, "is_preview": True, "seal": sealed(plan, days, moves), **figures(moves)}
    is_stale = "confirmed" in request.POST
    return shown(request, plan, context | {"is_stale": is_stale}, status=409 if is_stale else 200)


def asked(request: HttpRequest, plan: Plan, days: int) -> HttpResponse:
    with transaction.atomic():
        count = ask(plan, days)
        deed = _("Subscribers of former prices moved to the one sold now, with %(days)d days of notice: %(count)d.")
        admin.site.get_model_admin(Plan).log_change(request, plan, deed % {"days": days, "count": count})
    told = ngettext(
        "%(count)d subscriber is being told. This page shows how far it is.",
        "%(count)d subscribers are being told. This page shows how far it is.",
        count,
    )
    messages.success(request, told % {"count": count})
    return HttpResponseRedirect(request.path)


def figures(moves: list[Moving]) -> dict[str, Any]:
    """The rows of the preview, and the mail as the first of those concerned will get it."""
    rows = [
        {
            "former": price_label(move.former),
            "price": price_label(move.price),
            "count": len(move.subscriptions),
            "first": day_of(move.first_at),
            "last": day_of(move.last_at),
        }
        for move in moves
    ]
    mail = mail_to(moves[0].subscriptions[0], moves[0].price, moves[0].first_at) if moves else ""
    return {"rows": rows, "mail": mail}


def mail_to(subscription: Subscription, price: PlanPrice, on: datetime) -> str:
    terms = PriceMove(subscription=subscription, price=price).for_all
    context = new_price(subscription, price_label(subscription), price_label(terms), on, timezone.now())
    context |= {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
    return render_to_string("subscriptions/mail/price_change.txt", context)


def seal_of(plan: Plan, days: int, moves: list[Moving]) -> list[Any]:
    return [plan.pk, days, [[move.former.pk, move.price.pk, len(move.subscriptions)] for move in moves]]


def sealed(plan: Plan, days: int, moves: list[Moving]) -> str:
    """What was shown, for the form to carry it."""
    return SEAL.sign_object(seal_of(plan, days, moves))


def is_sealed(seal: str, plan: Plan, days: int, moves: list[Moving]) -> bool:
    """Whether this is what was shown, lately."""
    try:
        return bool(SEAL.unsign_object(seal, max_age=PREVIEW_LASTS) == seal_of(plan, days, moves))
    except signing.BadSignature:
        return False


def shown(request: HttpRequest, plan: Plan, context: dict[str, Any], status: int = 200) -> HttpResponse:
    counts = dict(
        PriceMove.objects.filter(price__plan=plan).order_by().values_list("state").annotate(count=Count("pk"))
    )
    former = PlanPrice.objects.filter(plan=plan, is_active=False).values("stripe_id")
    live = Subscription.objects.of_this_mode().filter(plan=plan, price_id__in=former, status__in=LIVE_STATUSES)
    whole = {
        **admin.site.each_context(request),
        "title": _("Move subscribers to the price of now"),
        "plan": plan,
        "back_url": reverse("admin:subscriptions_plan_change", args=(plan.pk,)),
        "counts": [(MoveState(state).label, count) for state, count in sorted(counts.items())],
        "left_alone": live.exclude(pk__in=steady()).count(),
        **context,
    }
    template = "admin/subscriptions/plan/move.html"
    return TemplateResponse(request, template, whole, status=status, headers={"Cache-Control": "private, no-store"})
