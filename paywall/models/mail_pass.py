"""What the links of one letter stand for, and the browsers in which they were opened. What they open is decided in
`paywall/ways_in/mail_links.py`.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class MailPass(models.Model):
    """One letter to one reader. Its key stands in addresses, where it names nobody; `browsers` counts those that have
    opened any of them, and `unnamed` what did so without saying that it is a browser.
    """

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_passes")
    expires_at = models.DateTimeField(db_index=True)
    most_browsers = models.PositiveSmallIntegerField()
    browsers = models.PositiveSmallIntegerField(default=0)
    most_unnamed = models.PositiveSmallIntegerField(db_default=20)
    unnamed = models.PositiveSmallIntegerField(db_default=0)

    class Meta:
        verbose_name = _("pass of a letter")
        verbose_name_plural = _("passes of letters")
        default_permissions = ()
        constraints = (
            models.CheckConstraint(condition=Q(browsers__lte=F("most_browsers")), name="mail_pass_browsers_up_to_most"),
            models.CheckConstraint(condition=Q(unnamed__lte=F("most_unnamed")), name="mail_pass_unnamed_up_to_most"),
        )

    def __str__(self) -> str:
        return f"pass of a letter to user {self.user_id}"


class MailPassOpening(models.Model):
    """A browser in which a link of the letter was opened; it knows the key by a signed cookie."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mail_pass = models.ForeignKey(MailPass, on_delete=models.CASCADE, related_name="openings")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"opening of pass {self.mail_pass_id}"
