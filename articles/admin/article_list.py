"""What narrows the list of articles."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models import Article, Status


class StateFilter(admin.SimpleListFilter):
    """By the state as editors see it: a scheduled article is stored as a published one whose moment has not come."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, Any]]:
        return [
            ("draft", _("draft")),
            ("scheduled", _("scheduled")),
            ("published", _("published")),
            ("withdrawn", _("withdrawn")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> QuerySet[Article]:
        now = timezone.now()
        conditions = {
            "draft": Q(status=Status.DRAFT),
            "scheduled": Q(status=Status.PUBLISHED, published_at__gt=now),
            "published": Q(status=Status.PUBLISHED, published_at__lte=now),
            "withdrawn": Q(status=Status.WITHDRAWN),
        }
        condition = conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)
