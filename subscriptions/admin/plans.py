"""Plans, ordered and worded by editors, and below each the prices at Stripe that it has had."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subscriptions.catalogue import sync_plans_soon
from subscriptions.models import Plan, PlanInterval, PlanKind, PlanPrice

if TYPE_CHECKING:
    PlanModelAdmin = admin.ModelAdmin[Plan]
    PlanModelForm = forms.ModelForm[Plan]
    PriceInline = admin.TabularInline[PlanPrice, Plan]
else:
    PlanModelAdmin = admin.ModelAdmin
    PlanModelForm = forms.ModelForm
    PriceInline = admin.TabularInline

SOLD = {"name", "kind", "amount_minor", "currency", "interval", "is_offered"}  # what Stripe has to know of a plan


class PlanForm(PlanModelForm):
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
        return cleaned


class PlanPriceInline(PriceInline):
    model = PlanPrice
    fields = ("stripe_id", "product_id", "currency", "amount_minor", "interval", "is_active")
    readonly_fields = fields
    extra = 0
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
    inlines = (PlanPriceInline,)
    fieldsets = (
        (None, {"fields": ("name", "key", "kind", ("amount_minor", "currency", "interval"), "allowance")}),
        (
            gettext_lazy("At the gate"),
            {"fields": ("description", "button", "small_print", "position", "is_offered", "is_highlighted")},
        ),
    )
    list_display = ("name", "kind", "price_label", "interval", "allowance", "position", "is_offered", "is_highlighted")
    list_editable = ("position", "is_offered", "is_highlighted")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Where something stands in the way, its sentences instead of row after row."""
        against = [sentence for plan in objs for objection in objections if (sentence := objection(plan))]
        return ([], {}, set(), against) if against else super().get_deleted_objects(objs, request)

    def get_inlines(self, request: HttpRequest, obj: Plan | None) -> Any:
        return () if obj is None else super().get_inlines(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        return () if obj is None else ("key",)

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if settings.STRIPE_SECRET_KEY and SOLD.intersection(form.changed_data):
            transaction.on_commit(sync_plans_soon.enqueue)
