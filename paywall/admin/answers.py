"""Support's page in admin: what a certain reader is told of an article, and the facts behind it.

Addresses of readers are posted and never stand in an address of a page: those are logged.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.fields import AddressField
from accounts.models import User
from articles.admin import extension
from articles.models import Article
from articles.moments import moment_in_words
from paywall.admin.asked import AtForm, MomentForm, at_field, found_articles, page_of, record_of
from paywall.telling.reasons import asked_sentence, until_sentence
from paywall.telling.support import explain, meter_in_words

PERMISSION = "accounts.view_user"


class ReaderForm(MomentForm):
    reader = AddressField(label=gettext_lazy("Reader's e-mail address"))
    field_order = ("reader", "article", "at")

    def clean_reader(self) -> User:
        user = User.objects.filter(email=self.cleaned_data["reader"]).first()
        if user is None:
            raise ValidationError(_("Nobody has an account with this address: they read as a stranger does."))
        return user


@admin.site.admin_view
@require_http_methods(["GET", "HEAD", "POST"])
def answers(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    context = {**admin.site.each_context(request), "title": _("Why does it open, or not?")}
    if request.method == "POST":
        form = ReaderForm(request.POST)
        if form.is_valid():
            found = found_articles(request, form.cleaned_data["article"], timezone.now())
            pages = [(article, address(form.cleaned_data, article)) for article in found]
            if len(pages) == 1:
                return HttpResponseRedirect(pages[0][1])
            context |= {"candidates": pages, "is_unknown": not pages}
        return shown(request, context | {"form": form}, status=400 if form.errors else 200)
    return shown(request, context | asked_by_address(request))


def asked_by_address(request: HttpRequest) -> dict[str, Any]:
    """What the numbers in the page's own address ask for; with one of them alone the form is filled in with it. Raises
    Http404 for a reader or an article that is none.
    """
    now = timezone.now()
    user_id, slug = request.GET.get("user", ""), request.GET.get("article", "")
    user = (
        get_object_or_404(User, pk=user_id) if user_id.isascii() and user_id.isdigit() and len(user_id) < 10 else None
    )
    found = found_articles(request, slug, now) if slug else []
    article = found[0] if len(found) == 1 else None
    initial = {"reader": user.email if user else "", "article": slug, "at": request.GET.get("at", "")}
    at_form = AtForm({"at": initial["at"]})
    context: dict[str, Any] = {"form": ReaderForm(initial=initial)}
    if user is None or article is None or not at_form.is_valid():
        return context
    at = at_form.cleaned_data["at"]
    explained = explain(user, article, at or now, is_now=at is None)
    answer = explained.answer
    return context | {
        "explained": explained,
        "answer": answer,
        "article": article,
        "reader": user,
        "reader_page": page_of(request.user, "accounts", "user", user.pk),
        "moment": moment_in_words(at or now),
        "until": until_sentence(answer.access, has_subscription=explained.has_subscription),
        "asked": asked_sentence(answer.access),
        "record": record_of(answer.access.asking, article, request.user),
        "meter": meter_in_words(answer.meter),
        "steps": answer.steps(article.get_absolute_url(), at or now),
    }


def shown(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return TemplateResponse(request, "admin/paywall/answers/answers.html", context, status=status)


def address(asked: dict[str, Any], article: Article) -> str:
    values = {"user": asked["reader"].pk, "article": article.slug, "at": at_field(asked["at"])}
    return f"{reverse('paywall:answers')}?{urlencode({name: value for name, value in values.items() if value})}"


@require_safe
def answers_of(_request: HttpRequest, article: Article) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('paywall:answers')}?{urlencode({'article': article.slug})}")


extension.add_view("answers/", answers_of, "answers", gettext_lazy("Why does it open to a reader?"))
