"""What this app does when something happens to an account: whom a reader follows, and the mails that they got, go into
a copy of their data. They go with the account by their foreign keys.
"""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from accounts.export import Table
from accounts.models import User
from accounts.signals import collect_export
from newsletters.models import DailyMail, Follow, Letter


@receiver(collect_export)
def export_letters(user: User, **_kwargs: Any) -> tuple[str, list[Table]]:
    follows = Follow.objects.filter(user=user).order_by("pk").values("author__name", "topic__name", "created_at")
    mails = DailyMail.objects.filter(user=user).values("is_on", "due_on")
    letters = Letter.objects.filter(user=user).order_by("pk").values("day", "article_ids", "others", "state")
    return "newsletters", [
        Table("following", _("Whom you follow"), [dict(row) for row in follows]),
        Table("daily_mail", _("Your daily mail"), [dict(row) for row in mails]),
        Table("letters", _("Mails about new articles"), [dict(row) for row in letters]),
    ]
