"""The paywall's part of an article's page in admin: its terms, what it asks by them, and the way to open it for a
while. Who may publish decides it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Field as ModelField
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple, Field
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles.admin import extension
from articles.admin.opened import CHANGED_MEANWHILE, OpenedForm, digest
from articles.models import Article
from articles.moments import staff_moment_in_words
from paywall import previews
from paywall.models import ArticleTerms
from paywall.models.terms import MOST_FREE_HOURS
from paywall.rules.outlook import outlook_of
from subscriptions.admin.plans import add_objection
from subscriptions.models import Plan, PlanKind

USUAL_HOURS = 6
MOST_NAMED = 5  # articles that are named at once
NO_TERMS = digest([])
TERMS = ("free_until", "free_hours", "premium_from", "plans")


class TermsForm(OpenedForm):
    """Who saves an article without having touched its terms leaves those that another has set meanwhile."""

    instance: ArticleTerms

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("opened_as", NO_TERMS)

    def state_of(self, stored: ArticleTerms) -> str:
        plans = [plan.pk for plan in stored.plans.all()] if stored.pk else []
        return state([stored.free_until, stored.premium_from], stored.free_hours, plans)

    def clean(self) -> dict[str, Any]:
        """The article's own form has locked its row, so that terms are made by one at a time."""
        cleaned: dict[str, Any] = forms.ModelForm.clean(self) or self.cleaned_data
        opened_as = cleaned.get("opened_as") or NO_TERMS
        stored = ArticleTerms.objects.select_for_update(of=("self",)).filter(pk=self.instance.article_id).first()
        if self.errors or opened_as == (self.state_of(stored) if stored else NO_TERMS):
            return cleaned
        moments = [cleaned.get("free_until"), cleaned.get("premium_from")]
        typed = state(moments, cleaned.get("free_hours"), [plan.pk for plan in cleaned.get("plans", ())])
        if stored is None or typed != opened_as:
            self.add_error(None, CHANGED_MEANWHILE)
            return cleaned
        kept = {name: getattr(stored, name) for name in TERMS[:-1]}
        return cleaned | kept | {"plans": stored.plans.all()}


def state(moments: Iterable[datetime | None], hours: int | None, plan_ids: Iterable[int]) -> str:
    """As much of terms as the form can show: its moments have no fractions of a second."""
    stamps = [None if moment is None else int(moment.timestamp()) for moment in moments]
    values = [*stamps, hours, sorted(plan_ids)]
    return digest(values) if any(values) else NO_TERMS


class ArticleTermsInline(admin.StackedInline[ArticleTerms, Article]):
    """It has no page, and so no permissions, of its own."""

    model = ArticleTerms
    form = TermsForm
    can_delete = False
    verbose_name = gettext_lazy("Terms of this article")
    verbose_name_plural = verbose_name
    fields = ("outlook", *TERMS, "opened_as")
    readonly_fields = ("outlook",)

    def get_fields(self, request: HttpRequest, obj: Article | None = None) -> Any:
        return self.fields if self.has_change_permission(request, obj) else self.fields[:-1]

    def formfield_for_dbfield(
        self, db_field: ModelField[Any, Any], request: HttpRequest, **options: Any
    ) -> Field | None:
        """Moments with the zone that they are given in, as beside "Published"."""
        if db_field.name in ("free_until", "premium_from"):
            zone = _("In the publication's time, %(zone)s.") % {"zone": settings.TIME_ZONE}
            options["help_text"] = format_lazy("{} {}", db_field.help_text, zone)
        if db_field.name == "plans":
            options["widget"] = CheckboxSelectMultiple()
            options["queryset"] = Plan.objects.exclude(kind=PlanKind.REGISTRATION)  # of those the tier tells
        return super().formfield_for_dbfield(db_field, request, **options)

    @admin.display(description=gettext_lazy("Who may read it"))
    def outlook(self, terms: ArticleTerms) -> str:
        """What it asks now and what later, rules and openings included."""
        if not terms.article_id:
            return "–"
        return format_html_join("", "<p>{}</p>", ((line,) for line in outlook_of(terms.article, timezone.now())))

    def has_view_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm("articles.view_article")

    def has_add_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm("articles.publish_article")

    def has_change_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm("articles.publish_article")


