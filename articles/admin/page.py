"""The pages of the house in admin, and what their publisher has yet to say there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.admin.body_widget import BodyWidget
from articles.admin.opened import OpenedAdmin, OpenedForm
from articles.models import Page
from articles.models.page import clean_page
from articles.sanitising import MAX_CHARACTERS, BodyTooLong

TEXT_FIELDS = {"title", "standfirst", "html"}
WORDS_HELP = gettext_lazy(
    "{site_name}, {mail} and {security} are filled in from the settings; "
    "a paragraph with one that is not set is left out."
)
NOT_READ = gettext_lazy(
    "This text came with the software. It is true of the software and says nothing of you. "
    "Make it your own, then take the tick from “still to be read”."
)
# What no software can know, for each page that comes with it.
TO_ADD = {
    "about": gettext_lazy("Say who owns and who edits the publication, who pays for it, and by which rules you work."),
    "contact": gettext_lazy("Give a name, a postal address and a telephone number, and a mail address that is read."),
    "accessibility": gettext_lazy("Say which body hears complaints in your country, and what of yours falls short."),
    "privacy": gettext_lazy(
        "Name who is responsible, who hosts the site, which services you use besides (reports of errors, a CDN), "
        "how long the log of your web server is kept, and which authority hears complaints."
    ),
    "terms": gettext_lazy("Name the seller, the law that holds, and how a withdrawal is declared. Ask a lawyer."),
}


class PageTextWidget(BodyWidget):
    """The editor of bodies, without the paywall's cut: nothing here costs anything."""

    def words(self) -> dict[str, str]:
        return super().words() | {"body": _("Text"), "cut": ""}


class PageForm(OpenedForm):
    class Meta:
        model = Page
        fields = (
            "title", "slug", "standfirst", "html", "is_as_delivered", "is_published", "is_in_footer", "position"
        )  # fmt: skip
        widgets = {"html": PageTextWidget}
        help_texts = {"html": WORDS_HELP}

    def clean_html(self) -> str:
        try:
            return clean_page(self.cleaned_data["html"].replace("\r\n", "\n"))
        except BodyTooLong as error:
            limit = number_format(MAX_CHARACTERS, force_grouping=True)
            raise forms.ValidationError(
                _("This text is too long: at most %(limit)s characters of HTML are kept.") % {"limit": limit}
            ) from error


@admin.register(Page)
class PageAdmin(OpenedAdmin):
    form = PageForm
    list_display = ("title", "address", "is_published", "is_in_footer", "position", "has_own_text", "updated_on")
    search_fields = ("title",)
    show_full_result_count = False

    @admin.display(description=gettext_lazy("address"), ordering="slug")
    def address(self, page: Page) -> str:
        return page.get_absolute_url()

    @admin.display(description=gettext_lazy("own text"), boolean=True)
    def has_own_text(self, page: Page) -> bool:
        return not page.is_as_delivered

    def get_readonly_fields(self, request: HttpRequest, obj: Page | None = None) -> tuple[str, ...]:
        """An address is made once: there are no redirects from a former one."""
        return () if obj is None else ("slug",)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Page | None = None) -> Any:
        return {"slug": ("title",)} if obj is None else {}

    def get_fields(self, request: HttpRequest, obj: Page | None = None) -> Any:
        is_asked = obj is not None and obj.is_as_delivered
        return [name for name in PageForm.Meta.fields if is_asked or name != "is_as_delivered"]

    def get_view_on_site_url(self, obj: Page | None = None) -> str | None:
        return obj.get_absolute_url() if obj is not None and obj.is_published else None

    def has_delete_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        """Not those that the site leads to by itself: they are hidden instead."""
        return (obj is None or not obj.is_of_the_house) and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Page, form: Any, change: bool) -> None:
        if not change or TEXT_FIELDS & set(form.changed_data):
            obj.updated_on = timezone.localdate()
        super().save_model(request, obj, form, change)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        waiting = Page.objects.filter(is_as_delivered=True)
        if request.method == "GET" and waiting:
            titles = ", ".join(page.title for page in waiting)
            self.message_user(request, _("Still with the text of the software: %(titles)s.") % {"titles": titles})
        return super().changelist_view(request, extra_context)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **named: Any) -> Any:
        page = context.get("original")
        if request.method == "GET" and page is not None and page.is_as_delivered:
            sentence = format_lazy("{} {}", NOT_READ, TO_ADD.get(page.slug, ""))
            self.message_user(request, sentence, messages.WARNING)
        return super().render_change_form(request, context, *args, **named)
