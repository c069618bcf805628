"""What the metrics tell of the whole site when they are asked for: the queue, the workers, the processes. Loaded only
where metrics are answered.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from django.db import Error as DatabaseTrouble
from django.db.models import Case, Count, F, Min, When
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from newsroom.models import WorkerHeartbeat
from newsroom.watched import Watched, impatient_database

PROC = Path("/proc")


def ask(found: dict[str, float]) -> None:
    """All numbers or, where the database does not answer in time, none of them."""
    numbers = dict.fromkeys(TaskResultStatus.values, 0.0)
    try:
        with impatient_database():
            rows = DBTaskResult.objects.order_by().values_list("status").annotate(Count("pk"))
            numbers |= {state: float(number) for state, number in rows}
            numbers["oldest"] = oldest_waiting()
            age = WorkerHeartbeat.objects.newest_age()
    except DatabaseTrouble:
        return
    if age is not None:
        numbers["worker"] = age.total_seconds()
    found |= numbers


def oldest_waiting() -> float:
    """For how many seconds the task that could have been done longest ago has been waiting."""
    now = timezone.now()
    since = Case(When(run_after__lte=now, then=F("run_after")), default=F("enqueued_at"))
    oldest = DBTaskResult.objects.ready().order_by().aggregate(oldest=Min(since))["oldest"]
    return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())


site: Watched[float] = Watched(ask)


class SiteNumbers(Collector):
    """`pids` are the processes that serve now."""

    def __init__(self, pids: Collection[int]) -> None:
        self.pids = pids

    def collect(self) -> Iterator[Metric]:
        numbers = site.answer()
        yield GaugeMetricFamily("newsroom_database_up", "Whether the database answered in time.", bool(numbers))
        if numbers:
            queue = GaugeMetricFamily("newsroom_tasks", "Tasks by their state.", labels=["state"])
            for state in TaskResultStatus.values:
                queue.add_metric([state.lower()], numbers[state])
            yield queue
            text = "For how long the oldest task has been waiting."
            yield GaugeMetricFamily("newsroom_oldest_task_seconds", text, numbers["oldest"])
        if "worker" in numbers:
            text = "When a worker was last heard of."
            yield GaugeMetricFamily("newsroom_worker_silence_seconds", text, numbers["worker"])
        yield GaugeMetricFamily("newsroom_web_processes", "Web processes that run.", len(self.pids))
        yield from self.of_processes()

    def of_processes(self) -> Iterator[Metric]:
        """Where there is /proc, as on Linux."""
        used = [each for pid in self.pids if (each := memory_and_time(pid)) is not None]
        if used:
            memory, time = (sum(column) for column in zip(*used, strict=True))
            yield GaugeMetricFamily("newsroom_web_resident_bytes", "Memory of the web processes.", memory)
            yield GaugeMetricFamily("newsroom_web_cpu_seconds", "Time that those that run have computed.", time)


def memory_and_time(pid: int) -> tuple[float, float] | None:
    """Resident bytes, and seconds of computing (proc(5): fields 14, 15 and 24 of stat)."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return float(int(fields[21]) * os.sysconf("SC_PAGE_SIZE")), seconds
