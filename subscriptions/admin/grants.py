"""A grant is given with its reason, and revoked rather than deleted."""

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

from subscriptions.admin.acting import ReasonedActionForm, told_with
from subscriptions.admin.looking import WholeAddressSearch
from subscriptions.models import Grant
from subscriptions.paid_once.unbacked import end_unbacked_of_reader

if TYPE_CHECKING:
    GrantModelForm = forms.ModelForm[Grant]
else:
    GrantModelForm = forms.ModelForm

RECORDED = ("source", "given_by", "created_at", "revoked_at", "revoked_by", "revoked_reason")


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
class GrantAdmin(WholeAddressSearch):
    form = GrantForm
    autocomplete_fields = ("user",)
    list_display = ("user", "state", "scope", "starts_at", "ends_at", "reason", "given_by")
    list_filter = ("source", ("revoked_at", admin.EmptyFieldListFilter))
    show_full_result_count = False
    search_fields = ("user__email__exact",)
    search_help_text = gettext_lazy("The whole address.")
    actions = ("revoke",)
    action_form = ReasonedActionForm

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
        return given if obj is None else (*given, *RECORDED)

    def get_readonly_fields(self, request: HttpRequest, obj: Grant | None = None) -> tuple[str, ...]:
        """A grant that was given stands: its end may be moved and its reason worded, the rest is a matter of record."""
        return () if obj is None else ("user", "scope", "starts_at", *RECORDED)

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
        why = told_with(request, "why")
        if not why:
            self.message_user(request, _("Say why: nothing was revoked."), messages.ERROR)
            return
        with transaction.atomic():
            grants = list(queryset.filter(revoked_at=None).select_for_update(of=("self",)))
            for grant in grants:
                grant.revoked_at, grant.revoked_by_id, grant.revoked_reason = timezone.now(), request.user.pk, why
                grant.save(update_fields=["revoked_at", "revoked_by", "revoked_reason"])
                end_unbacked_of_reader(grant.user_id, timezone.now())
                self.log_change(request, grant, _("Revoked."))
        told = ngettext("%(count)d grant was revoked.", "%(count)d grants were revoked.", len(grants)) % {
            "count": len(grants)
        }
        self.message_user(request, told, messages.SUCCESS)
