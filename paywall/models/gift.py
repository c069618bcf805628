"""Gift links and the browsers in which they were opened. What a link opens is decided in `paywall/ways_in/gifts.py`."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from articles.fields import PlainCharField
from articles.models import Article

LONGEST_NAME = 60


def token_of(seed: str) -> str:
    """What stands in the address: 256 bits, made of a random seed and the site's secret, so that nobody makes addresses
    of a copy of the database alone, and the giver can be shown theirs again.
    """
    digest = salted_hmac("paywall.gift", seed, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hash_of(token: str) -> str:
    """A link is looked up by it, so that the time of an answer tells nothing of how near a guess was."""
    return hashlib.sha256(token.encode()).hexdigest()


class GiftLinkQuerySet(models.QuerySet["GiftLink"]):
    def live(self, now: datetime) -> Self:
        """Neither revoked nor over at `now` (UTC), and their givers' accounts are switched on."""
        return self.filter(revoked_at=None, expires_at__gt=now, giver__is_active=True)

    def of_token(self, token: str) -> GiftLink | None:
        return self.filter(token_hash=hash_of(token)).select_related("article", "giver").first()

    def revoke(self, now: datetime) -> int:
        """End those that are not ended yet; how many."""
        return self.filter(revoked_at=None).update(revoked_at=now)


class GiftLink(models.Model):
    """One article, given by one subscriber. The links of a month are numbered, so that two requests cannot make the
    last one twice; `readers` counts browsers.
    """

    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("subscriber"), on_delete=models.CASCADE, related_name="gift_links"
    )
    article = models.ForeignKey(Article, verbose_name=_("article"), on_delete=models.CASCADE, related_name="+")
    period = models.DateField(_("month"))  # its first day, in the publication's time zone
    slot = models.PositiveSmallIntegerField(_("number in the month"))
    seed = models.CharField(max_length=43, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    shown_name = PlainCharField(
        _("shown name"), max_length=LONGEST_NAME, blank=True, help_text=_("Empty: the page does not say who gave it.")
    )
    made_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("ends"), db_index=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    most_readers = models.PositiveSmallIntegerField(_("for so many readers"))
    readers = models.PositiveSmallIntegerField(_("readers so far"), default=0)

    objects = GiftLinkQuerySet.as_manager()

    class Meta:
        ordering = ("-made_at", "-pk")
        verbose_name = _("gift link")
        verbose_name_plural = _("gift links")
        constraints = (
            models.UniqueConstraint(fields=("giver", "period", "slot"), name="gift_link_slot_once"),
            models.CheckConstraint(condition=Q(slot__gte=1), name="gift_link_slot_from_one"),
            models.CheckConstraint(condition=Q(readers__lte=F("most_readers")), name="gift_link_readers_up_to_most"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="gift_link_ends_after_start"),
        )

    def __str__(self) -> str:
        return f"gift of article {self.article_id} by user {self.giver_id}"

    @property
    def token(self) -> str:
        """Empty where the site's secret has changed since: the link then still opens, but cannot be shown."""
        token = token_of(self.seed)
        return token if constant_time_compare(hash_of(token), self.token_hash) else ""

    @property
    def is_used_up(self) -> bool:
        return self.readers >= self.most_readers

    def is_live(self, now: datetime) -> bool:
        """Whether it opens its article at `now` (UTC), as far as the link itself goes."""
        return self.revoked_at is None and now < self.expires_at and self.giver.is_active


class GiftOpening(models.Model):
    """A browser in which a gift was opened; it knows the key by a signed cookie, and nothing else is known of it."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    link = models.ForeignKey(GiftLink, on_delete=models.CASCADE, related_name="openings")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"opening of gift {self.link_id}"
