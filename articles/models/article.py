"""An article without its body: headline, teaser, classification, state. The body is reached through `Article.body_for`
alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from typing import ClassVar, Protocol, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles import bodies
from articles.fields import PlainCharField
from articles.models.author import Author
from articles.models.classification import Section, Series, Topic
from articles.models.photo import Photo
from articles.models.stored import Slugged
from articles.sanitising import clean_body
from articles.search_vectors import generated_vector
from articles.teasers import Teaser, make_teaser

LANGUAGE_TAG = r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$"  # BCP 47 in small letters, as far as a publication needs it
# Beyond these a year has not four digits, or a time zone leads out of what a date can be.
EARLIEST, LATEST = datetime(1001, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
WITHIN_REASON = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
WORDS_A_MINUTE = 230
AFTER_ALL_PARTS = 1_000_000  # where an article of a series stands that has no number
SERIES_PLACE = Coalesce("series_part", AFTER_ALL_PARTS, output_field=models.IntegerField())
PUBLIC_WORD_STEP = 50  # an exact count would tell a stranger of every change in the part that costs


class Status(models.TextChoices):
    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Tier(models.TextChoices):
    FREE = "free", _("free")
    REGISTERED = "registered", _("registered readers")
    PREMIUM = "premium", _("subscribers")


def default_tier() -> str:
    return settings.DEFAULT_TIER


class BodyAccess(Protocol):
    """The part of the paywall's decision that opens a body."""

    @property
    def granted(self) -> bool: ...

    @property
    def article_id(self) -> int | None: ...

    @property
    def opens_every_block(self) -> bool: ...


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self, now: datetime | None = None) -> Self:
        """Articles that are out at `now` (UTC, default the present): a scheduled one appears by the clock alone."""
        return self.filter(status=Status.PUBLISHED, published_at__lte=now or timezone.now())

    def scheduled(self, now: datetime | None = None) -> Self:
        """Articles that will be out later than `now` by the clock alone."""
        return self.filter(status=Status.PUBLISHED, published_at__gt=now or timezone.now())

    def cards(self, now: datetime | None = None) -> Self:
        """What a list of the newest shows: articles that are out, with all that a card needs."""
        return self.published(now).newest_first().with_card()

    def newest_first(self) -> Self:
        return self.order_by("-published_at", "-pk")

    def of_series(self, series_id: int) -> Self:
        """The parts of a series in their order."""
        return self.filter(series_id=series_id).order_by("series_part", "published_at", "pk")

    def with_card(self) -> Self:
        """With what a list shows of each: section, picture and byline, in two queries however long the list is. Each
        knows those that came with it, so that what is needed of one later is fetched for all of them.
        """
        joined = self.select_related("section", "photo").prefetch_related("bylines__author")
        return joined.fetch_mode(models.FETCH_PEERS)


