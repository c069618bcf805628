"""Tasks that are marked as running though their worker was killed, or that failed because the database went away: they
are put back into the queue, at most as often as REPEATS says. Running one twice must be safe: docs/operations.md says
for each why it is.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from newsroom.models import WorkerHeartbeat

logger = logging.getLogger(__name__)

DEAD_AFTER = timedelta(seconds=90)  # a code that is to be mailed is good for a quarter of an hour
# A worker with --batch does not beat, and neither does one of a release before heartbeats.
DEAD_WITHOUT_A_ROW_AFTER = timedelta(minutes=30)
ROWS_KEPT_FOR = timedelta(days=1)
OUTAGES = ("django.db.utils.OperationalError", "django.db.utils.InterfaceError")
REPEATS = {
    "accounts.mail.send": 3,
    "accounts.mail.drop": 1,
    "newsletters.daily.write_letters": 2,
    "newsletters.letters.send_letters": 2,
    "newsroom.housekeeping.keep_house": 2,
    "subscriptions.mirroring.addresses_at_stripe.tell_address": 2,
    "subscriptions.catalogue.sync_plans_soon": 2,
    "subscriptions.contracts.ending.end_later": 2,
    "subscriptions.contracts.price_moves.move_prices": 2,
    "subscriptions.doubles.return_second": 2,
    "subscriptions.leaving.declarations.find_contract": 2,
    "subscriptions.leaving.declarations.mail_later": 2,
    "subscriptions.leaving.deeds.carry_out_later": 2,
    "subscriptions.account.due_notices.tell_trial_end": 2,
    "subscriptions.account.due_notices.write_notices": 2,
    "subscriptions.outgoing.send_outgoing": 2,
    "subscriptions.paid_once.unbacked.end_unbacked": 2,
    "subscriptions.mirroring.payers.find_payer": 2,
    "subscriptions.sync.run_sync": 2,
    "subscriptions.selling.trials.end_second_trial": 2,
}


class WorkerLost(Exception):
    """Stands in the rows of tasks that were given up."""


@transaction.atomic
def settle() -> int:
    """Put back or give up each task whose worker is dead, and put back what an outage of the database cut short; the
    number of them. Several may do this at once.
    """
    lost = [task for task in DBTaskResult.objects.running().select_for_update(skip_locked=True) if is_lost(task)]
    for task in lost:
        if may_repeat(task):
            put_back(task)
        else:
            give_up(task)
    ended = DBTaskResult.objects.failed().filter(
        exception_class_path__in=OUTAGES, finished_at__gt=timezone.now() - ROWS_KEPT_FOR
    )
    cut_short = [task for task in ended.select_for_update(skip_locked=True) if may_repeat(task)]
    for task in cut_short:
        put_back(task)
    return len(lost) + len(cut_short)


def may_repeat(task: DBTaskResult[Any, Any]) -> bool:
    return len(task.worker_ids) <= REPEATS.get(task.task_path, 0)


def is_lost(task: DBTaskResult[Any, Any]) -> bool:
    """Whether who took it last has died, or has begun anew under the same name."""
    if not task.worker_ids:
        return False
    rows = WorkerHeartbeat.objects.filter(pk=task.worker_ids[-1])
    beat = rows.first()
    if beat is None:
        return bool(task.started_at < timezone.now() - DEAD_WITHOUT_A_ROW_AFTER)
    return bool(task.started_at < beat.started_at) or rows.silent_for(DEAD_AFTER).exists()


def put_back(task: DBTaskResult[Any, Any]) -> None:
    task.status, task.started_at, task.finished_at = TaskResultStatus.READY, None, None
    task.exception_class_path = task.traceback = ""
    task.save(update_fields=["status", "started_at", "finished_at", "exception_class_path", "traceback"])
    logger.warning("task %s (%s) put back: its worker or its database was lost", task.pk, task.task_path)


def give_up(task: DBTaskResult[Any, Any]) -> None:
    task.status, task.finished_at = TaskResultStatus.FAILED, timezone.now()
    task.exception_class_path = f"{WorkerLost.__module__}.{WorkerLost.__qualname__}"
    task.save(update_fields=["status", "finished_at", "exception_class_path"])
    logger.error("task %s (%s) given up: its worker is lost", task.pk, task.task_path)


def forget_workers() -> int:
    """Remove what dead workers have left; the number of rows."""
    return WorkerHeartbeat.objects.silent_for(ROWS_KEPT_FOR).delete()[0]
