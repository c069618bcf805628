"""`manage.py db_worker`: the worker of django-tasks-db, which also keeps the site's periodic task queued."""

from __future__ import annotations

from typing import Any

from django_tasks_db.management.commands import db_worker

from newsroom import housekeeping


class Command(db_worker.Command):
    def handle(self, *, batch: bool, **options: Any) -> None:
        """A batch ends when the queue is empty, and queues nothing of its own."""
        if not batch:
            housekeeping.queue_round()
        super().handle(batch=batch, **options)
