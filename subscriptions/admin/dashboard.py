"""The dashboard in admin: figures of the subscriptions, looked at as a report and never row by row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.spreadsheets import csv_answer
from subscriptions.admin.looking import ReadOnlyAdmin
from subscriptions.figures import dashboard
from subscriptions.models import Dashboard

USUAL_MONTHS = 12
MONTHS = [(12, _("12 months")), (24, _("24 months"))]


class MonthsForm(forms.Form):
    """Left empty, it is a year."""

    months = forms.TypedChoiceField(label=_("Months"), choices=MONTHS, coerce=int, required=False)

    def clean_months(self) -> int:
        return int(self.cleaned_data["months"] or USUAL_MONTHS)


@admin.register(Dashboard)
class DashboardAdmin(ReadOnlyAdmin):
    def get_urls(self) -> list[URLPattern]:
        export = path("csv/<slug:table>/", self.admin_site.admin_view(self.export), name="subscriptions_dashboard_csv")
        return [export, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        form = self.form_of(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Dashboard"),
            "opts": self.opts,
            "form": form,
            "query": request.GET.urlencode(),
            "states": dashboard.State.labels,
            "causes": dashboard.Cause.labels,
        }
        if form.is_valid():
            found = dashboard.figures(timezone.now(), form.cleaned_data["months"])
            context |= {"figures": found, "charts": dashboard.charts(found.months)}
        status = 200 if form.is_valid() else 400
        return TemplateResponse(request, "admin/subscriptions/dashboard/report.html", context, status=status)

    def export(self, request: HttpRequest, table: str) -> HttpResponseBase:
        form = self.form_of(request)
        if table not in dashboard.TABLES:
            raise Http404
        if not form.is_valid():
            return self.changelist_view(request)
        now = timezone.now()
        head, rows = dashboard.TABLES[table]
        name = f"subscriptions-{table}-{timezone.localdate(now):%Y-%m-%d}.csv"
        return csv_answer(name, head, rows(dashboard.figures(now, form.cleaned_data["months"])))

    def form_of(self, request: HttpRequest) -> MonthsForm:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return MonthsForm(request.GET)
