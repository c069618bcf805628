"""Sections, topics, series and authors, and the addresses that articles had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from articles.models import ArticleRedirect, Author, Section, Series, Status, Topic

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    RedirectModelAdmin = admin.ModelAdmin[ArticleRedirect]
else:
    AnyModelAdmin = admin.ModelAdmin
    RedirectModelAdmin = admin.ModelAdmin


class ListPageAdmin(AnyModelAdmin):
    """Something with a page of its own. Its address is made once: there are no redirects from a former one."""

    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else ("slug",)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Sequence[str]]:
        return {"slug": (self.search_fields[0],)} if obj is None else {}


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
    fields = ("title", "slug", "description")
    list_display = ("title", "description")
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
