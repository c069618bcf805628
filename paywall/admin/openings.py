"""Opening a section or the whole site to everybody, from now or later, until a moment that is known when it begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from articles.admin import extension
from articles.admin.opened import OpenedAdmin, OpenedForm
from articles.caching import next_midnight
from articles.models import Section
from articles.models.redirect import ListPage
from articles.moments import staff_moment_in_words
from paywall.models import Opening

USUAL_HOURS = 6
MOST_HOURS = 24 * 31


class Lasting(StrEnum):
    """How its end is given; a form of our own, so that nobody has to count hours across midnight."""

    HOURS = "hours"
    MIDNIGHT = "midnight"
    MOMENT = "moment"


class OpeningForm(OpenedForm):
    """For a new one. Without a beginning it begins now; moments are in the publication's time zone."""

    instance: Opening

    starts_at = forms.SplitDateTimeField(
        label=gettext_lazy("From"),
        required=False,
        widget=AdminSplitDateTime,
        help_text=gettext_lazy("Empty: from now."),
    )
    lasting = forms.ChoiceField(
        label=gettext_lazy("How long"),
        choices=[
            (Lasting.HOURS.value, gettext_lazy("for some hours")),
            (Lasting.MIDNIGHT.value, gettext_lazy("until midnight")),
            (Lasting.MOMENT.value, gettext_lazy("until a moment")),
        ],
        initial=Lasting.HOURS.value,
        widget=forms.RadioSelect,
    )
    hours = forms.IntegerField(
        label=gettext_lazy("Hours"), required=False, min_value=1, max_value=MOST_HOURS, initial=USUAL_HOURS
    )
    ends_at = forms.SplitDateTimeField(label=gettext_lazy("Until"), required=False, widget=AdminSplitDateTime)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        begins: datetime = cleaned.get("starts_at") or timezone.now().replace(microsecond=0)
        ends = self.end_after(begins, cleaned)
        if ends is not None and ends <= max(begins, timezone.now()):
            self.add_error("ends_at", _("This is over before it begins: the end has to lie ahead."))
        cleaned |= {"starts_at": begins, "ends_at": ends}
        return cleaned

    def end_after(self, begins: datetime, cleaned: dict[str, Any]) -> datetime | None:
        """None where the answer that the choice needs is missing; the form then says so."""
        match cleaned.get("lasting"):
            case Lasting.HOURS:
                hours: int | None = cleaned.get("hours")
                if hours is None and "hours" not in self.errors:
                    self.add_error("hours", _("Say for how many hours."))
                # In UTC: an hour is an hour, also where the clock is put forward.
                return begins.astimezone(UTC) + timedelta(hours=hours) if hours else None
            case Lasting.MIDNIGHT:
                return next_midnight(begins)
            case Lasting.MOMENT:
                moment: datetime | None = cleaned.get("ends_at")
                if moment is None and "ends_at" not in self.errors:
                    self.add_error("ends_at", _("Say until when."))
                return moment
        return None


