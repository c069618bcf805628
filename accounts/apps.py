from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from allauth.account.decorators import secure_admin_login
        from django.contrib import admin

        from accounts import receivers  # noqa: F401

        admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
