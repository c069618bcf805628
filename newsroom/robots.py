"""robots.txt: what crawlers may fetch. It hides nothing; what must not be read is withheld."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from articles.caching import public_page

CLOSED = ("/account/", "/admin/", "/feeds/private/", "/subscribe/start/", "/search/", "/access/", "/gift/", "/mail/")


@require_safe
@public_page("robots")
def robots_txt(_request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED), ""]
    lines += [f"Sitemap: {settings.SITE_URL}{reverse(name)}" for name in ("articles:sitemap", "articles:sitemap-news")]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
