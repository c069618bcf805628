from django.apps import AppConfig


class ArticlesConfig(AppConfig):
    name = "articles"
    verbose_name = "Articles"

    def ready(self) -> None:
        from accounts import overview as account_overview
        from articles import receivers  # noqa: F401
        from articles.saved import saved_section

        account_overview.register(saved_section, place=30)
