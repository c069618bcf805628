"""security.txt (RFC 9116): whom to tell of a hole, in the form that those who look for one expect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from articles.caching import public_page

PATH = "/.well-known/security.txt"
VALID_DAYS = 180  # the RFC asks for less than a year; a copy that is older than this is not to be believed


@require_safe
@public_page("security-txt")
def security_txt(_request: HttpRequest) -> HttpResponse:
    lines = [
        f"Contact: {contact()}",
        f"Expires: {expires_at(timezone.now()):%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(languages())}",
        f"Canonical: {settings.SITE_URL}{PATH}",
    ]
    if settings.SECURITY_POLICY:
        lines.append(f"Policy: {settings.SECURITY_POLICY}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def contact() -> str:
    """The stated contact, else the address that the site's mail comes from."""
    return settings.SECURITY_CONTACT or f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"


def expires_at(now: datetime) -> datetime:
    """The same moment all day long (UTC). A page that is kept over that midnight says the moment of the day before for
    some hours, which does no harm.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=VALID_DAYS)


def languages() -> list[str]:
    """The publication's, and the one that most reports are written in."""
    own = settings.LANGUAGE_CODE.split("-")[0]
    return list(dict.fromkeys([own, "en"]))
