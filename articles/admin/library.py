"""Sections, topics, series and authors, and the addresses that articles had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from articles.admin import extension
from articles.admin.opened import OpenedAdmin
from articles.models import ArticleRedirect, Author, ListRedirect, Section, Series, Status, Topic
from articles.models.redirect import KINDS

if TYPE_CHECKING:
    RedirectModelAdmin = admin.ModelAdmin[ArticleRedirect]
    ListRedirectModelAdmin = admin.ModelAdmin[ListRedirect]
else:
    RedirectModelAdmin = admin.ModelAdmin
    ListRedirectModelAdmin = admin.ModelAdmin


class ListPageAdmin(OpenedAdmin):
    """Something with a page of its own."""

    show_full_result_count = False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "slug":
            options["help_text"] = _("The old address goes on working after a change.")
        return super().formfield_for_dbfield(db_field, request, **options)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Sequence[str]]:
        return {"slug": (self.search_fields[0],)} if obj is None else {}

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Where something stands in the way, its sentences instead of row after row."""
        against = extension.objections_to(objs)
        return ([], {}, set(), against) if against else super().get_deleted_objects(objs, request)


@admin.register(Section)
class SectionAdmin(ListPageAdmin):
    fields = ("name", "slug", "description", "position", "is_in_navigation")
    list_display = ("name", "position", "is_in_navigation")
    search_fields = ("name",)


@admin.register(Topic)
class TopicAdmin(ListPageAdmin):
    fields = ("name", "slug", "description")
    list_display = ("name", "description")
    search_fields = ("name",)


@admin.register(Series)
class SeriesAdmin(ListPageAdmin):
    fields = ("title", "slug", "description", "is_complete")
    list_display = ("title", "description", "is_complete")
    search_fields = ("title",)


@admin.register(Author)
class AuthorAdmin(ListPageAdmin):
    fields = ("name", "slug", "sort_name", "role", "biography", "portrait")
    list_display = ("name", "role")
    search_fields = ("name",)
    autocomplete_fields = ("portrait",)


@admin.register(ArticleRedirect)
class ArticleRedirectAdmin(RedirectModelAdmin):
    """Made by the change of a slug, to be looked at. Those of a draft go with it when it is deleted."""

    list_display = ("slug", "article", "created_at")
    show_full_result_count = False
    search_fields = ("slug",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ArticleRedirect | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ArticleRedirect | None = None) -> bool:
        return (
            obj is not None and obj.article.status == Status.DRAFT and request.user.has_perm("articles.delete_article")
        )


@admin.register(ListRedirect)
class ListRedirectAdmin(ListRedirectModelAdmin):
    """Made by the change of a slug, to be looked at. They go with what they lead to."""

    list_display = ("get_absolute_url", "target", "created_at")
    list_select_related = KINDS
    show_full_result_count = False
    search_fields = ("slug",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ListRedirect | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ListRedirect | None = None) -> bool:
        return obj is not None and request.user.has_perm(f"articles.delete_{obj.target._meta.model_name}")
