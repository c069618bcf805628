"""Tables of forms whose fields have names of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst

if TYPE_CHECKING:
    AnyInlineFormSet = forms.BaseInlineFormSet[Any, Any, Any]
else:
    AnyInlineFormSet = forms.BaseInlineFormSet


class NamedFieldsFormSet(AnyInlineFormSet):
    """Says by itself what each field is: in a table of forms only the head of the column does, to eyes alone."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            if not field.widget.is_hidden:
                # That of an author or an article is wrapped, with the links beside it.
                widget = getattr(field.widget, "widget", field.widget)
                widget.attrs["aria-label"] = capfirst(field.label)