# --- free for some hours ----------------------------------------------------------------------------------------------


class HoursForm(forms.Form):
    hours = forms.IntegerField(
        label=gettext_lazy("Hours from now"), min_value=1, max_value=MOST_FREE_HOURS, initial=USUAL_HOURS
    )


def free_for_hours(article: Article, hours: int, now: datetime) -> datetime:
    """Open it to everybody for so long from `now` on; where it is free for longer already, that stays. Returns the end
    (UTC). To be called in a transaction.
    """
    Article.objects.select_for_update(of=("self",)).get(pk=article.pk)
    terms, _is_new = ArticleTerms.objects.get_or_create(article=article)
    until = now.replace(microsecond=0) + timedelta(hours=hours)
    terms.free_until = max(until, terms.free_until or until)
    terms.save(update_fields=["free_until"])
    return terms.free_until


def open_for_a_time(request: HttpRequest, article: Article) -> HttpResponseBase:
    """The page behind the link on an article's form."""
    back_url = reverse("admin:articles_article_change", args=[article.pk])
    return answer(admin.site.get_model_admin(Article), request, [article], back_url, action="")


def open_selected(model_admin: Any, request: HttpRequest, queryset: QuerySet[Article]) -> HttpResponseBase | None:
    if not model_admin.is_few(request, queryset):
        return None
    back_url = reverse("admin:articles_article_changelist")
    return answer(model_admin, request, list(queryset), back_url, action="open_for_a_time")


def answer(
    model_admin: Any, request: HttpRequest, articles: list[Article], back_url: str, *, action: str
) -> HttpResponseBase:
    """Asks for how long, or opens them. With `action` the answer goes back to the list, else to this very address."""
    if not request.user.has_perm("articles.publish_article"):
        raise PermissionDenied
    now = timezone.now()
    out = [article for article in articles if article.is_out(now)]
    form = HoursForm(request.POST if "confirmed" in request.POST else None)
    if not out or not form.is_valid():
        context = {
            **admin.site.each_context(request),
            "title": _("Free for some hours"),
            "opts": Article._meta,
            "articles": out,
            "form": form,
            "action": action,
            "back_url": back_url,
        }
        return TemplateResponse(request, "admin/paywall/open_for_a_time.html", context)
    with transaction.atomic():
        for article in out:
            until = free_for_hours(article, cast("int", form.cleaned_data["hours"]), now)
            told = _("Free to read until %(moment)s.") % {"moment": staff_moment_in_words(until)}
            model_admin.log_change(request, article, told)
    sentence = ngettext("%(count)d article is free to read now.", "%(count)d articles are free to read now.", len(out))
    messages.success(request, sentence % {"count": len(out)})
    return HttpResponseRedirect(back_url)


def terms_that_name(plan: Plan) -> str:
    """Empty where none do. Without the plan they would ask for any."""
    headlines = Article.objects.filter(terms__plans=plan).order_by("pk").values_list("headline", flat=True)
    named = [f"“{headline}”" for headline in headlines[: MOST_NAMED + 1]]
    if not named:
        return ""
    more = [_("and others")] if len(named) > MOST_NAMED else []
    said = {"plan": plan, "articles": ", ".join([*named[:MOST_NAMED], *more])}
    return _("The terms of articles name %(plan)s: %(articles)s. Choose other plans there before.") % said


add_objection(terms_that_name)
extension.add_inline(ArticleTermsInline)
extension.add_action("open_for_a_time", open_selected, gettext_lazy("Free for some hours …"))
extension.add_view("open/", open_for_a_time, "open_for_a_time", gettext_lazy("Free for some hours …"))
extension.add_view("preview/stranger/", previews.as_stranger, "preview_stranger", gettext_lazy("View as stranger"))
extension.add_view(
    "preview/subscriber/", previews.as_subscriber, "preview_subscriber", gettext_lazy("View as subscriber")
)
