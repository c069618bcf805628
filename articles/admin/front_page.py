"""The front page in admin: one page, with a table for each place on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from articles.admin.named_fields import NamedFieldsFormSet
from articles.admin.opened import OpenedAdmin, OpenedForm, digest, editable_values
from articles.admin.states import state_in_words
from articles.front import MOST_READ, MOST_SECONDARY
from articles.models import FrontPage, FrontPick, Place
from articles.models.front_page import ONLY

if TYPE_CHECKING:
    PickTabularInline = admin.TabularInline[FrontPick, FrontPage]
else:
    PickTabularInline = admin.TabularInline


class PickFormSet(NamedFieldsFormSet):
    """The choices for one place."""

    place: Place
    default_error_messages = {
        "too_many_forms": ngettext_lazy(
            "At most %(num)d article stands here. Take away the others.",
            "At most %(num)d articles stand here. Take away the others.",
            "num",
        )
    }

    def save_new(self, form: Any, commit: bool = True) -> Any:
        form.instance.place = self.place
        return super().save_new(form, commit=commit)

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.cleaned_data.get("article") and form not in self.deleted_forms]
        articles = [form.cleaned_data["article"] for form in kept]
        if len(set(articles)) < len(articles):
            raise ValidationError(_("An article stands here twice. Leave it out once."))


class PickInline(PickTabularInline):
    model = FrontPick
    place: Place
    fields = ("article", "state", "position", "until")
    readonly_fields = ("state",)
    autocomplete_fields = ("article",)
    extra = 0

    def get_formset(self, request: HttpRequest, obj: FrontPage | None = None, **options: Any) -> Any:
        named = type("PickFormSet", (PickFormSet,), {"place": self.place})
        return super().get_formset(request, obj, formset=named, validate_max=True, **options)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FrontPick]:
        return super().get_queryset(request).filter(place=self.place).select_related("article")

    @admin.display(description=gettext_lazy("state"))
    def state(self, pick: FrontPick) -> str:
        return state_in_words(pick.article, timezone.now()) if pick.article_id else "–"


class LeadInline(PickInline):
    place = Place.LEAD
    verbose_name_plural = gettext_lazy("Lead. Where none is chosen: the newest article with a picture")
    max_num = 1


class SecondaryInline(PickInline):
    place = Place.SECONDARY
    verbose_name_plural = gettext_lazy("Beside the lead. Where fewer than three are chosen: the newest after it")
    max_num = MOST_SECONDARY


class SectionInline(PickInline):
    place = Place.SECTION
    verbose_name_plural = gettext_lazy("First in their sections. Then follow the newest of each")
    max_num = 30


class MostReadInline(PickInline):
    place = Place.MOST_READ
    verbose_name_plural = gettext_lazy("Most read. Where none is chosen the part is left out")
    max_num = MOST_READ


class LibraryInline(PickInline):
    place = Place.LIBRARY
    fields = ("article", "words", "state", "until")
    verbose_name_plural = gettext_lazy("From the library. Where none is chosen: the newest that is a year old")
    max_num = 1


class FrontPageForm(OpenedForm):
    def state_of(self, stored: FrontPage) -> str:
        """All choices as they are now: the front page itself holds nothing, and its row is the lock for them."""
        return digest([editable_values(pick) for pick in stored.picks.order_by("pk")])


@admin.register(FrontPage)
class FrontPageAdmin(OpenedAdmin):
    form = FrontPageForm
    fields = ()
    inlines = (LeadInline, SecondaryInline, SectionInline, MostReadInline, LibraryInline)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one front page, so its list leads to it at once."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        FrontPage.objects.get_or_create(pk=ONLY)
        return HttpResponseRedirect(reverse("admin:articles_frontpage_change", args=[ONLY]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FrontPage | None = None) -> bool:
        return False
