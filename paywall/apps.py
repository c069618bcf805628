from django.apps import AppConfig


class PaywallConfig(AppConfig):
    name = "paywall"
    verbose_name = "Paywall"

    def ready(self) -> None:
        from accounts import overview as account_overview
        from paywall.overview import reading_section

        account_overview.register(reading_section)
