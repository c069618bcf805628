from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ArticlesConfig(AppConfig):
    name = "articles"
    verbose_name = "Articles"

    def ready(self) -> None:
        from articles.editors import ensure_editors_group

        post_migrate.connect(ensure_editors_group, sender=self)
