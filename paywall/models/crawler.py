"""Crawlers of search engines and the like that a publisher lets read in full. How one is told from those who merely say
so is decided in `paywall/ways_in/crawlers.py`.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from articles.fields import PlainCharField


class Crawler(models.Model):
    """Off until a publisher switches it on. Its name in the User-Agent selects what is checked, and proves nothing."""

    name = PlainCharField(_("name"), max_length=80, unique=True)
    is_active = models.BooleanField(
        _("reads in full"), default=False, help_text=_("Its requests get the whole text of every article.")
    )
    user_agent = PlainCharField(
        _("calls itself"),
        max_length=80,
        help_text=_(
            "A word of its User-Agent, such as Googlebot. Only requests with it are checked; it never suffices."
        ),
    )
    address_list = models.TextField(
        _("published addresses"),
        blank=True,
        help_text=_("The list that its operator publishes, as JSON or one range a line."),
    )
    host_suffixes = models.TextField(
        _("host names"),
        blank=True,
        help_text=_(
            "Domains that its machines have names in, one a line, such as googlebot.com. The name of the sender's"
            " address is looked up, and has to lead back to that address."
        ),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    modified_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        verbose_name = _("crawler")
        verbose_name_plural = _("crawlers")
        constraints = (
            models.CheckConstraint(
                condition=Q(is_active=False) | ~Q(address_list="", host_suffixes=""),
                name="crawler_in_use_can_be_verified",
                violation_error_message=_("Give its addresses or its host names before it is switched on."),
            ),
            models.CheckConstraint(condition=~Q(user_agent=""), name="crawler_has_a_user_agent"),
        )

    def __str__(self) -> str:
        return self.name
