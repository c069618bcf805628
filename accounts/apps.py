from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from allauth.account.decorators import secure_admin_login
        from django.contrib import admin
        from django.views.generic import RedirectView

        from accounts import audit_receivers, login_admin, receivers  # noqa: F401

        admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
        # The site's own page has limits, a mail to the owner and a row in the log of what staff did.
        own_page = RedirectView.as_view(pattern_name="account_change_password")
        admin.site.password_change = own_page  # type: ignore[method-assign, assignment]
