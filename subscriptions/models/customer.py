"""A customer at Stripe, and the job that brings its state here. The link to a reader is by stored id, never by
address.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class StripeCustomer(models.Model):
    stripe_id = models.CharField(_("customer at Stripe"), max_length=255, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="stripe_customers",
        help_text=_("Empty before anything is paid, and for a further customer of the same reader."),
    )
    livemode = models.BooleanField(_("live mode"))
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    billing_email = models.EmailField(_("billing address"), max_length=254, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    deleted_at = models.DateTimeField(_("deleted at Stripe"), null=True, blank=True)
    synced_at = models.DateTimeField(_("synced"), null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "livemode"), condition=Q(deleted_at=None), name="customer_one_live_by_user"
            ),
        )

    def __str__(self) -> str:
        return self.stripe_id


class SyncJob(models.Model):
    """One row for each customer. `generation` counts what has happened, `done_generation` up to where it was seen.

    The lease is held while Stripe is asked, outside any transaction; `lease` names its holder.
    """

    customer = models.OneToOneField(
        StripeCustomer, verbose_name=_("customer"), on_delete=models.CASCADE, related_name="sync_job"
    )
    generation = models.PositiveBigIntegerField(_("generation"), default=0)
    done_generation = models.PositiveBigIntegerField(_("done"), default=0)
    lease = models.UUIDField(_("lease"), null=True, blank=True, default=None)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("sync")
        verbose_name_plural = _("syncs")
        constraints = (
            models.CheckConstraint(
                condition=Q(done_generation__lte=F("generation")), name="sync_done_is_not_ahead_of_generation"
            ),
        )
        indexes = (
            models.Index(
                fields=("not_before",), condition=Q(done_generation__lt=F("generation")), name="sync_job_waiting"
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.done_generation}/{self.generation}"
