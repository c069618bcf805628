"""The test bench in admin: an article, a class of reader and any moment; the answer, and the record that gave it. It
decides by `decide` alone, with the records as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from articles.admin import extension
from articles.models import Article
from articles.moments import moment_in_words
from paywall.access import decide
from paywall.admin.asked import MomentForm, Record, found_articles, may_see_all, record_of
from paywall.asking import ArticleFacts, Policy
from paywall.policy import policy_of
from paywall.telling.answers import Answer, told
from paywall.telling.reader_kinds import ReaderKind, reader_kinds
from paywall.telling.reasons import asked_sentence
from paywall.telling.steps import NextStep
from paywall.terms import recorded_facts


def classes() -> list[tuple[str, str]]:
    return [("", _("all classes at once")), *((kind.key, kind.label) for kind in reader_kinds(0, timezone.now()))]


class BenchForm(MomentForm):
    reader = forms.ChoiceField(label=gettext_lazy("Reader"), required=False, choices=classes)
    field_order = ("article", "reader", "at")


@dataclass(frozen=True, slots=True)
class Row:
    kind: ReaderKind
    answer: Answer
    steps: tuple[NextStep, ...]


@admin.site.admin_view
@require_safe
def bench(request: HttpRequest) -> HttpResponse:
    if not may_see_all(request.user):
        raise PermissionDenied
    form = BenchForm(request.GET if request.GET else None)
    context = {**admin.site.each_context(request), "title": _("Test bench"), "form": form}
    if form.is_valid():
        now = timezone.now()
        found = found_articles(request, form.cleaned_data["article"], now)
        if len(found) == 1:
            context |= result(request, found[0], form.cleaned_data["at"] or now, form.cleaned_data["reader"])
        else:
            context["candidates"] = [(article, address(request, article)) for article in found]
            context["is_unknown"] = not found
    return TemplateResponse(request, "admin/paywall/answers/bench.html", context)


def result(request: HttpRequest, article: Article, moment: datetime, key: str) -> dict[str, Any]:
    policy = policy_of()
    facts = recorded_facts(article, policy)
    kinds = [kind for kind in reader_kinds(article.pk, moment) if key in ("", kind.key)]
    rows = [row_of(kind, article, facts, policy, moment) for kind in kinds]
    asked = rows[0].answer.access
    record: Record | None = record_of(asked.asking, article, request.user)
    return {
        "article": article,
        "moment": moment_in_words(moment),
        "rows": rows,
        "asked": asked_sentence(asked),
        "record": record,
        "all_url": address(request, article) if key else "",
    }


def row_of(kind: ReaderKind, article: Article, facts: ArticleFacts, policy: Policy, moment: datetime) -> Row:
    access = decide(facts, kind.facts, moment, policy=policy, meter=kind.meter)
    answer = told(access, facts, policy, kind.facts, kind.meter, moment, has_lapsed=kind.has_lapsed)
    return Row(kind, answer, tuple(answer.steps(article.get_absolute_url(), moment)))


def address(request: HttpRequest, article: Article) -> str:
    """The bench with this article and what was chosen beside it, for all classes at once."""
    chosen = {"article": article.slug, "at": request.GET.get("at", "")}
    return f"{reverse('paywall:bench')}?{urlencode(chosen)}"


@require_safe
def bench_of(_request: HttpRequest, article: Article) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('paywall:bench')}?{urlencode({'article': article.slug})}")


extension.add_view("bench/", bench_of, "bench", gettext_lazy("Who reads it, and when"))
