"""Text fields for words that go into pages, feeds and sitemaps as they are."""

from __future__ import annotations

from typing import Any

from django.db import models

from articles.html_tokens import printable


class Printable:
    """Drops, on the way into the database, the control characters that no XML can hold and a paste may bring along."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)  # type: ignore[misc]
        return printable(prepared) if isinstance(prepared, str) else prepared


class PlainCharField(Printable, models.CharField[str, str]):
    pass


class PlainTextField(Printable, models.TextField[str, str]):
    pass
