"""The corrections of an article, on its own form: they are part of it, and only what has been out has any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from articles.models import Article, Correction

if TYPE_CHECKING:
    CorrectionStackedInline = admin.StackedInline[Correction, Article]
else:
    CorrectionStackedInline = admin.StackedInline


class CorrectionInline(CorrectionStackedInline):
    model = Correction
    fields = ("kind", "text", "made_at")
    readonly_fields = ("made_at",)
    extra = 0
