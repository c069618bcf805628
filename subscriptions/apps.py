from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = "Subscriptions"

    def ready(self) -> None:
        from accounts import overview as account_overview
        from subscriptions import receivers  # noqa: F401
        from subscriptions.overview import subscription_section

        account_overview.register(subscription_section, place=10)
