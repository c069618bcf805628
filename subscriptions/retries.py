"""A task that Stripe kept from its work is queued again, each time after a longer wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.tasks import Task
from django.utils import timezone

WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))


def put_off(task: Task[..., None], attempt: int, /, *, waits: tuple[timedelta, ...] = WAITS, **arguments: Any) -> bool:
    """Whether the task is queued once more with these arguments, as the next attempt; `attempt` counts from 0.

    False, and nothing is queued, where each of the waits was made: then a person has to know.
    """
    if attempt >= len(waits):
        return False
    task.using(run_after=timezone.now() + waits[attempt]).enqueue(attempt=attempt + 1, **arguments)
    return True
