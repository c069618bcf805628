"""What every page shows: the site's name, its sections, the day, and what stands beside a field for an address."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.admin_pages import is_admin_path
from paywall.reading_as import chosen_class
from subscriptions.agreed.consent import CONSENT_WORDING, begin_wording, begin_wording_once
from subscriptions.selling.plans import registration_plan_key


def site(request: HttpRequest) -> dict[str, Any]:
    """The sections, the plan and the class that is read as are asked for only by the pages that show them."""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "site_note": settings.SITE_NOTE,
        "today": timezone.localdate(),
        "consent": CONSENT_WORDING,
        "begin_wording": begin_wording,
        "begin_wording_once": begin_wording_once,
        "registration_plan_key": registration_plan_key,
        "reading_as": SimpleLazyObject(lambda: reading_as(request)),
        "has_demo_inbox": settings.HAS_DEMO_INBOX,
        "is_demo": settings.IS_DEMO,
    }


def reading_as(request: HttpRequest) -> str:
    """The class of reader that staff read as just now, in words. Asks the session alone, nothing that anybody holds."""
    if not hasattr(request, "session") or is_admin_path(request.path):
        return ""
    chosen = chosen_class(request, timezone.now())
    return "" if chosen is None else str(chosen.label)
