"""What the paywall does when something happens below it."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import email_changed, password_changed, password_reset, password_set
from django.db.models import Model, ProtectedError
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone

from accounts.export import Table
from accounts.models import User
from accounts.signals import collect_export, sessions_ended
from paywall import data_parts
from paywall.feed_keys import FeedKey
from paywall.models import ArticleTerms
from paywall.ways_in.gifts import end_gifts_of
from paywall.ways_in.mail_links import end_passes_of
from subscriptions.models import Plan


@receiver([password_changed, password_reset, password_set, email_changed])
def end_feed_with_sessions(user: User, **_kwargs: Any) -> None:
    """A new password and a new address end every other way in that was open before."""
    FeedKey.objects.filter(user=user).delete()
    end_links_with_sessions(user.pk)


@receiver(sessions_ended)
def end_links_with_sessions(user_id: int, **_kwargs: Any) -> None:
    """Who logs out everywhere else wants nobody else in: gifts that a stranger at an open session gave end too, and
    what opens by a mail that somebody else may read.
    """
    end_gifts_of(user_id, timezone.now())
    end_passes_of(user_id)


@receiver(pre_delete, sender=Plan)
def keep_plan_that_terms_name(instance: Plan, **_kwargs: Any) -> None:
    """Articles that need this plan alone would else be open to every subscriber. Raises ProtectedError. Django deletes
    the rows between terms and plans first; who deletes by SQL is refused by their foreign key.
    """
    terms: set[Model] = set(ArticleTerms.objects.filter(plans=instance))
    if terms:
        raise ProtectedError(f"the terms of articles name the plan {instance.key}", terms)


@receiver(collect_export)
def export_reading(user: User, **_kwargs: Any) -> tuple[str, list[Table]]:
    return "paywall", data_parts.export_tables(user)