class Article(Slugged):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    headline = PlainCharField(_("headline"), max_length=250)
    slug = models.SlugField(
        _("slug"), max_length=200, unique=True, help_text=_("The old address goes on working after a change.")
    )
    standfirst = PlainCharField(_("standfirst"), max_length=500, blank=True)
    teaser = models.TextField(_("teaser"), blank=True, editable=False)
    teaser_word_count = models.PositiveIntegerField(default=0, editable=False)
    word_count = models.PositiveIntegerField(default=0, editable=False)
    # Of the body, for everybody: what is open behind the teaser, and whether parts of it are for subscribers alone.
    open_blocks = models.TextField(blank=True, default="", db_default="", editable=False)
    has_subscribers_blocks = models.BooleanField(default=False, db_default=False, editable=False)

    section = models.ForeignKey(
        Section, verbose_name=_("section"), null=True, blank=True, on_delete=models.PROTECT, related_name="articles"
    )
    topics = models.ManyToManyField(Topic, verbose_name=_("topics"), blank=True, related_name="articles")
    authors = models.ManyToManyField(Author, verbose_name=_("authors"), through="Byline", related_name="articles")
    series = models.ForeignKey(
        Series, verbose_name=_("series"), null=True, blank=True, on_delete=models.SET_NULL, related_name="articles"
    )
    series_part = models.PositiveSmallIntegerField(_("part of the series"), null=True, blank=True)
    photo = models.ForeignKey(
        Photo, verbose_name=_("photo"), null=True, blank=True, on_delete=models.PROTECT, related_name="articles"
    )
    language = models.CharField(
        _("language"),
        max_length=12,
        default="en",
        validators=[RegexValidator(LANGUAGE_TAG, _("A code in small letters, such as en or pt-br."))],
        help_text=_("A code in small letters, such as en or pt-br."),
    )

    tier = models.CharField(_("open to"), max_length=12, choices=Tier, default=default_tier)
    status = models.CharField(_("state"), max_length=12, choices=Status, default=Status.DRAFT)
    published_at = models.DateTimeField(
        _("published"),
        null=True,
        blank=True,
        validators=WITHIN_REASON,
        help_text=_("A moment in the future schedules the article: it appears at that second."),
    )
    updated_at = models.DateTimeField(
        _("updated"),
        null=True,
        blank=True,
        validators=WITHIN_REASON,
        help_text=_("Shown to readers. Set it when the story changes in substance."),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    modified_at = models.DateTimeField(auto_now=True)

    source_id = models.CharField(max_length=200, null=True, unique=True, editable=False)  # noqa: DJ001 (null: most have none, and it is unique)
    source_digest = models.CharField(max_length=64, blank=True, editable=False)
    search_vector = generated_vector(headline="A", standfirst="B", teaser="C")

    objects: ClassVar[models.Manager[Article]] = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ("-published_at", "-pk")
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        indexes = (
            models.Index(fields=("status", "-published_at", "-id"), name="article_by_date"),
            models.Index(fields=("section", "status", "-published_at", "-id"), name="article_by_section_date"),
            models.Index(fields=("series", "series_part"), name="article_by_series"),
            models.Index("series", "status", SERIES_PLACE, "published_at", "id", name="article_by_series_place"),
            GinIndex(fields=("search_vector",), name="article_search"),
            models.Index(fields=("language",), condition=Q(status=Status.PUBLISHED), name="article_languages"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(status=Status.DRAFT) | Q(published_at__isnull=False), name="article_published_has_moment"
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | Q(published_at__range=(EARLIEST, LATEST)),
                name="article_moment_is_within_reason",
            ),
            models.CheckConstraint(condition=Q(language__regex=LANGUAGE_TAG), name="article_language_is_a_tag"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="article_status_is_known"),
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="article_tier_is_known"),
        )
        permissions = (("publish_article", _("Can publish and withdraw articles")),)

    def __str__(self) -> str:
        return self.headline

    def get_absolute_url(self) -> str:
        return reverse("articles:article", args=[self.slug])

    def _keep_redirect(self, former_slug: str) -> None:
        ArticleRedirect.objects.update_or_create(slug=former_slug, defaults={"article": self})
        ArticleRedirect.objects.filter(slug=self.slug, article=self).delete()

    # --- the body ---------------------------------------------------------------------------------------------

    def set_body(self, html: str) -> bodies.Body:
        """Clean `html`, derive teaser and counts from it, and return the body to be saved after this article.

        Raises `sanitising.BodyTooLong`.
        """
        body = bodies.Body(article=self, html=clean_body(html), language=self.language)
        teaser = make_teaser(body.html)
        self.take_teaser(teaser)
        body.continue_at = teaser.continue_at
        return body

    def take_teaser(self, teaser: Teaser) -> None:
        """What everybody is told of the body."""
        self.teaser, self.teaser_word_count = teaser.html, teaser.words + teaser.open_words
        self.word_count = teaser.total_words
        self.open_blocks, self.has_subscribers_blocks = teaser.open_blocks, teaser.has_subscribers_blocks

    def save_with_body(self, html: str) -> None:
        """Save the article and its body in one transaction. Raises `sanitising.BodyTooLong`."""
        body = self.set_body(html)
        with transaction.atomic():
            self.save()
            body.article_id = self.pk
            body.save()

    def body_for(self, access: BodyAccess) -> str:
        """The body as safe HTML, with an anchor `continue` where the teaser stopped. Raises `bodies.BodyWithheld`."""
        return bodies.read_body(self.pk, access)

    @staticmethod
    def bodies_for(accesses: Collection[BodyAccess]) -> dict[int, str]:
        """The bodies of the articles that these decisions open, as safe HTML. Raises `bodies.BodyWithheld` if one of
        them opens none.
        """
        return bodies.read_bodies(accesses)

    # --- state ------------------------------------------------------------------------------------------------

    @property
    def is_published(self) -> bool:
        return self.status == Status.PUBLISHED

    def is_out(self, now: datetime) -> bool:
        return self.is_published and self.published_at is not None and self.published_at <= now

    @property
    def is_withdrawn(self) -> bool:
        return self.status == Status.WITHDRAWN

    # --- what a page shows ------------------------------------------------------------------------------------

    @property
    def byline_authors(self) -> list[Author]:
        return [byline.author for byline in self.bylines.all()]

    @property
    def public_word_count(self) -> int:
        """Words of the body rounded to fifty (never to none), which is all that a stranger may learn of its length."""
        if self.word_count == 0:
            return 0
        return max(PUBLIC_WORD_STEP, round(self.word_count / PUBLIC_WORD_STEP) * PUBLIC_WORD_STEP)

    @property
    def reading_minutes(self) -> int:
        return max(1, round(self.public_word_count / WORDS_A_MINUTE))


class Byline(models.Model):
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="bylines")
    author = models.ForeignKey(Author, verbose_name=_("author"), on_delete=models.PROTECT, related_name="bylines")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    # When the article is out, for published ones; kept by triggers, so that an author's list is walked in its order.
    out_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("position", "pk")
        verbose_name = _("byline")
        verbose_name_plural = _("bylines")
        indexes = (models.Index(fields=("author", "-out_at", "-article"), name="byline_by_date"),)
        constraints = (models.UniqueConstraint(fields=("article", "author"), name="byline_author_once_an_article"),)

    def __str__(self) -> str:
        return str(self.author)


class ArticleRedirect(models.Model):
    slug = models.SlugField(_("former slug"), max_length=200, unique=True)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="redirects")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("redirect")
        verbose_name_plural = _("redirects")

    def __str__(self) -> str:
        return self.slug
