"""Plans, ordered and worded by editors, and below each the prices at Stripe that it has had."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subscriptions.admin.price_moves import move_subscribers
from subscriptions.catalogue import sync_plan, sync_plans_soon
from subscriptions.models import PAID_ONCE, Plan, PlanAmount, PlanInterval, PlanKind, PlanPrice
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeRefused

if TYPE_CHECKING:
    PlanModelAdmin = admin.ModelAdmin[Plan]
    PlanModelForm = forms.ModelForm[Plan]
    PriceInline = admin.TabularInline[PlanPrice, Plan]
    AmountInline = admin.TabularInline[PlanAmount, Plan]
    AmountFormSet = BaseInlineFormSet[PlanAmount, Plan, forms.ModelForm[PlanAmount]]
else:
    PlanModelAdmin = admin.ModelAdmin
    PlanModelForm = forms.ModelForm
    PriceInline = AmountInline = admin.TabularInline
    AmountFormSet = BaseInlineFormSet

SOLD = {"name", "kind", "amount_minor", "currency", "interval", "is_offered"}  # what Stripe has to know of a plan


class PlanForm(PlanModelForm):
    renew_offer = forms.BooleanField(
        label=gettext_lazy("renew the secret address"),
        required=False,
        help_text=gettext_lazy("Whoever has the present one is then led to the options of everybody."),
    )

    class Meta:
        model = Plan
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") == PlanKind.REGISTRATION and cleaned.get("amount_minor"):
            self.add_error("amount_minor", _("Registration is free: its price is 0."))
        if cleaned.get("kind") == PlanKind.RECURRING and cleaned.get("interval") == PlanInterval.NONE:
            self.add_error("interval", _("A subscription recurs every month or every year."))
        if cleaned.get("kind") != PlanKind.REGISTRATION and cleaned.get("allowance") == 0:
            self.add_error("allowance", _("Whoever pays reads something: leave it empty for the whole library."))
        self.check_paid_once(cleaned)
        self.check_trial(cleaned.get("kind"), cleaned.get("trial_days") or 0)
        if cleaned.get("is_by_link") and cleaned.get("kind") == PlanKind.REGISTRATION:
            self.add_error("is_by_link", _("Registration is for everybody."))
        return cleaned

    def check_paid_once(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("kind") not in PAID_ONCE:
            return
        if cleaned.get("interval") != PlanInterval.NONE:
            self.add_error("interval", _("It is paid once, so it has no interval."))
        if not cleaned.get("amount_minor"):
            self.add_error("amount_minor", _("It has a price: who may read for nothing gets a grant."))
        if cleaned.get("allowance") is not None:
            self.add_error("allowance", _("It opens all that it is for: leave this empty."))

    def check_trial(self, kind: str | None, days: int) -> None:
        if days and kind != PlanKind.RECURRING:
            self.add_error("trial_days", _("Only a subscription has a trial."))
        elif 0 < days < settings.TRIAL_NOTICE_DAYS:
            told = {"days": settings.TRIAL_NOTICE_DAYS}
            sentence = _("Readers are told of the first payment %(days)d days before, so a trial is at least as long.")
            self.add_error("trial_days", sentence % told)


class FurtherPriceFormSet(AmountFormSet):
    def clean(self) -> None:
        super().clean()
        plan = self.instance
        for form in self.forms:
            cleaned = getattr(form, "cleaned_data", {})
            if not cleaned or cleaned.get("DELETE"):
                continue
            interval = cleaned.get("interval", "")
            if (cleaned.get("currency"), interval) == (plan.currency, plan.interval):
                form.add_error("currency", _("This is the currency and interval of the plan's own price above."))
            if plan.kind == PlanKind.REGISTRATION:
                form.add_error("amount_minor", _("Registration is free: it has no prices."))
            elif (plan.kind == PlanKind.RECURRING) is (interval == PlanInterval.NONE):
                form.add_error("interval", _("A subscription recurs every month or every year, everything else never."))


class PlanAmountInline(AmountInline):
    model = PlanAmount
    formset = FurtherPriceFormSet
    fields = ("amount_minor", "currency", "interval")
    extra = 0
    verbose_name_plural = gettext_lazy("further prices: other currencies and intervals")


class PlanPriceInline(PriceInline):
    model = PlanPrice
    fields = ("stripe_id", "product_id", "currency", "amount_minor", "interval", "is_active")
    readonly_fields = fields
    extra = 0
    verbose_name_plural = gettext_lazy("prices at Stripe, former ones too")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# Of a plan: why it has to stay, in a sentence for staff; empty where nothing is against it.
type Objection = Callable[[Plan], str]
objections: list[Objection] = []


def add_objection(objection: Objection) -> None:
    """Let an upper app keep a plan from being deleted in admin that its own rows name."""
    objections.append(objection)


@admin.register(Plan)
class PlanAdmin(PlanModelAdmin):
    form = PlanForm
    inlines = (PlanAmountInline, PlanPriceInline)
    fieldsets = (
        (None, {"fields": ("name", "key", "kind", ("amount_minor", "currency", "interval"), "allowance")}),
        (gettext_lazy("Free trial"), {"fields": ("trial_days", "trial_needs_card")}),
        (gettext_lazy("Paid once"), {"fields": (("pass_hours", "gift_months"),)}),
        (gettext_lazy("Groups"), {"fields": ("is_group", ("least_seats", "most_seats"))}),
        (gettext_lazy("By a secret address"), {"fields": ("is_by_link", "offer_address", "renew_offer")}),
        (
            gettext_lazy("At the gate"),
            {
                "fields": (
                    "description",
                    "button",
                    "small_print",
                    "position",
                    "is_offered",
                    "is_at_gate",
                    "is_highlighted",
                )
            },
        ),
    )
    list_display = ("name", "kind", "price_label", "interval", "allowance", "position", "is_offered", "is_highlighted")
    list_editable = ("position", "is_offered", "is_highlighted")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Where something stands in the way, its sentences instead of row after row."""
        against = [sentence for plan in objs for objection in objections if (sentence := objection(plan))]
        return ([], {}, set(), against) if against else super().get_deleted_objects(objs, request)

    def get_urls(self) -> list[URLPattern]:
        """The page on which subscribers of former prices are moved asks for permissions of its own."""
        view = self.admin_site.admin_view(move_subscribers)
        return [path("<int:pk>/move/", view, name="subscriptions_plan_move"), *super().get_urls()]

    def get_inlines(self, request: HttpRequest, obj: Plan | None) -> Any:
        return (PlanAmountInline,) if obj is None else super().get_inlines(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        return ("offer_address",) if obj is None else ("key", "offer_address")

    @admin.display(description=gettext_lazy("address"))
    def offer_address(self, plan: Plan) -> str:
        if not plan.is_by_link:
            return _("None: this is a plan for everybody.")
        return f"{settings.SITE_URL}{reverse('paywall:plans')}?offer={plan.offer_secret}"

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        if (obj.is_by_link and not obj.offer_secret) or form.cleaned_data.get("renew_offer"):
            obj.renew_secret()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        is_other = SOLD.intersection(form.changed_data) or any(formset.has_changed() for formset in formsets)
        if settings.STRIPE_SECRET_KEY and is_other:
            transaction.on_commit(partial(bring_to_stripe, request, form.instance))


def bring_to_stripe(request: HttpRequest, plan: Plan) -> None:
    """Make the plan's prices at Stripe now, and say so, or why not; then the queue tries again."""
    if not Plan.objects.sold().filter(pk=plan.pk).exists():
        return
    told = {"plan": plan.name}
    try:
        done = sync_plan(plan, Gateway(in_request=True))
    except StripeRefused as error:
        told["code"] = error.param or error.code or _("without a reason")
        sentence = (
            _("Stripe does not take a price of “%(plan)s” (%(code)s), so it is not sold. Please look at it.") % told
        )
        messages.error(request, sentence)
    except StripeFailed:
        sync_plans_soon.enqueue()
        sentence = _("Stripe does not answer just now. “%(plan)s” is sold at its new prices as soon as it does.") % told
        messages.warning(request, sentence)
    else:
        for line in done:
            messages.success(request, _("At Stripe: %(line)s") % {"line": line})
