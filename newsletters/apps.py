from django.apps import AppConfig


class NewslettersConfig(AppConfig):
    name = "newsletters"
    verbose_name = "Newsletters"

    def ready(self) -> None:
        from accounts import overview as account_overview
        from newsletters import receivers  # noqa: F401
        from newsletters.overview import following_section

        account_overview.register(following_section, place=40)
