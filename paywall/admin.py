"""The paywall's part of an article's page in admin."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Field as ModelField
from django.forms import Field
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from articles.admin import extension
from articles.models import Article
from paywall import previews
from paywall.models import ArticleTerms


class ArticleTermsInline(admin.StackedInline[ArticleTerms, Article]):
    """Whoever may change the article decides this too; it has no page, and so no permissions, of its own."""

    model = ArticleTerms
    can_delete = False
    verbose_name = _("Free for a time")
    verbose_name_plural = verbose_name

    def formfield_for_dbfield(
        self, db_field: ModelField[Any, Any], request: HttpRequest, **options: Any
    ) -> Field | None:
        """With the zone that the moment is given in, as beside "Published"."""
        if db_field.name == "free_until":
            zone = _("In the publication's time, %(zone)s.") % {"zone": settings.TIME_ZONE}
            options["help_text"] = format_lazy("{} {}", db_field.help_text, zone)
        return super().formfield_for_dbfield(db_field, request, **options)

    def has_view_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm("articles.view_article")

    def has_add_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm("articles.publish_article")

    def has_change_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm("articles.publish_article")


extension.add_inline(ArticleTermsInline)
extension.add_view("preview/stranger/", previews.as_stranger, "preview_stranger", _("View as stranger"))
extension.add_view("preview/subscriber/", previews.as_subscriber, "preview_subscriber", _("View as subscriber"))
