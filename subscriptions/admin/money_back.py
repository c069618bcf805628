"""Staff give money back and end subscriptions: first a preview in Stripe's figures, then the deed, which is refused
where the figures have moved. What it opens or closes is said before it is done.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from subscriptions.account.sentences import day_of, name_of, next_sentence
from subscriptions.contracts.managing import bring
from subscriptions.mirroring.charges import goes_on
from subscriptions.models import Invoice, PlanKind, Purchase, Subscription
from subscriptions.models.plan import MINOR_DIGITS, money
from subscriptions.money_back.giving_back import Left, end, give_back, left_of, preview_end, still_holds
from subscriptions.money_back.refunds import RefundPreview, Share
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeRefused
from subscriptions.sync import mark_dirty

logger = logging.getLogger(__name__)

RETURN = "subscriptions.return_money"
PREVIEW_LASTS = timedelta(hours=1)
LONGEST_NOTE = 200
SEAL = signing.TimestampSigner(salt="subscriptions.admin.money_back")


class ReturnForm(forms.Form):
    """`amount` in whole units, with the decimals of the currency."""

    amount = forms.DecimalField(label=gettext_lazy("Amount"), max_digits=12, min_value=Decimal(0))
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[
            ("requested_by_customer", gettext_lazy("the reader asked for it")),
            ("duplicate", gettext_lazy("paid twice")),
            ("fraudulent", gettext_lazy("fraud")),
        ],
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=LONGEST_NOTE, help_text=gettext_lazy("Stands in the log of staff.")
    )

    def __init__(self, *args: Any, left: Left, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = left
        digits = MINOR_DIGITS.get(left.currency, 2)
        self.fields["amount"] = forms.DecimalField(
            label=_("Amount in %(currency)s") % {"currency": left.currency},
            max_digits=12,
            decimal_places=digits,
            initial=Decimal(left.amount_minor).scaleb(-digits),
            widget=forms.NumberInput(attrs={"step": str(Decimal(1).scaleb(-digits))}),
        )

    def clean_amount(self) -> int:
        digits = MINOR_DIGITS.get(self.left.currency, 2)
        amount = int(self.cleaned_data["amount"].scaleb(digits))
        if not 0 < amount <= self.left.amount_minor:
            left = money(self.left.amount_minor, self.left.currency)
            raise forms.ValidationError(_("At most %(left)s can still go back.") % {"left": left})
        return amount


class EndForm(forms.Form):
    when = forms.ChoiceField(label=gettext_lazy("When"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=LONGEST_NOTE, help_text=gettext_lazy("Stands in the log of staff.")
    )

    def __init__(self, *args: Any, may_return: bool, is_ending: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        later = [] if is_ending else [("period_end", _("with the time that is paid for"))]
        back = [("back", _("at once, and what is not used goes back"))] if may_return else []
        self.choices = [*later, ("now", _("at once, and nothing goes back")), *back]
        self.fields["when"] = forms.ChoiceField(label=_("When"), choices=self.choices, widget=forms.RadioSelect)

    def words_of(self, when: str) -> str:
        return str(dict(self.choices)[when])


# --- Giving back --------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def return_invoice(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Invoice.objects.select_related("customer", "subscription__user", "subscription__plan")
    return returned(request, get_object_or_404(rows, pk=pk))


@require_http_methods(["GET", "HEAD", "POST"])
def return_purchase(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Purchase.objects.select_related("customer", "user", "price__plan")
    return returned(request, get_object_or_404(rows, pk=pk))


def returned(request: HttpRequest, sold: Invoice | Purchase) -> HttpResponse:
    if not request.user.has_perm(RETURN):
        raise PermissionDenied
    gateway = Gateway(in_request=True)
    try:
        left = left_of(sold, gateway)
        form = ReturnForm(request.POST or None, left=left)
        label = money(left.amount_minor, left.currency)
        context: dict[str, Any] = {"sold": sold, "left": left, "left_label": label, "seal": left.seal}
        if request.method != "POST" or not form.is_valid():
            return shown(request, sold, "return", context | {"form": form}, status=400 if form.errors else 200)
        amount = form.cleaned_data["amount"]
        context |= {"form": form, "amount_label": money(amount, left.currency), "follows": follows(sold, left, amount)}
        if "confirmed" not in request.POST:
            return shown(request, sold, "return", context | {"is_preview": True})
        if request.POST.get("seal") != left.seal:
            return shown(request, sold, "return", context | {"is_stale": True, "is_preview": True}, status=409)
        return carried_out(request, sold, left, form.cleaned_data, gateway)
    except StripeFailed as error:
        return not_confirmed(request, sold, error)


def carried_out(
    request: HttpRequest, sold: Invoice | Purchase, left: Left, told: dict[str, Any], gateway: Gateway
) -> HttpResponse:
    label = money(told["amount"], left.currency)
    log(request, sold, _("Return of %(amount)s asked for: %(note)s") % {"amount": label, "note": told["note"]})
    went_back = give_back(left, told["amount"], told["reason"], gateway)
    bring_customer(sold, gateway)
    if went_back == told["amount"]:
        done = _("%(amount)s go back. %(follows)s") % {"amount": label, "follows": follows(sold, left, told["amount"])}
        messages.success(request, done)
    else:
        some = {"amount": label, "part": money(went_back, left.currency)}
        messages.error(request, _("Stripe refused: of %(amount)s only %(part)s go back.") % some)
    return HttpResponseRedirect(page_of(sold))


def follows(sold: Invoice | Purchase, left: Left, amount: int) -> str:
    """What becomes of the reader's access, in a sentence."""
    is_whole = amount == left.amount_minor
    if isinstance(sold, Invoice):
        subscription = sold.subscription
        if not goes_on(subscription):
            return _("The subscription has ended already. Nothing else changes.")
        told = {"name": name_of(subscription), "next": next_sentence(subscription, timezone.now())}
        return _("This does not end the subscription. %(name)s: %(next)s To end it, cancel it.") % told
    if not is_whole:
        return _("What was bought stays open.")
    if sold.price.plan.kind == PlanKind.GIFT:
        return _("The gift ends at once, also for who has redeemed it.")
    return _("What was bought closes at once.")


