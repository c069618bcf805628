"""`manage.py db_worker`: the worker of django-tasks-db, which also keeps the site's periodic task queued and runs what
BACKGROUND names beside its tasks.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from django.utils.autoreload import DJANGO_AUTORELOAD_ENV
from django_tasks_db.management.commands import db_worker

from articles.cdn import PurgeSender
from newsroom import housekeeping
from newsroom.heartbeats import Heartbeat

logger = logging.getLogger(__name__)


class Part(Protocol):
    """Something that goes on in the worker's process until its end. Both methods come back soon."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


# Each is made with the worker's id, started in this order and stopped in the other.
BACKGROUND: Sequence[Callable[[str], Part]] = (Heartbeat, PurgeSender)


class Command(db_worker.Command):
    def handle(self, *, batch: bool, reload: bool, worker_id: str, **options: Any) -> None:
        """A batch ends when the queue is empty, queues nothing of its own and has no background. Where batches alone
        run, nobody else forgets the purges that it therefore does not send.
        """
        options |= {"batch": batch, "reload": reload, "worker_id": worker_id}
        # With --reload this process only starts, again and again, the one that works.
        is_starter = reload and not batch and os.environ.get(DJANGO_AUTORELOAD_ENV) != "true"
        if batch or is_starter:
            super().handle(**options)
            if batch:
                housekeeping.forget_purges()
            return
        housekeeping.queue_round()
        with background(worker_id):
            super().handle(**options)


@contextmanager
def background(worker_id: str) -> Iterator[None]:
    with ExitStack() as stack:
        for make in BACKGROUND:
            part = make(worker_id)
            part.start()
            stack.callback(part.stop)
        yield
