"""Form fields of the account pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.addresses import LONGEST_ADDRESS, AddressRefused, normalise


class AddressField(forms.CharField):
    """An e-mail address in the one form that the site knows, or the sentence that says what is wrong with it."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("E-mail address"))
        options.setdefault("error_messages", {"required": _("Please type your e-mail address.")})
        attributes = {"autocomplete": "email", "maxlength": LONGEST_ADDRESS, "spellcheck": "false"}
        super().__init__(strip=False, widget=forms.EmailInput(attributes), **options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if not text:
            return ""
        try:
            return normalise(text)
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code="invalid") from None


class EmptiedInput(forms.TextInput):
    """Comes back empty: what was wrong is typed anew, not mended."""

    def format_value(self, value: Any) -> str | None:
        return None


class CodeField(forms.CharField):
    """Six digits; spaces and dashes between them do no harm."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Code"))
        options.setdefault("error_messages", {"required": _("Please type the six digits of the code.")})
        attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false", "autofocus": True}
        super().__init__(max_length=32, widget=EmptiedInput(attributes), **options)
