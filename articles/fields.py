"""Text fields for words that go into pages, feeds and sitemaps as they are."""

from __future__ import annotations

from typing import Any

from django.db import models

from articles.html_tokens import printable


class PlainCharField(models.CharField[str, str]):
    """Drops, on the way into the database, the control characters that no XML can hold and a paste may bring along."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return printable(prepared) if isinstance(prepared, str) else prepared


class PlainTextField(models.TextField[str, str]):
    """As PlainCharField, for longer texts."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return printable(prepared) if isinstance(prepared, str) else prepared
