"""The figures in admin: no rows of its own, only a name that a permission can be given for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from subscriptions.models.subscription import Subscription


class Dashboard(Subscription):
    class Meta:
        proxy = True
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboard")