class ChangedOpeningForm(OpenedForm):
    """For one that stands."""

    instance: Opening

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        begins: datetime = cleaned.get("starts_at") or self.instance.starts_at
        ends: datetime | None = cleaned.get("ends_at")
        if ends is not None and ends <= max(begins, timezone.now()):
            self.add_error("ends_at", _("The end has to lie ahead. To end it at once, press Close now."))
        return cleaned


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, Any]]:
        return [("open", _("open now")), ("planned", _("planned")), ("over", _("over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Opening]) -> QuerySet[Opening]:
        now = timezone.now()
        match self.value():
            case "open":
                return queryset.filter(starts_at__lte=now, ends_at__gt=now)
            case "planned":
                return queryset.filter(starts_at__gt=now)
            case "over":
                return queryset.filter(ends_at__lte=now)
        return queryset


@admin.register(Opening)
class OpeningAdmin(OpenedAdmin):
    """What runs is closed, not deleted; what is over may be."""

    form = OpeningForm
    list_display = ("what", "state", "starts_at", "ends_at", "opened_by")
    list_filter = (StateFilter,)
    list_select_related = ("section", "opened_by")
    readonly_fields = ("state", "opened_by")
    actions = ("close_selected",)

    @admin.display(description=gettext_lazy("what is open"))
    def what(self, opening: Opening) -> str:
        return str(opening.section) if opening.section else _("The whole site")

    @admin.display(description=gettext_lazy("state"))
    def state(self, opening: Opening) -> str:
        now = timezone.now()
        if opening.ends_at <= now:
            return _("over")
        if opening.starts_at > now:
            return _("planned: opens on %(moment)s") % {"moment": staff_moment_in_words(opening.starts_at)}
        return _("open now, until %(moment)s") % {"moment": staff_moment_in_words(opening.ends_at)}

    # --- the form ---------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Opening | None = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, form=ChangedOpeningForm if change else OpeningForm, **options)

    def get_fieldsets(self, request: HttpRequest, obj: Opening | None = None) -> Any:
        zone = _("In the publication's time, %(zone)s.") % {"zone": settings.TIME_ZONE}
        if obj is None:
            how_long = {"fields": ("starts_at", "lasting", "hours", "ends_at"), "description": zone}
            return ((None, {"fields": ("section", "banner")}), (_("When"), how_long))
        shown = ("state", "section", "banner", "starts_at", "ends_at", "opened_by")
        opened = ("opened_as",) if self.has_change_permission(request, obj) else ()
        return ((None, {"fields": (*shown, *opened), "description": zone}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Opening | None = None) -> Any:
        """What readers were told is not changed behind them: of one that has begun only the end and the words."""
        if obj is None:
            return ()
        begun = ("section", "starts_at") if obj.starts_at <= timezone.now() else ()
        return (*self.readonly_fields, *begun)

    def has_change_permission(self, request: HttpRequest, obj: Opening | None = None) -> bool:
        return (obj is None or obj.ends_at > timezone.now()) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Opening | None = None) -> bool:
        now = timezone.now()
        runs = obj is not None and obj.starts_at <= now < obj.ends_at
        return not runs and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Opening, form: Any, change: bool) -> None:
        if not change:
            obj.opened_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **options: Any) -> HttpResponse:  # type: ignore[override]
        opening: Opening | None = options.get("obj")
        is_open = opening is not None and opening.starts_at <= timezone.now() < opening.ends_at
        if opening is not None and is_open and self.has_change_permission(request, opening):
            context["close_url"] = reverse(f"{self.admin_site.name}:paywall_opening_close", args=[opening.pk])
        return super().render_change_form(request, context, **options)

    # --- closing ----------------------------------------------------------------------------------------------

    def close(self, request: HttpRequest, opening: Opening, now: datetime) -> bool:
        """Whether it was open. What was kept of its pages goes with the row's change."""
        if not opening.starts_at < now < opening.ends_at:
            return False
        opening.ends_at = now
        opening.save(update_fields=["ends_at"])
        self.log_change(request, opening, _("Closed."))
        return True

    @admin.action(permissions=["change"], description=gettext_lazy("Close now"))
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Opening]) -> None:
        with transaction.atomic():
            now = timezone.now()
            closed = [
                opening for opening in queryset.select_for_update(of=("self",)) if self.close(request, opening, now)
            ]
        if closed:
            self.message_user(request, _("Closed. The tiers and rules hold again."), messages.SUCCESS)
        else:
            self.message_user(request, _("None of these is open just now."), messages.WARNING)

    def close_view(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        with transaction.atomic():
            opening = Opening.objects.select_for_update(of=("self",)).filter(pk=object_id).first()
            if opening is None:
                raise Http404
            if not self.has_change_permission(request, opening) and not self.has_view_permission(request, opening):
                raise PermissionDenied
            is_closed = self.has_change_permission(request, opening) and self.close(request, opening, timezone.now())
        if is_closed:
            self.message_user(request, _("Closed. The tiers and rules hold again."), messages.SUCCESS)
        else:
            self.message_user(request, _("This is not open just now."), messages.WARNING)
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:paywall_opening_changelist"))

    def get_urls(self) -> list[URLPattern]:
        close = path(
            "<int:object_id>/close/",
            self.admin_site.admin_view(require_POST(self.close_view)),
            name="paywall_opening_close",
        )
        return [close, *super().get_urls()]


def openings_that_name(row: ListPage) -> str:
    """Empty where none does."""
    openings = Opening.objects.filter(section=row) if isinstance(row, Section) else ()
    times = [f"{staff_moment_in_words(one.starts_at)} – {staff_moment_in_words(one.ends_at)}" for one in openings]
    if not times:
        return ""
    said = {"row": row, "openings": "; ".join(times)}
    return (
        _("%(row)s is or was opened to everybody: %(openings)s. Delete these openings first; close the one that runs.")
        % said
    )


extension.add_objection(openings_that_name)