def bring_customer(sold: Invoice | Purchase, gateway: Gateway) -> None:
    if isinstance(sold, Invoice):
        bring(sold.subscription, gateway)
    else:
        mark_dirty(sold.customer_id)


# --- Ending -------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def end_subscription(request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.has_perm("subscriptions.change_subscription"):
        raise PermissionDenied
    subscription = get_object_or_404(Subscription.objects.select_related("customer", "user", "plan"), pk=pk)
    if subscription.status not in LIVE_STATUSES or subscription.ended_at is not None:
        messages.warning(request, _("This subscription has ended already."))
        return HttpResponseRedirect(page_of(subscription))
    may_return = request.user.has_perm(RETURN)
    form = EndForm(request.POST or None, may_return=may_return, is_ending=subscription.ends_at is not None)
    context: dict[str, Any] = {"subscription": subscription, "form": form, "sentence": sentence_of(subscription)}
    if request.method != "POST" or not form.is_valid():
        return shown(request, subscription, "end", context, status=400 if form.errors else 200)
    gateway = Gateway(in_request=True)
    try:
        return ended(request, subscription, context, gateway)
    except StripeFailed as error:
        return not_confirmed(request, subscription, error)


def ended(request: HttpRequest, subscription: Subscription, context: dict[str, Any], gateway: Gateway) -> HttpResponse:
    """The preview or, where it was confirmed and still holds, the deed."""
    when = context["form"].cleaned_data["when"]
    back = preview_end(subscription, gateway) if when == "back" else None
    if "confirmed" in request.POST:
        agreed = read_seal(request.POST.get("seal", ""), subscription, when, back)
        if agreed is not None:
            return carry_out_end(request, subscription, context["form"], agreed.back, gateway)
        context["is_stale"] = True
    context |= {"is_preview": True, "back": back, "follows": end_follows(subscription, when)}
    context["seal"] = sealed(subscription, when, back)
    if back is not None:
        context["back_label"] = money(back.amount_minor, back.currency)
        context["missing_label"] = money(back.missing_minor, back.currency) if back.missing_minor else ""
    return shown(request, subscription, "end", context, status=409 if "is_stale" in context else 200)


