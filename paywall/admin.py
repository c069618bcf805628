"""The paywall's part of an article's page in admin."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from articles.admin import extension
from articles.models import Article
from paywall import previews
from paywall.models import ArticleTerms


class ArticleTermsInline(admin.StackedInline[ArticleTerms, Article]):
    """Whoever may change the article decides this too; it has no page, and so no permissions, of its own."""

    model = ArticleTerms
    can_delete = False
    verbose_name_plural = _("Free for a time")

    def has_view_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm("articles.view_article")

    def has_add_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm("articles.publish_article")

    def has_change_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm("articles.publish_article")


extension.add_inline(ArticleTermsInline)
extension.add_view("preview/stranger/", previews.as_stranger, "preview_stranger", _("View as stranger"))
extension.add_view("preview/subscriber/", previews.as_subscriber, "preview_subscriber", _("View as subscriber"))
