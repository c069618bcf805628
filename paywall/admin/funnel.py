"""The funnel in admin: looked at as a report, never row by row."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.spreadsheets import csv_answer
from articles.models import Article
from paywall import funnel_report
from paywall.funnel_report import Asked
from paywall.models import FunnelCount, Step
from subscriptions.admin.looking import ReadOnlyAdmin
from subscriptions.sources import Source

USUAL_DAYS = 30
MOST_DAYS = 366
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)


class DayField(forms.DateField):
    """A day that may be left empty, within what can be reckoned with."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date", "min": EARLIEST.isoformat(), "max": LATEST.isoformat()})
        bounds = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
        super().__init__(required=False, widget=widget, validators=bounds, **options)


class FunnelForm(forms.Form):
    """Which counts to show. Left empty, it is the last thirty days, all sources and all articles."""

    since = DayField(label=_("From"))
    until = DayField(label=_("Until"))
    source = forms.ChoiceField(label=_("Source"), required=False, choices=[("", _("all")), *Source.choices])
    article = forms.SlugField(
        label=_("Article"), required=False, help_text=_("The last part of its address."), allow_unicode=True
    )

    def clean_article(self) -> int | None:
        slug = self.cleaned_data["article"]
        if not slug:
            return None
        found = Article.objects.filter(slug=slug).values_list("pk", flat=True).first()
        if found is None:
            raise forms.ValidationError(_("There is no article at this address."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        until: date = cleaned.get("until") or timezone.localdate()
        since: date = cleaned.get("since") or until - timedelta(days=USUAL_DAYS - 1)
        if since > until:
            self.add_error("since", _("The first day has to be before the last."))
        elif (until - since).days >= MOST_DAYS:
            self.add_error("since", _("At most %(days)d days at once.") % {"days": MOST_DAYS})
        return cleaned | {"since": since, "until": until}

    def asked(self) -> Asked:
        told = self.cleaned_data
        return Asked(told["since"], told["until"], told["source"], told["article"])


@admin.register(FunnelCount)
class FunnelCountAdmin(ReadOnlyAdmin):
    def get_urls(self) -> list[URLPattern]:
        export = path("csv/", self.admin_site.admin_view(self.export), name="paywall_funnelcount_csv")
        return [export, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        form = self.form_of(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Funnel"),
            "opts": self.opts,
            "form": form,
            "query": request.GET.urlencode(),
            "steps": [step.label for step in Step],
        }
        if form.is_valid():
            asked = form.asked()
            context |= {
                "asked": asked,
                "lines": funnel_report.step_lines(asked),
                "sources": funnel_report.source_lines(asked),
                "articles": funnel_report.article_lines(asked),
            }
        return TemplateResponse(
            request, "admin/paywall/funnelcount/report.html", context, status=200 if form.is_valid() else 400
        )

    def export(self, request: HttpRequest) -> HttpResponseBase:
        form = self.form_of(request)
        if not form.is_valid():
            return self.changelist_view(request)
        asked = form.asked()
        name = f"funnel-{asked.since:%Y-%m-%d}-{asked.until:%Y-%m-%d}.csv"
        return csv_answer(name, funnel_report.CSV_HEAD, funnel_report.csv_rows(asked))

    def form_of(self, request: HttpRequest) -> FunnelForm:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return FunnelForm(request.GET)
