"""The site's addresses. Those that the outside relies on are listed in README.md."""

from django.conf import settings
from django.contrib import admin
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from newsroom import account_overview, health, inbox, media, robots, security_txt


def favicon(_request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(staticfiles_storage.url("img/favicon.ico"))


urlpatterns = [
    path("", include("articles.urls")),  # first, since what is asked for most is an article
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("robots.txt", robots.robots_txt, name="robots"),
    path(".well-known/security.txt", security_txt.security_txt, name="security-txt"),
    path("security.txt", RedirectView.as_view(pattern_name="security-txt"), name="security-txt-short"),
    path("favicon.ico", favicon, name="favicon"),
    path("account/", account_overview.overview, name="account"),
    path("account/", include("accounts.urls")),
    path("", include("paywall.urls")),  # before the admin, which answers for all addresses below its own
    path("admin/", admin.site.urls),
    path("", include("newsletters.urls")),
    path("", include("subscriptions.urls")),
]

if settings.HAS_DEMO_INBOX:
    urlpatterns += [path("demo/inbox/", inbox.inbox, name="demo-inbox")]
    urlpatterns += [path("demo/inbox/<slug:key>/", inbox.inbox_html, name="demo-inbox-html")]

if settings.LOCAL_MODE:
    urlpatterns += [
        # On a public host the web server in front hands out media; see docs/operations.md.
        re_path(r"^media/(?P<path>[\w./-]{1,200})$", media.media, name="media"),
    ]

handler403 = "newsroom.refusals.permission_denied"
handler500 = "newsroom.outages.error_page"
handler429 = "accounts.limits.refuse"  # asked for by allauth, whose own page says neither when nor why
