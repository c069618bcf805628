"""A worker that tells every few seconds that it is there, and looks after tasks whose worker is not any more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import Error as DatabaseTrouble
from django.db import connections
from django.tasks.signals import task_finished, task_started
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from newsroom import lost_tasks
from newsroom.models import WorkerHeartbeat

logger = logging.getLogger(__name__)

EVERY = 12.0  # seconds
LONGEST_TASK = timedelta(minutes=30)  # a task that takes longer hangs
LAST_BEAT_LIMIT = 5.0  # seconds that the end of the worker waits for the thread


class TaskClock:
    """How long the task that the worker has in hand has been running."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self.now = now
        self._began_at: float | None = None

    def connect(self) -> None:
        task_started.connect(self.begin)
        task_finished.connect(self.end)

    def disconnect(self) -> None:
        task_started.disconnect(self.begin)
        task_finished.disconnect(self.end)

    def begin(self, **_signal: Any) -> None:
        self._began_at = self.now()

    def end(self, **_signal: Any) -> None:
        self._began_at = None

    def hangs(self) -> bool:
        began_at = self._began_at
        return began_at is not None and self.now() - began_at > LONGEST_TASK.total_seconds()


class Heartbeat:
    """A thread with a connection of its own, so that a long task does not silence it. It falls silent while the main
    thread is dead or hangs, does not keep the process alive, and outlives a restart of the database.
    """

    def __init__(self, worker_id: str, *, every: float = EVERY) -> None:
        self.worker_id = worker_id
        self.every = every
        self.clock = TaskClock()
        self.started_at: datetime = timezone.now()
        self._main = threading.main_thread()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._told: set[type[Exception]] = set()

    def start(self) -> None:
        self.clock.connect()
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join(LAST_BEAT_LIMIT)
        self.clock.disconnect()

    def _run(self) -> None:
        try:
            while True:
                if self._main.is_alive() and not self.clock.hangs():
                    self._attempt(self._beat)
                if self._is_over.wait(self.every):
                    break
            self._attempt(self._leave)
        finally:
            connections.close_all()

    def _beat(self) -> None:
        WorkerHeartbeat.objects.beat(self.worker_id, self.started_at)
        lost_tasks.settle()

    def _leave(self) -> None:
        """Take the row away, unless a task was left unfinished: then the silent row tells of it."""
        if not DBTaskResult.objects.running().filter(worker_ids__contains=[self.worker_id]).exists():
            WorkerHeartbeat.objects.filter(pk=self.worker_id).delete()

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do it. Each kind of trouble is told of once until all is well again, and it is tried with the next beat: if
        the thread ended, the tasks of a worker that lives would be taken for lost and done twice.
        """
        try:
            work()
            self._told.clear()
        except Exception as error:
            connections.close_all()
            kind = type(error)
            if kind not in self._told:
                self._told.add(kind)
                if isinstance(error, DatabaseTrouble):
                    logger.warning("the heartbeat finds no database: %s", kind.__name__)
                else:
                    logger.exception("the heartbeat goes on after an error")
