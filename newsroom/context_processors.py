"""What every page shows: the site's name, its sections, the day, and what stands beside a field for an address."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from articles.lists import navigation_sections
from subscriptions.consent import CONSENT_WORDING
from subscriptions.plans import registration_plan_key


def site(_request: HttpRequest) -> dict[str, Any]:
    """The sections and the plan are asked for only by the pages that show them."""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "site_note": settings.SITE_NOTE,
        "navigation_sections": SimpleLazyObject(navigation_sections),
        "today": timezone.localdate(),
        "consent": CONSENT_WORDING,
        "registration_plan_key": registration_plan_key,
        "has_demo_inbox": settings.HAS_DEMO_INBOX,
        "is_demo": settings.IS_DEMO,
    }
