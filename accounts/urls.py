"""The addresses under /account/: allauth's own, with our views in front where they ask for more. Answers are never
stored; see accounts/middleware.py.
"""

from __future__ import annotations

from allauth.account import urls as allauth_urls
from allauth.mfa import urls as mfa_urls
from allauth.usersessions import urls as usersessions_urls
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_http_methods
from django.views.generic import RedirectView

from accounts import data_views, views

type Patterns = list[URLPattern | URLResolver]


def opened_and_sent(patterns: Patterns) -> Patterns:
    """The same patterns, each view for GET, HEAD and POST alone: Django's form views take a PUT for a POST."""
    limited: Patterns = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = opened_and_sent(pattern.url_patterns)
            limited.append(
                URLResolver(pattern.pattern, inner, pattern.default_kwargs, pattern.app_name, pattern.namespace)
            )
        else:
            view = require_http_methods(["GET", "HEAD", "POST"])(pattern.callback)
            limited.append(URLPattern(pattern.pattern, view, pattern.default_args, pattern.name))
    return limited


login = views.LoginView.as_view()

urlpatterns = opened_and_sent(
    [
        path("login/", login, name="account_login"),
        path("login/code/", login, name="account_request_login_code"),
        path("login/code/confirm/", views.ConfirmLoginCodeView.as_view(), name="account_confirm_login_code"),
        # Joining and logging in are one thing here; allauth's own page would tell which addresses have an account.
        path("signup/", RedirectView.as_view(pattern_name="account_login", query_string=True), name="account_signup"),
        path("email/", views.EmailView.as_view(), name="account_email"),
        path(
            "confirm-email/", views.ConfirmEmailVerificationCodeView.as_view(), name="account_email_verification_sent"
        ),
        path("password/set/", views.PasswordSetView.as_view(), name="account_set_password"),
        path("password/change/", views.PasswordChangeView.as_view(), name="account_change_password"),
        path("password/reset/", views.PasswordResetView.as_view(), name="account_reset_password"),
        path(
            "password/reset/confirm/",
            views.ConfirmPasswordResetCodeView.as_view(),
            name="account_confirm_password_reset_code",
        ),
        path(
            "password/reset/complete/",
            views.CompletePasswordResetView.as_view(),
            name="account_complete_password_reset",
        ),
        path("export/", data_views.take_copy, name="account_export"),
        path("erase/", data_views.erase, name="account_erase"),
        path("sessions/<int:pk>/end/", views.end_session, name="account_session_end"),
        path("passkeys/webauthn/add/", views.AddPasskeyView.as_view(), name="mfa_add_webauthn"),
        path("passkeys/webauthn/login/", views.PasskeyLoginView.as_view(), name="mfa_login_webauthn"),
        *allauth_urls.urlpatterns,
        path("sessions/", include(usersessions_urls)),
        path("passkeys/", include(mfa_urls)),
    ]
)
