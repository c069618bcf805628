"""Articles in admin: the list, the form, and the steps of publishing.

The body is written through `ArticleForm` alone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.options import ActionLocation
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles.admin import extension
from articles.admin.article_form import ArticleForm, Intent
from articles.admin.article_list import StateFilter
from articles.admin.correction import CorrectionInline
from articles.admin.named_fields import NamedFieldsFormSet
from articles.admin.photo import thumbnail
from articles.admin.states import missing_to_publish, publish, state_in_words, withdraw
from articles.models import Article, Byline, Status

if TYPE_CHECKING:
    ArticleModelAdmin = admin.ModelAdmin[Article]
    BylineTabularInline = admin.TabularInline[Byline, Article]
else:
    ArticleModelAdmin = admin.ModelAdmin
    BylineTabularInline = admin.TabularInline

MOST_AT_ONCE = 100
FIELDSETS = (
    (None, {"fields": ("state", "headline", "standfirst", "body", "opened_as")}),
    (gettext_lazy("Picture"), {"fields": ("photo", "photo_preview")}),
    (gettext_lazy("Where it belongs"), {"fields": ("section", "topics", ("series", "series_part"), "language")}),
    (gettext_lazy("Who reads it, and when"), {"fields": ("tier", "published_at", "updated_at", "slug")}),
)


class BylineInline(BylineTabularInline):
    model = Byline
    formset = NamedFieldsFormSet
    fields = ("author", "position")
    autocomplete_fields = ("author",)
    extra = 1


@admin.register(Article)
class ArticleAdmin(ArticleModelAdmin):
    form = ArticleForm
    inlines = (BylineInline,)
    readonly_fields = ("state", "photo_preview")
    autocomplete_fields = ("photo", "topics", "series")
    list_display = ("headline", "state", "section", "tier", "published_at")
    list_filter = (StateFilter, "tier", "section")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("headline",)
    date_hierarchy = "published_at"
    actions = ("publish_selected", "withdraw_selected")

    # --- who may do what --------------------------------------------------------------------------------------

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("articles.publish_article")

    def has_change_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        """What is out, or has been, is changed by those alone who may publish."""
        is_theirs = obj is None or obj.status == Status.DRAFT or self.has_publish_permission(request)
        return is_theirs and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        """Drafts alone: an article that was out is withdrawn, so that its address can say so."""
        return (obj is None or obj.status == Status.DRAFT) and super().has_delete_permission(request, obj)

    # --- the list and the form --------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("state"), ordering="status")
    def state(self, article: Article) -> str:
        return state_in_words(article, timezone.now())

    @admin.display(description=gettext_lazy("preview"))
    def photo_preview(self, article: Article) -> str:
        return thumbnail(article.photo) if article.photo else "–"

    def get_fieldsets(self, request: HttpRequest, obj: Article | None = None) -> Any:
        """Without the body for those who may only look: they read it as their readers do, by the previews."""
        if obj is None or self.has_change_permission(request, obj):
            return FIELDSETS
        return ((None, {"fields": ("state", "headline", "standfirst")}), *FIELDSETS[1:])

    def get_prepopulated_fields(self, request: HttpRequest, obj: Article | None = None) -> Any:
        return {"slug": ("headline",)} if obj is None or obj.status == Status.DRAFT else {}

    def get_inlines(self, request: HttpRequest, obj: Article | None) -> Any:
        corrections = () if obj is None or obj.status == Status.DRAFT else (CorrectionInline,)
        return (*self.inlines, *corrections, *extension.inlines)

    def get_view_on_site_url(self, obj: Article | None = None) -> str | None:
        return obj.get_absolute_url() if obj is not None and obj.is_out(timezone.now()) else None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if Intent.of(request.POST) is not Intent.SAVE and not self.has_publish_permission(request):
            raise PermissionDenied
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Article | None = None,
    ) -> HttpResponse:
        now = timezone.now()
        status = Status.DRAFT if obj is None else obj.status
        is_out = obj is not None and obj.is_out(now)
        may_publish = self.has_publish_permission(request) and not context["is_popup"]
        context |= {
            "show_save_and_add_another": False,
            "show_publish": may_publish and not is_out,
            "show_schedule": may_publish and status != Status.PUBLISHED,
            "show_draft": may_publish and not is_out and status != Status.DRAFT,
            "withdraw_url": self.url("withdraw", obj)
            if obj is not None and may_publish and status == Status.PUBLISHED
            else "",
            "added_links": [(view.label, self.url(view.name, obj)) for view in extension.views]
            if obj is not None
            else [],
        }
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

    def url(self, name: str, article: Article) -> str:
        return reverse(f"{self.admin_site.name}:articles_article_{name}", args=[article.pk])

    # --- saving -----------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        obj.status = form.status_after
        if not change or {"body", "language"} & set(form.changed_data):
            obj.save_with_body(form.cleaned_data["body"])
        else:
            obj.save()

    def response_add(self, request: HttpRequest, obj: Article, post_url_continue: str | None = None) -> HttpResponse:
        return self.response_step(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Article) -> HttpResponse:
        return self.response_step(request, obj) or super().response_change(request, obj)

    def response_step(self, request: HttpRequest, article: Article) -> HttpResponse | None:
        """The answer to one of the buttons that change the state; None where the article was only saved."""
        if Intent.of(request.POST) is Intent.SAVE:
            return None
        self.tell_state(request, article)
        return HttpResponseRedirect(self.url("change", article))

    def tell_state(self, request: HttpRequest, article: Article) -> None:
        state = state_in_words(article, timezone.now())
        self.log_change(request, article, _("State: %(state)s.") % {"state": state})
        message = _("“{headline}” is now: {state}.")
        self.message_user(request, format_html(message, headline=article.headline, state=state), messages.SUCCESS)

    # --- publishing and withdrawing ---------------------------------------------------------------------------

    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request, action_location=action_location)
        if found and self.has_publish_permission(request):
            found |= {name: (action, name, label) for name, action, label in extension.actions}
        return found

    @admin.action(permissions=["publish"], description=gettext_lazy("Publish now"))
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        now = timezone.now()
        if not self.is_few(request, queryset):
            return
        with transaction.atomic():
            for article in queryset.select_related("section", "photo").select_for_update(of=("self",)):
                missing = missing_to_publish(
                    section=article.section,
                    photo=article.photo,
                    has_body=article.word_count > 0 or article.has_subscribers_blocks,
                )
                if missing:
                    self.message_user(request, f"“{article.headline}”: {' '.join(missing.values())}", messages.ERROR)
                elif not article.is_out(now):
                    publish(article, now)
                    self.tell_state(request, article)

    def is_few(self, request: HttpRequest, chosen: QuerySet[Article]) -> bool:
        """Whether an action may take them all at once; if not, says so."""
        if chosen.count() <= MOST_AT_ONCE:
            return True
        sentence = _("Choose at most %(limit)d articles at once.") % {"limit": MOST_AT_ONCE}
        self.message_user(request, sentence, messages.ERROR)
        return False

    @admin.action(permissions=["publish"], description=gettext_lazy("Withdraw"))
    def withdraw_selected(self, request: HttpRequest, queryset: QuerySet[Article]) -> HttpResponseBase | None:
        found = queryset.filter(status=Status.PUBLISHED)
        if not self.is_few(request, found):
            return None
        if "confirmed" not in request.POST:
            return self.confirm_withdrawal(request, list(found), action="withdraw_selected")
        with transaction.atomic():
            articles = list(found.select_for_update(of=("self",)))
            for article in articles:
                withdraw(article)
                self.log_change(
                    request, article, _("State: %(state)s.") % {"state": state_in_words(article, timezone.now())}
                )
        told = ngettext("%(count)d article was withdrawn.", "%(count)d articles were withdrawn.", len(articles)) % {
            "count": len(articles)
        }
        self.message_user(request, told, messages.SUCCESS)
        return None

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        article = self.find(request, object_id)
        if not self.has_publish_permission(request) or not self.has_change_permission(request, article):
            raise PermissionDenied
        if request.method != "POST":
            return self.confirm_withdrawal(request, [article])
        with transaction.atomic():
            locked = Article.objects.select_for_update().get(pk=article.pk)
            if locked.status == Status.PUBLISHED:
                withdraw(locked)
                self.tell_state(request, locked)
        return HttpResponseRedirect(self.url("change", article))

    def confirm_withdrawal(self, request: HttpRequest, articles: list[Article], action: str = "") -> TemplateResponse:
        """The question before the deed. With `action` the answer goes back to the list, else to this very address."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Withdraw"),
            "opts": self.opts,
            "articles": articles,
            "action": action,
            "back_url": reverse(f"{self.admin_site.name}:articles_article_changelist")
            if action
            else self.url("change", articles[0]),
        }
        return TemplateResponse(request, "admin/articles/article/withdraw_confirmation.html", context)

    # --- addresses --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        added = [
            path(
                f"<path:object_id>/{view.path}",
                self.admin_site.admin_view(partial(self.added_view, view=view.view)),
                name=f"articles_article_{view.name}",
            )
            for view in extension.views
        ]
        withdrawal = path(
            "<path:object_id>/withdraw/",
            self.admin_site.admin_view(self.withdraw_view),
            name="articles_article_withdraw",
        )
        return [*added, withdrawal, *super().get_urls()]

    def added_view(self, request: HttpRequest, object_id: str, *, view: extension.ArticleView) -> HttpResponseBase:
        return view(request, self.find(request, object_id))

    def find(self, request: HttpRequest, object_id: str) -> Article:
        """The article of an address below it. Raises Http404, and PermissionDenied for those who may not see it."""
        article = self.get_object(request, unquote(object_id))
        if not self.has_view_or_change_permission(request, article):
            raise PermissionDenied
        if article is None:
            raise Http404
        return article
