from django.apps import AppConfig


class PaywallConfig(AppConfig):
    name = "paywall"
    verbose_name = "Paywall"

    def ready(self) -> None:
        from accounts import overview as account_overview
        from articles.caching import add_moments, add_own_cookies, add_recogniser
        from articles.marks import set_source
        from paywall import cookies, funnel, reading_as, receivers  # noqa: F401
        from paywall.feed_key_views import feed_section
        from paywall.marks import marker_at
        from paywall.meters.reading_history_views import history_section
        from paywall.overview import reading_section
        from paywall.policy import next_policy_moment
        from paywall.terms import next_terms_moment
        from paywall.ways_in.crawlers import is_verified_crawler
        from paywall.ways_in.gift_views import gifts_section
        from paywall.ways_in.institution_views import institution_section
        from paywall.ways_in.institutions import is_on_campus, next_contract_moment

        account_overview.register(reading_section, place=20)
        account_overview.register(history_section, place=40)
        account_overview.register(institution_section, place=30)
        account_overview.register(gifts_section, place=35)
        account_overview.register(feed_section, place=60)
        add_moments(next_terms_moment)
        add_moments(next_policy_moment)
        add_moments(next_contract_moment)
        add_recogniser(is_on_campus)
        add_recogniser(is_verified_crawler)
        add_own_cookies(*cookies.NAMES)
        set_source(marker_at)
