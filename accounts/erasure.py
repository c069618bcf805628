"""Erasing an account at its owner's wish, in three steps: what stands in the way; what has to be ended elsewhere; then,
in one transaction, everything here. What the law wants kept stays without the link to anybody.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import PROTECT, ManyToOneRel, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.signals import erasing, erasure_asked, sessions_ended, unlinking

logger = logging.getLogger(__name__)


class ErasureRefused(Exception):
    """Something has to be settled first; `sentences` say what."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class ErasurePutOff(Exception):
    """Something elsewhere did not answer. Nothing of the account is erased; a sentence for the reader."""


@dataclass(frozen=True, slots=True)
class Link:
    """A column that names a user, and the model that it stands in."""

    relation: ManyToOneRel

    @property
    def rows(self) -> QuerySet[Any]:
        return self.relation.field.model._base_manager.all()

    @property
    def name(self) -> str:
        return str(self.relation.field.name)

    @property
    def is_held(self) -> bool:
        """Whether a row would keep the account from being deleted, so that the link has to be cut before."""
        return self.relation.on_delete is PROTECT

    def __str__(self) -> str:
        return f"{self.relation.field.model._meta.label}.{self.name}"


def links_to_users() -> list[Link]:
    """Every foreign key to an account, of whichever app."""
    relations = User._meta.get_fields(include_hidden=True)
    return [Link(relation) for relation in relations if isinstance(relation, ManyToOneRel)]


def refusals(user: User) -> list[str]:
    """What stands in the way, one sentence each; empty where nothing does."""
    if user.is_staff or user.is_superuser:
        return [_("This is an account of staff. Somebody who looks after accounts has to take that from it first.")]
    answers = (answer for _receiver, answer in erasure_asked.send(sender=User, user=user))
    return [sentence for sentence in answers if sentence]


def erase(user: User) -> None:
    """Raises ErasureRefused or ErasurePutOff, and then the account is as it was, but for what was ended elsewhere."""
    refuse(user)
    erasing.send(sender=User, user=user)
    recipient = user.email
    with transaction.atomic():
        emails = frozenset({user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)})
        unlinking.send(sender=User, user=user, emails=emails)
        if not User.objects.select_for_update().filter(pk=user.pk).first():
            return  # another request was faster
        refuse(user)
        remove(user)
        get_adapter().send_mail("account/email/account_erased", recipient, {})
    logger.info("an account was erased at its owner's wish")


def refuse(user: User) -> None:
    if sentences := refusals(user):
        raise ErasureRefused(sentences)


def remove(user: User) -> None:
    """Its rows here, its sessions, and itself."""
    keys = list(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    sessions_ended.send(sender=UserSession, user_id=user.pk)
    for link in links_to_users():
        if link.is_held:
            link.rows.filter(**{link.name: user}).update(**{link.name: None})
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(user.pk)).update(object_repr="")
    user.delete()
