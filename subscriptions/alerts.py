"""Raising what a person has to look at. Each matter is raised once, also when it is found again and again."""

from __future__ import annotations

import logging

from subscriptions.models import Alert, AlertKind

logger = logging.getLogger(__name__)


def raise_alert(kind: AlertKind, about: str, text: str) -> bool:
    """Raise an alert about an object of Stripe's; False where it was raised before."""
    _alert, is_new = Alert.objects.get_or_create(key=f"{kind}:{about}", defaults={"kind": kind, "text": text})
    if is_new:
        logger.error("alert %s about %s", kind, about)
    return is_new
