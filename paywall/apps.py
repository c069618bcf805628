from django.apps import AppConfig


class PaywallConfig(AppConfig):
    name = "paywall"
    verbose_name = "Paywall"

    def ready(self) -> None:
        from accounts import overview as account_overview
        from articles.caching import add_moments
        from articles.free_times import add_free_times
        from paywall import reading_as, receivers  # noqa: F401
        from paywall.feed_key_views import feed_section
        from paywall.overview import reading_section
        from paywall.terms import free_for_now, next_closing_at

        account_overview.register(reading_section, place=20)
        account_overview.register(feed_section, place=60)
        add_moments(next_closing_at)
        add_free_times(free_for_now)
