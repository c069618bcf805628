"""No editor undoes another's work unawares: a form is refused once what it shows has been saved by somebody else.

Not about who may change what.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    AnyModelForm = forms.ModelForm[Any]
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelForm = forms.ModelForm
    AnyModelAdmin = admin.ModelAdmin

CHANGED_MEANWHILE = gettext_lazy(
    "Somebody else has saved this since you opened it, and nothing of yours was saved. "
    "Your version stands below: copy what you need of it, then open the page again."
)


class OpenedForm(AnyModelForm):
    """Knows the row as it was when the form was opened, and keeps what was typed when it refuses."""

    opened_as = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["opened_as"] = self.state_of(self.instance)

    def state_of(self, stored: Any) -> str:
        """Another one after each change that this form could undo. `stored` is as it came from the database."""
        return digest(editable_values(stored))

    def clean(self) -> dict[str, Any]:
        """Locks the row until the transaction of the form ends, so that of two forms at once the second is refused."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        opened_as = cleaned.get("opened_as")
        if self.instance.pk and opened_as:
            rows = type(self.instance)._default_manager.select_for_update(of=("self",))
            stored = rows.filter(pk=self.instance.pk).first()
            if stored is None or self.state_of(stored) != opened_as:
                self.add_error(None, CHANGED_MEANWHILE)
        return cleaned


class OpenedAdmin(AnyModelAdmin):
    """Whose form is an `OpenedForm`: puts the hidden field on it for those who may save."""

    form = OpenedForm

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not self.has_change_permission(request, obj):
            return fieldsets
        (name, options), *others = fieldsets
        return ((name, {**options, "fields": (*options["fields"], "opened_as")}), *others)


def editable_values(stored: Model) -> list[str]:
    return [field.value_to_string(stored) for field in stored._meta.concrete_fields if field.editable]


def digest(values: list[Any]) -> str:
    """`values` hold what JSON can hold."""
    return sha256(json.dumps(values).encode()).hexdigest()
