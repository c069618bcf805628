from django.apps import AppConfig


class PaywallConfig(AppConfig):
    name = "paywall"
    verbose_name = "Paywall"

    def ready(self) -> None:
        from accounts import overview as account_overview
        from articles.caching import add_moments
        from paywall import reading_as  # noqa: F401
        from paywall.overview import reading_section
        from paywall.terms import next_closing_at

        account_overview.register(reading_section)
        add_moments(next_closing_at)
