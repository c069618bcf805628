"""Plans, leads and grants in admin.

Leads are only looked at; a grant is given with its reason, and revoked rather than deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ActionLocation
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from subscriptions.models import Grant, Lead, Plan, PlanInterval, PlanKind

if TYPE_CHECKING:
    PlanModelAdmin = admin.ModelAdmin[Plan]
    PlanModelForm = forms.ModelForm[Plan]
    LeadModelAdmin = admin.ModelAdmin[Lead]
    GrantModelAdmin = admin.ModelAdmin[Grant]
    GrantModelForm = forms.ModelForm[Grant]
else:
    PlanModelAdmin = LeadModelAdmin = GrantModelAdmin = admin.ModelAdmin
    PlanModelForm = GrantModelForm = forms.ModelForm


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
        return cleaned


@admin.register(Plan)
class PlanAdmin(PlanModelAdmin):
    form = PlanForm
    fieldsets = (
        (None, {"fields": ("name", "key", "kind", ("amount_minor", "currency", "interval"))}),
        (
            gettext_lazy("At the gate"),
            {"fields": ("description", "button", "small_print", "position", "is_offered", "is_highlighted")},
        ),
    )
    list_display = ("name", "kind", "price_label", "interval", "position", "is_offered", "is_highlighted")
    list_editable = ("position", "is_offered", "is_highlighted")

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        return () if obj is None else ("key",)


@admin.register(Lead)
class LeadAdmin(LeadModelAdmin):
    list_display = ("email", "plan", "created_at", "confirmed_at", "source_path")
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter), "plan", "consent_version")
    show_full_result_count = False
    date_hierarchy = "created_at"
    search_fields = ("email__exact",)
    search_help_text = gettext_lazy("The whole address.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Lead], bool]:
        return super().get_search_results(request, queryset, search_term.strip().lower())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Lead | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Lead | None = None) -> bool:
        return False


class GrantForm(GrantModelForm):
    class Meta:
        model = Grant
        fields = ("user", "scope", "starts_at", "ends_at", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "reason" in self.fields:
            self.fields["reason"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts_at, ends_at = cleaned.get("starts_at", self.instance.starts_at), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("A grant ends after it begins."))
        return cleaned


@admin.register(Grant)
class GrantAdmin(GrantModelAdmin):
    form = GrantForm
    autocomplete_fields = ("user",)
    list_display = ("user", "state", "scope", "starts_at", "ends_at", "reason", "given_by")
    list_filter = ("source", ("revoked_at", admin.EmptyFieldListFilter))
    show_full_result_count = False
    search_fields = ("user__email__exact",)
    search_help_text = gettext_lazy("The whole address.")
    actions = ("revoke",)

    @admin.display(description=gettext_lazy("state"))
    def state(self, grant: Grant) -> str:
        now = timezone.now()
        if grant.revoked_at is not None:
            return _("revoked")
        if grant.starts_at > now:
            return _("not begun")
        return _("live") if grant.is_live(now) else _("ended")

    def get_fields(self, request: HttpRequest, obj: Grant | None = None) -> Any:
        given = ("user", "scope", "starts_at", "ends_at", "reason")
        return given if obj is None else (*given, "source", "given_by", "created_at", "revoked_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Grant | None = None) -> tuple[str, ...]:
        """A grant that was given stands: its end may be moved and its reason worded, the rest is a matter of record."""
        return () if obj is None else ("user", "scope", "starts_at", "source", "given_by", "created_at", "revoked_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Grant], bool]:
        return super().get_search_results(request, queryset, search_term.strip().lower())

    def has_delete_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        if not change:
            obj.given_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    @admin.action(
        permissions=["change"],
        description=gettext_lazy("Revoke"),
        location=[ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM],
    )
    def revoke(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        with transaction.atomic():
            grants = list(queryset.filter(revoked_at=None).select_for_update(of=("self",)))
            for grant in grants:
                grant.revoked_at = timezone.now()
                grant.save(update_fields=["revoked_at"])
                self.log_change(request, grant, _("Revoked."))
        told = ngettext("%(count)d grant was revoked.", "%(count)d grants were revoked.", len(grants)) % {
            "count": len(grants)
        }
        self.message_user(request, told, messages.SUCCESS)
