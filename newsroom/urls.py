"""The site's addresses. Those that the outside relies on are listed in README.md."""

from django.conf import settings
from django.contrib import admin
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path, re_path
from django.views.static import serve

from newsroom import account_overview, health, inbox, robots


def favicon(_request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(staticfiles_storage.url("img/favicon.ico"))


urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("robots.txt", robots.robots_txt, name="robots"),
    path("favicon.ico", favicon, name="favicon"),
    path("account/", account_overview.overview, name="account"),
    path("account/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("", include("paywall.urls")),
    path("", include("subscriptions.urls")),
    path("", include("articles.urls")),
]

if settings.HAS_DEMO_INBOX:
    urlpatterns += [path("demo/inbox/", inbox.inbox, name="demo-inbox")]

if settings.LOCAL_MODE:
    urlpatterns += [
        # On a public host the web server in front hands out media; see docs/operations.md.
        re_path(r"^media/(?P<path>[\w./-]{1,200})$", serve, {"document_root": settings.MEDIA_ROOT}, name="media"),
    ]

handler429 = "accounts.limits.refuse"  # asked for by allauth, whose own page says neither when nor why
