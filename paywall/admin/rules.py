"""The rules in admin, in their order. Whatever changes them is shown with its effect first and saved after that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from articles.admin import extension
from articles.admin.opened import OpenedAdmin
from articles.models import Author, Section, Series, Topic
from articles.models.redirect import ListPage
from paywall.admin.rule_form import RuleForm
from paywall.models import Rule
from paywall.rules.order import forestalled, lock_rules, moved, number, ordered_rules
from paywall.rules.preview import Preview, forestalled_in_words, preview_of

NEVER_MOVED = gettext_lazy("“%(rule)s” stands there already. Nothing was changed.")
CHANGED_SINCE = gettext_lazy("Rules or articles have changed since you looked. This is what it changes now.")


@dataclass(frozen=True, slots=True)
class Deed:
    """What a button beside a rule does. `step`: places down; `is_active`: in use after it, if it is about that."""

    name: str
    verb: str  # of the permission
    button: str | Promise
    question: str | Promise
    done: str | Promise
    step: int = 0
    is_active: bool | None = None

    def list_after(self, rules: list[Rule], rule: Rule) -> list[Rule]:
        """All rules as they are after it. The rule itself is changed in place."""
        if self.step:
            return moved(rules, rule, self.step)
        if self.is_active is None:
            return [other for other in rules if other != rule]
        rule.is_active = self.is_active
        return rules


UP = Deed(
    "up", "change", gettext_lazy("Up"), gettext_lazy("Move “%(rule)s” up?"),
    gettext_lazy("“%(rule)s” was moved up to place %(place)d."), step=-1,
)  # fmt: skip
DOWN = Deed(
    "down", "change", gettext_lazy("Down"), gettext_lazy("Move “%(rule)s” down?"),
    gettext_lazy("“%(rule)s” was moved down to place %(place)d."), step=1,
)  # fmt: skip
SWITCH_OFF = Deed(
    "switch-off", "change", gettext_lazy("Switch off"), gettext_lazy("Switch “%(rule)s” off?"),
    gettext_lazy("“%(rule)s” is no longer in use."), is_active=False,
)  # fmt: skip
SWITCH_ON = Deed(
    "switch-on", "change", gettext_lazy("Switch on"), gettext_lazy("Switch “%(rule)s” on?"),
    gettext_lazy("“%(rule)s” is in use."), is_active=True,
)  # fmt: skip
DELETE = Deed(
    "delete", "delete", gettext_lazy("Delete"), gettext_lazy("Delete “%(rule)s”?"),
    gettext_lazy("“%(rule)s” was deleted."),
)  # fmt: skip


@admin.register(Rule)
class RuleAdmin(OpenedAdmin):
    form = RuleForm
    fieldsets = (
        (None, {"fields": ("name", "is_active")}),
        (
            gettext_lazy("Which articles"),
            {
                "fields": ("section", "topic", "series", "author", "tier"),
                "description": gettext_lazy("What is left empty is not looked at. The rest has to hold together."),
            },
        ),
        (gettext_lazy("How old they are"), {"fields": ("older_than_hours", "younger_than_hours")}),
        (gettext_lazy("When it counts"), {"fields": ("starts_at", "ends_at")}),
        (gettext_lazy("What they ask for"), {"fields": ("ask",)}),
    )
    autocomplete_fields = ("topic", "series", "author")
    list_display = ("place", "name", "sentence", "is_active")
    list_display_links = ("name",)
    list_select_related = ("section", "topic", "series", "author")
    list_per_page = 200
    sortable_by = ()
    ordering = ("position", "pk")
    actions = None
    show_full_result_count = False

    # --- the list ---------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        numbered = Window(RowNumber(), order_by=("position", "pk"))
        rows: QuerySet[Rule] = super().get_queryset(request)
        return rows.annotate(place=numbered, place_count=Window(Count("pk")))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.list_display, "buttons") if self.has_change_permission(request) else self.list_display

    @admin.display(description=gettext_lazy("place"))
    def place(self, rule: Rule) -> int:
        return int(vars(rule)["place"])

    @admin.display(description=gettext_lazy("what it says"))
    def sentence(self, rule: Rule) -> str:
        return rule.sentence()

    @admin.display(description=gettext_lazy("change"))
    def buttons(self, rule: Rule) -> SafeString:
        """They open the preview of what they do; the form that they belong to stands in the template of the list."""
        place, count = vars(rule)["place"], vars(rule)["place_count"]
        offered = [UP] if place > 1 else []
        offered += [DOWN] if place < count else []
        offered.append(SWITCH_OFF if rule.is_active else SWITCH_ON)
        button = '<button type="submit" form="rule-deeds" formaction="{}" aria-label="{}">{}</button>'
        labels = [(self.url(deed.name, rule), f"{deed.button}: {rule.name}", deed.button) for deed in offered]
        return format_html('<span class="rule-buttons">{}</span>', format_html_join("", button, labels))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        never = [forestalled_in_words(rule, other) for rule, other in forestalled(ordered_rules(), timezone.now())]
        context = {**(extra_context or {}), "title": _("Rules"), "never_deciding": never}
        return super().changelist_view(request, context)

    def url(self, name: str, rule: Rule) -> str:
        return reverse(f"{self.admin_site.name}:paywall_rule_{name}", args=[rule.pk])

    # --- the form ---------------------------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> tuple[str, ...]:
        return () if obj is None else ("sentence",)

    def get_fieldsets(self, request: HttpRequest, obj: Rule | None = None) -> Any:
        """With the sentence of a rule that is there; for those who may only look it stands for most of the rest."""
        if obj is None:
            return self.fieldsets
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": ("name", "sentence", "is_active")}),)
        (title, first), *others = super().get_fieldsets(request, obj)
        return ((title, {**first, "fields": ("sentence", *first["fields"])}), *others)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Without the ways to add or delete what a rule names."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **named: Any) -> Any:
        form = context["adminform"].form
        preview = getattr(form, "preview", None)
        if preview is not None and not form.is_previewed:
            context["errors"] = []  # the only one is that nobody has looked yet
            context["preview"] = preview
            context["said"] = in_full(form.instance)
            context["is_fresh"] = bool(request.POST.get("previewed")) and "_save" in request.POST
            context["changed_since"] = CHANGED_SINCE
        return super().render_change_form(request, context, *args, **named)

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        obj.position = form.place()
        super().save_model(request, obj, form, change)

    def construct_change_message(  # type: ignore[override] # a text is stored as it is
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> str:
        rule = form.instance
        said = {"sentence": in_full(rule), "place": rule.position, "effect": form.preview.summary}
        former = "".join(in_full(stored) for stored in form.before if stored.pk == rule.pk)
        if not former:
            return _("Added at place %(place)d: %(sentence)s. %(effect)s") % said
        return _("Now: %(sentence)s. Before: %(former)s. %(effect)s") % {**said, "former": former}

    # --- moving, switching, deleting --------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        views = [
            path(
                f"<path:object_id>/{deed.name}/",
                self.admin_site.admin_view(partial(self.deed_view, deed=deed)),
                name=f"paywall_rule_{deed.name}",
            )
            for deed in (UP, DOWN, SWITCH_OFF, SWITCH_ON)
        ]
        return [*views, *super().get_urls()]

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.deed_view(request, object_id, deed=DELETE)

    def deed_view(self, request: HttpRequest, object_id: str, *, deed: Deed) -> HttpResponse:
        """By GET what the deed would change; by POST the deed, if what was looked at is what it changes still."""
        if not request.user.has_perm(f"paywall.{deed.verb}_rule"):
            raise PermissionDenied
        with transaction.atomic():
            if request.method == "POST":
                lock_rules()
            before, rules = ordered_rules(), ordered_rules()
            rule = next((rule for rule in rules if str(rule.pk) == unquote(object_id)), None)
            if rule is None:
                raise Http404
            after = deed.list_after(rules, rule)
            if deed.step and after == before:
                self.message_user(request, NEVER_MOVED % {"rule": rule.name}, messages.WARNING)
                return self.back()
            concerned = [stored for stored in before if stored == rule] + [rule]
            preview = preview_of(before, after, concerned, timezone.now())
            if request.method == "POST" and request.POST.get("previewed") == preview.token:
                self.do(request, deed, rule, after, preview)
                return self.back()
        return self.ask(request, deed, rule, after, preview)

    def do(self, request: HttpRequest, deed: Deed, rule: Rule, after: list[Rule], preview: Preview) -> None:
        """To be called under the lock."""
        place = after.index(rule) + 1 if rule in after else 0
        done = deed.done % {"rule": rule.name, "place": place}
        told = f"{done} {in_full(rule)}. {preview.summary}"
        if deed is DELETE:
            LogEntry.objects.log_actions(cast("User", request.user).pk, [rule], DELETION, told)
            rule.delete()
        else:
            self.log_change(request, rule, told)
            rule.save(update_fields=["is_active", "modified_at"])
        number(after)
        self.message_user(request, done, messages.SUCCESS)

    def ask(
        self, request: HttpRequest, deed: Deed, rule: Rule, after: list[Rule], preview: Preview
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": deed.question % {"rule": rule.name},
            "opts": self.opts,
            "rule": rule,
            "deed": deed,
            "after": after if deed.step else [],
            "preview": preview,
            "is_fresh": request.method == "POST",
            "changed_since": CHANGED_SINCE,
        }
        return TemplateResponse(request, "admin/paywall/rule/deed.html", context)

    def back(self) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:paywall_rule_changelist"))


def in_full(rule: Rule) -> str:
    return rule.sentence() if rule.is_active else _("%(sentence)s (not in use)") % {"sentence": rule.sentence()}


def rules_that_name(row: ListPage) -> str:
    """Empty where no rule does."""
    kinds = {Section: "section", Topic: "topic", Series: "series", Author: "author"}
    names = (
        Rule.objects.filter(Q(**{kinds[type(row)]: row.pk})).order_by("position", "pk").values_list("name", flat=True)
    )
    if not names:
        return ""
    said = {"row": row, "rules": ", ".join(f"“{name}”" for name in names)}
    return _("%(row)s is named by rules of the paywall: %(rules)s. Change or delete these first.") % said


extension.add_objection(rules_that_name)