def carry_out_end(
    request: HttpRequest, subscription: Subscription, form: EndForm, back: RefundPreview | None, gateway: Gateway
) -> HttpResponse:
    when, note = form.cleaned_data["when"], form.cleaned_data["note"]
    log(request, subscription, _("Cancelled, %(when)s: %(note)s") % {"when": form.words_of(when), "note": note})
    went_back = end(subscription, gateway, at_once=when != "period_end", back=back)
    bring(subscription, gateway)
    subscription.refresh_from_db()
    messages.success(request, _("It is cancelled. %(sentence)s") % {"sentence": sentence_of(subscription)})
    if back is not None:
        told = {"amount": money(went_back, back.currency), "due": money(back.amount_minor, back.currency)}
        level = messages.SUCCESS if went_back == back.amount_minor else messages.ERROR
        messages.add_message(request, level, _("%(amount)s of %(due)s go back to the reader.") % told)
    return HttpResponseRedirect(page_of(subscription))


@dataclass(frozen=True, slots=True)
class Agreed:
    back: RefundPreview | None


def sealed(subscription: Subscription, when: str, back: RefundPreview | None) -> str:
    """What was shown, for the form to carry it."""
    shares = [] if back is None else [[share.payment_intent, share.amount_minor] for share in back.shares]
    amount = 0 if back is None else back.amount_minor
    return SEAL.sign_object([subscription.pk, when, amount, shares])


def read_seal(seal: str, subscription: Subscription, when: str, present: RefundPreview | None) -> Agreed | None:
    """What was shown and agreed to; None where it was for something else, is old, or the figures have moved since."""
    try:
        pk, told_when, amount, shares = SEAL.unsign_object(seal, max_age=PREVIEW_LASTS)
    except signing.BadSignature:
        return None
    if (pk, told_when) != (subscription.pk, when):
        return None
    if present is None:
        return Agreed(None)
    agreed = RefundPreview(present.currency, amount, tuple(Share(intent, part) for intent, part in shares))
    return Agreed(agreed) if still_holds(agreed, present, subscription, PREVIEW_LASTS) else None


def end_follows(subscription: Subscription, when: str) -> str:
    if when != "period_end":
        return _("What it opens closes at once.")
    if subscription.period_end is None:
        return _("It is not charged again.")
    return _("It opens until %(day)s, and is not charged again.") % {"day": day_of(subscription.period_end)}


def sentence_of(subscription: Subscription) -> str:
    return f"{name_of(subscription)}: {next_sentence(subscription, timezone.now())}"


# --- What both share ----------------------------------------------------------------------------------------------
def shown(request: HttpRequest, row: Any, step: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    titles = {"return": _("Give money back"), "end": _("Cancel a subscription")}
    context |= {**admin.site.each_context(request), "title": titles[step], "back_url": page_of(row), "row": row}
    template = f"admin/subscriptions/reader/{step}.html"
    return TemplateResponse(request, template, context, status=status, headers={"Cache-Control": "private, no-store"})


def not_confirmed(request: HttpRequest, row: Invoice | Purchase | Subscription, error: StripeFailed) -> HttpResponse:
    """Whether Stripe did something all the same is found out by the queue."""
    logger.warning("a deed of staff on %s was not confirmed: %s", row, error)
    mark_dirty(row.customer_id)
    if isinstance(error, StripeRefused):
        told = _("Stripe refused (%(code)s). Nothing was done.") % {"code": error.code or _("without a reason")}
    else:
        told = _("Stripe does not answer, so nothing is confirmed. The page shows in a moment how it stands.")
    messages.error(request, told)
    return HttpResponseRedirect(page_of(row))


def log(request: HttpRequest, row: Any, deed: str) -> None:
    """Before it is done: what was begun and then lost on the way must not go untold."""
    with transaction.atomic():
        admin.site.get_model_admin(Subscription).log_change(request, row, deed)


def page_of(row: Invoice | Purchase | Subscription) -> str:
    """The reader's page; where nobody is known yet, the list."""
    owner = row.subscription.user_id if isinstance(row, Invoice) else row.user_id
    if owner is None:
        return reverse("admin:subscriptions_subscription_changelist")
    return reverse("admin:subscriptions_reader", kwargs={"pk": owner})
