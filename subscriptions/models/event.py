"""What Stripe told: each event once. The payload is not kept, since the state is always fetched afresh."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class EventOutcome(models.TextChoices):
    BOOKED = "booked", _("customer marked for a sync")
    NOTED = "noted", _("noted, nothing to do")
    FOREIGN = "foreign", _("not a customer of this site")
    OTHER_MODE = "other_mode", _("of the other mode, live or test")


class StripeEvent(models.Model):
    event_id = models.CharField(_("event"), max_length=255, unique=True)
    type = models.CharField(_("type"), max_length=100)
    livemode = models.BooleanField(_("live mode"))
    created = models.DateTimeField(_("created"))
    object_id = models.CharField(_("object"), max_length=255, blank=True)
    customer_id = models.CharField(_("customer"), max_length=255, blank=True, db_index=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=EventOutcome)
    received_at = models.DateTimeField(_("received"), auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class EventCursor(models.Model):
    """Up to where the events were read from Stripe's list; one row for each mode."""

    livemode = models.BooleanField(primary_key=True)
    created = models.DateTimeField(_("seen up to"))

    class Meta:
        verbose_name = _("cursor of events")
        verbose_name_plural = _("cursors of events")

    def __str__(self) -> str:
        return self.created.isoformat()
