"""The form in which an article is written. The body is a field of this form alone, never of the article."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.admin.body_widget import BodyWidget
from articles.admin.opened import OpenedForm
from articles.admin.states import missing_to_publish, published_at_for
from articles.bodies import Body
from articles.models import Article, ArticleRedirect, Status
from articles.sanitising import MAX_CHARACTERS, BodyTooLong, sanitise


class Intent(StrEnum):
    """What the pressed button asks for; each is the button's name."""

    SAVE = "_save"
    PUBLISH = "_publish"
    SCHEDULE = "_schedule"
    DRAFT = "_draft"

    @classmethod
    def of(cls, data: Any) -> Intent:
        return next((intent for intent in (cls.PUBLISH, cls.SCHEDULE, cls.DRAFT) if intent in data), cls.SAVE)


class ArticleForm(OpenedForm):
    instance: Article

    body = forms.CharField(
        label=gettext_lazy("Body"),
        required=False,
        widget=BodyWidget,
        help_text=gettext_lazy(
            "The scissors put the paywall cut: what stands above it is free to read. "
            "Without a cut the first sentences are, up to 180 words. "
            "The open lock marks blocks that everybody may read, also behind the cut; the closed lock marks blocks "
            "for subscribers alone, also where the article is free. "
            "A block for subscribers is never in the opening, and counts for none of the words."
        ),
    )

    class Meta:
        model = Article
        fields = (
            "headline",
            "standfirst",
            "photo",
            "section",
            "topics",
            "series",
            "series_part",
            "language",
            "tier",
            "published_at",
            "updated_at",
            "slug",
        )
        widgets = {"standfirst": forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["body"] = stored_body(self.instance.pk)
        if "published_at" in self.fields:
            self.fields["published_at"].help_text = _(
                "In the publication's time, %(zone)s. "
                "“Schedule” wants a moment in the future; “Publish now” keeps one in the past."
            ) % {"zone": settings.TIME_ZONE}

    def state_of(self, stored: Article) -> str:
        """The moment it was saved: the body, the bylines and the corrections are saved with it."""
        return stored.modified_at.isoformat()

    @property
    def intent(self) -> Intent:
        return Intent.of(self.data)

    @property
    def status_after(self) -> str:
        match self.intent:
            case Intent.PUBLISH | Intent.SCHEDULE:
                return Status.PUBLISHED
            case Intent.DRAFT:
                return Status.DRAFT
            case _:
                return self.instance.status

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if ArticleRedirect.objects.filter(slug=slug).exclude(article_id=self.instance.pk).exists():
            raise forms.ValidationError(
                _("Another article stood at this address, and old links lead to it. Please choose another one.")
            )
        return slug

    def clean_body(self) -> str:
        try:
            cleaned = sanitise(self.cleaned_data["body"].replace("\r\n", "\n"))
        except BodyTooLong as error:
            limit = number_format(MAX_CHARACTERS, force_grouping=True)
            raise forms.ValidationError(
                _("This body is too long: at most %(limit)s characters of HTML are kept.") % {"limit": limit}
            ) from error
        if cleaned.has_misplaced_cut:
            raise forms.ValidationError(
                _("The paywall cut stands inside a marked block. Put it before or behind the block.")
            )
        if cleaned.has_dropped_mark:
            raise forms.ValidationError(
                _(
                    "A block that is open to everybody must stand between other blocks, be closed, and hold no other "
                    "marked block. Please mark it anew."
                )
            )
        return cleaned.html

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        now = timezone.now()
        if self.status_after == Status.PUBLISHED:
            for field, sentence in self.missing(cleaned).items():
                self.add_error(field, sentence)
        if "published_at" not in self.errors:
            self.clean_moment(cleaned, now)
        return cleaned

    def missing(self, cleaned: dict[str, Any]) -> dict[str, str]:
        """What keeps the article from going out, without the fields that have an error of their own."""
        missing = missing_to_publish(
            section=cleaned.get("section"), photo=cleaned.get("photo"), has_body=has_text(cleaned.get("body", ""))
        )
        return {field: sentence for field, sentence in missing.items() if field not in self.errors}

    def clean_moment(self, cleaned: dict[str, Any], now: datetime) -> None:
        given = cleaned.get("published_at")
        is_future = given is not None and given > now
        if self.intent is Intent.PUBLISH:
            cleaned["published_at"] = published_at_for(given, now)
        elif self.intent is Intent.SCHEDULE and not is_future:
            self.add_error(
                "published_at", _("Give a moment in the future, in %(zone)s.") % {"zone": settings.TIME_ZONE}
            )
        elif given is None and self.status_after != Status.DRAFT:
            self.add_error("published_at", _("An article that was published keeps its date."))
        elif self.intent is Intent.SAVE and is_future and self.instance.is_out(now):
            self.add_error("published_at", _("This article is out. To bring it later, withdraw it first."))


def stored_body(article_id: int) -> str:
    return Body.objects.filter(pk=article_id).values_list("html", flat=True).first() or ""


def has_text(html: str) -> bool:
    return bool(strip_tags(html).strip())
