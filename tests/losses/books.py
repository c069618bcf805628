"""What a process with the site's own settings writes before the losses and reads after them, as JSON on stdout.

python -m tests.losses.books prepare | look
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
django.setup()

from django.db.models import F  # noqa: E402
from django.test import Client  # noqa: E402
from django_tasks_db.models import DBTaskResult  # noqa: E402

from accounts.models import User  # noqa: E402
from articles.bodies import Body  # noqa: E402
from articles.models import Article  # noqa: E402
from subscriptions.models import CheckoutAttempt, Invoice, Lead, Subscription, SyncJob  # noqa: E402
from tests import make  # noqa: E402

ARTICLES, EDITORS, SUBSCRIBERS = 4, 2, 2


def cookies_of(client: Client) -> dict[str, str]:
    return {name: morsel.value for name, morsel in client.cookies.items()}


def prepare() -> dict[str, Any]:
    """Articles with their sentinels, and browsers of editors and of readers whom a grant opens the library to."""
    articles = [make.article() for _ in range(ARTICLES)]
    readers = [make.user(f"granted{number}@readers.example") for number in range(SUBSCRIBERS)]
    for reader in readers:
        make.grant(reader)
    editors = [make.editor(f"editor{number}@newsroom.example") for number in range(EDITORS)]
    return {
        "articles": {article.get_absolute_url(): vars(article)["sentinel"] for article in articles},
        "subscribers": [cookies_of(make.logged_in(reader)) for reader in readers],
        "editors": [cookies_of(make.logged_in(editor)) for editor in editors],
    }


def look() -> dict[str, Any]:
    """All that was promised, as it is stored, and a new browser for each owner of a subscription."""
    bodies = dict(Body.objects.values_list("article_id", "html"))
    attempts = CheckoutAttempt.objects.select_related("subscription", "user").exclude(session_id=None)
    owners = User.objects.filter(pk__in=Subscription.objects.values("user_id"))
    return {
        "leads": list(Lead.objects.values_list("email", "consent_wording", "consent_version", "plan__key")),
        "attempts": {
            attempt.session_id: {
                "state": attempt.state,
                "email": attempt.user.email if attempt.user else "",
                "subscription": attempt.subscription.stripe_id if attempt.subscription else "",
            }
            for attempt in attempts
        },
        "owners": {owner.email: cookies_of(make.logged_in(owner)) for owner in owners},
        "invoices": list(Invoice.objects.values_list("stripe_id", "paid_minor")),
        "drafts": {
            article.slug: [article.headline, bodies[article.pk]] for article in Article.objects.filter(status="draft")
        },
        "running": list(DBTaskResult.objects.running().values_list("task_path", flat=True)),
        "failed": [f"{task.task_path} {task.exception_class_path}" for task in DBTaskResult.objects.failed()],
        "waiting": [str(job) for job in SyncJob.objects.exclude(lease=None, done_generation=F("generation"))],
    }


if __name__ == "__main__":
    print(json.dumps({"prepare": prepare, "look": look}[sys.argv[1]]()))
