"""What `manage.py check --deploy` says beyond Django's own checks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - Django's name


@register(Tags.security, deploy=True)
def proxies_are_counted(**_options: Any) -> list[CheckMessage]:
    """https without a trusted proxy works only where the web process ends TLS itself; else every page redirects to
    itself, and all readers are one network to the limits.
    """
    if settings.TRUSTED_PROXIES or not settings.IS_HTTPS:
        return []
    return [
        Warning(
            "SITE_URL is https and TRUSTED_PROXIES is 0: no proxy is believed about https or a reader's address.",
            hint="Set TRUSTED_PROXIES to the number of your proxies. Where granian itself ends TLS, all is well.",
            id="newsroom.W001",
        )
    ]
