"""Leads are only looked at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from subscriptions.admin.looking import ReadOnlyAdmin, WholeAddressSearch
from subscriptions.models import Lead


@admin.register(Lead)
class LeadAdmin(WholeAddressSearch, ReadOnlyAdmin):
    list_display = ("email", "plan", "created_at", "confirmed_at", "source_path", "source")
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter), "plan", "source", "consent_version")
    list_select_related = ("plan",)
    date_hierarchy = "created_at"
    search_fields = ("email__exact",)
    search_help_text = gettext_lazy("The whole address.")
