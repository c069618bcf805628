"""The workers that are at work, as they tell themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import ExpressionWrapper, F, Max
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class WorkerHeartbeatQuerySet(models.QuerySet["WorkerHeartbeat"]):
    def beat(self, worker_id: str, started_at: datetime) -> None:
        """Note that the worker is there. The moment is the database's, so that all machines have one clock."""
        row = WorkerHeartbeat(worker_id=worker_id, started_at=started_at, beat_at=Now())
        fields = ["started_at", "beat_at"]
        self.bulk_create([row], update_conflicts=True, unique_fields=["worker_id"], update_fields=fields)

    def silent_for(self, time: timedelta) -> Self:
        return self.filter(beat_at__lt=Now() - time)

    def newest_age(self) -> timedelta | None:
        """How long ago the last beat of any worker was; None where there is none at all."""
        age = ExpressionWrapper(Now() - F("newest"), output_field=models.DurationField())
        found: timedelta | None = self.aggregate(newest=Max("beat_at"), age=age)["age"]
        return found


class WorkerHeartbeat(models.Model):
    worker_id = models.CharField(_("worker"), max_length=64, primary_key=True)  # as in the tasks that it takes
    started_at = models.DateTimeField(_("started"))  # by the worker's own clock, as the start of its tasks
    beat_at = models.DateTimeField(_("last heard of"))

    objects = WorkerHeartbeatQuerySet.as_manager()

    class Meta:
        verbose_name = _("heartbeat of a worker")
        verbose_name_plural = _("heartbeats of workers")

    def __str__(self) -> str:
        return self.worker_id
