"""What this app does when something happens to an account: what a reader has saved goes into a copy of their data, and
goes with the account by its foreign key.
"""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from accounts.export import Table
from accounts.models import User
from accounts.signals import collect_export
from articles.models import SavedArticle


@receiver(collect_export)
def export_saved(user: User, **_kwargs: Any) -> tuple[str, list[Table]]:
    saved = SavedArticle.objects.filter(user=user).order_by("pk")
    found = saved.values("article__headline", "article__slug", "saved_at")
    return "articles", [Table("saved", _("Saved articles"), [dict(row) for row in found])]
