from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class NewsroomConfig(AppConfig):
    name = "newsroom"
    verbose_name = "Newsroom"

    def ready(self) -> None:
        from newsroom import checks as checks  # registered by being read
        from newsroom.roles import ensure_groups
        from newsroom.terms_version import terms_version
        from subscriptions.agreed.consent import register_terms_version

        register_terms_version(terms_version)
        post_migrate.connect(ensure_groups, sender=apps.get_app_config("accounts"))  # once, where people are
