"""The meter in admin: one page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from articles.admin.opened import OpenedAdmin
from paywall.models import Meter
from paywall.models.meter import ONLY


@admin.register(Meter)
class MeterAdmin(OpenedAdmin):
    fields = ("period_kind", "days", "anonymous_allowance")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one, so its list leads to it at once."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        Meter.objects.get_or_create(pk=ONLY)
        return HttpResponseRedirect(reverse("admin:paywall_meter_change", args=[ONLY]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Meter | None = None) -> bool:
        return False
