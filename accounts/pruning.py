"""What is left behind and nobody needs: addresses that nobody confirmed, ended sessions, done tasks, old counts, and
what staff did long ago.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, ManyToOneRel, OuterRef, QuerySet
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import RateWindow, StaffAction, User

UNCONFIRMED_FOR = timedelta(days=7)
DONE_TASKS_FOR = timedelta(hours=1)  # they hold the text of a mail
FAILED_TASKS_FOR = timedelta(days=7)
NOT_POSSESSIONS = (EmailAddress, UserSession)


def prune() -> dict[str, int]:
    """Remove all of it; says how many rows of each kind went. May run at any time and as often as one likes."""
    now = timezone.now()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    has_session = Exists(Session.objects.filter(session_key=OuterRef("session_key")))
    finished = DBTaskResult.objects.finished()
    actions = StaffAction.objects.filter(at__lt=now - timedelta(days=settings.AUDIT_DAYS))
    return {
        "unconfirmed addresses": _count_users(never_confirmed().filter(date_joined__lt=now - UNCONFIRMED_FOR)),
        "ended sessions": UserSession.objects.exclude(has_session).delete()[0],
        "done tasks": DBTaskResult.objects.successful().filter(finished_at__lt=now - DONE_TASKS_FOR).delete()[0],
        "failed tasks": finished.filter(finished_at__lt=now - FAILED_TASKS_FOR).delete()[0],
        "old staff actions": actions.delete()[0],
        "old counts": RateWindow.objects.filter(expires_at__lt=now).delete()[0],
    }


def never_confirmed() -> QuerySet[User]:
    """Accounts as the gate makes them, whose owner never came: no confirmed address, login, password or possession."""
    users = User.objects.filter(
        is_staff=False, is_superuser=False, last_login=None, password__startswith=UNUSABLE_PASSWORD_PREFIX
    ).exclude(Exists(EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)))
    for relation in User._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel) and relation.related_model not in NOT_POSSESSIONS:
            owned = relation.field.model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            users = users.exclude(Exists(owned))
    return users


def release_unconfirmed(email: str, *, keep: User) -> None:
    """Remove the empty account that holds an address which its owner now brings along to the account `keep`."""
    _count_users(never_confirmed().filter(email=email).exclude(pk=keep.pk))


def _count_users(users: QuerySet[User]) -> int:
    with transaction.atomic():
        return users.delete()[1].get(User._meta.label, 0)
