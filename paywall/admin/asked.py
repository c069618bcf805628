"""What the pages that explain the decision share: the article and the moment that are asked about, and the record that
decides, with its page in admin.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from articles.models import Article, Tier
from articles.models.article import WITHIN_REASON
from articles.moments import moment_in_words
from paywall.asking import Asking, Origin
from paywall.telling.article_address import LONGEST, slug_of

MOST_FOUND = 10
FIELD = "%Y-%m-%dT%H:%M:%S"  # what a browser's own field for a moment takes


class AtForm(forms.Form):
    at = forms.DateTimeField(
        label=gettext_lazy("When"),
        required=False,
        validators=WITHIN_REASON,
        widget=forms.DateTimeInput(format=FIELD, attrs={"type": "datetime-local", "step": "1"}),
        help_text=gettext_lazy("In the publication's time; empty: now."),
    )


class MomentForm(AtForm):
    """An article by its address or words of its headline, and a moment in the publication's time zone."""

    article = forms.CharField(
        label=gettext_lazy("Article"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
        help_text=gettext_lazy("Its address, or words of its headline."),
    )


@dataclass(frozen=True, slots=True)
class Record:
    """What says what the article asks: in words, and where staff who may see it find it."""

    words: str
    url: str
    until: str


def may_see_all(user: AbstractBaseUser | AnonymousUser | User) -> bool:
    """Whether also what is not out."""
    return isinstance(user, User) and user.has_perm("articles.view_article")


def found_articles(request: HttpRequest, text: str, now: datetime) -> list[Article]:
    """One, where the text is an address; else the newest whose headlines have these words."""
    articles = Article.objects.all() if may_see_all(request.user) else Article.objects.published(now)
    by_address = articles.filter(slug=slug_of(request, text)).first()
    if by_address is not None:
        return [by_address]
    for word in text.split()[:9]:
        articles = articles.filter(headline__icontains=word)
    return list(articles.order_by("-published_at", "-pk")[:MOST_FOUND])


def record_of(asking: Asking | None, article: Article, user: Any) -> Record | None:
    if asking is None:
        return None
    until = "" if asking.until is None else moment_in_words(asking.until)
    match asking.origin:
        case Origin.RULE:
            words = _("The rule “%(name)s”") % {"name": asking.name}
            return Record(words, page_of(user, "paywall", "rule", asking.record_id), until)
        case Origin.OPENING:
            words = _("The opening “%(name)s”") % {"name": asking.name} if asking.name else _("An opening")
            return Record(words, page_of(user, "paywall", "opening", asking.record_id), until)
        case Origin.TIER:
            words = _("Its tier: %(tier)s") % {
                "tier": Tier(article.tier).label if article.tier in Tier else article.tier
            }
            return Record(words, page_of(user, "articles", "article", article.pk), until)
    words = {
        Origin.PREMIUM_FROM: _("Its own terms: for subscribers from a moment on"),
        Origin.FREE_TIME: _("Its own terms: free for a time"),
        Origin.PLANS: _("Its own terms: the plans"),
    }[asking.origin]
    page = page_of(user, "articles", "article", article.pk)
    return Record(words, f"{page}#terms-group" if page else "", until)


def page_of(user: Any, app: str, model: str, pk: int | None) -> str:
    """Empty for those who may not see it."""
    return reverse(f"admin:{app}_{model}_change", args=[pk]) if pk and user.has_perm(f"{app}.view_{model}") else ""


def at_field(moment: datetime | None) -> str:
    """The moment as an address carries it; empty for now."""
    return "" if moment is None else timezone.localtime(moment).strftime(FIELD)
