"""The numbers for Prometheus: added up over real web processes, on loopback alone, and of few labels."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError, transaction
from django.db.models.signals import post_save
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from newsroom import metrics, site_numbers
from newsroom.models import WorkerHeartbeat
from subscriptions.models import Lead, Plan, StripeEvent
from tests import servers
from tests.newsroom.waiting import eventually

PROJECT = Path(__file__).resolve().parents[2]
ELSEWHERE = "127.0.0.2"  # an address of this machine at which only what listens on all of them would answer
Numbers = dict[str, float]


def scrape(port: int) -> Numbers:
    """Each sample by its name and labels; nothing where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            text = answer.read().decode()
    except (OSError, urllib.error.URLError):
        return {}
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _blank, value in lines}


def requests_of(numbers: Numbers, route: str) -> float:
    return sum(
        value for name, value in numbers.items() if name.startswith("newsroom_requests_total") and f'"{route}"' in name
    )


@pytest.fixture
def port() -> int:
    return servers.free_port()


@pytest.fixture
def site(folder: Path, port: int) -> Iterator[servers.Server]:
    counts = {"METRICS_PORT": str(port), "METRICS_DIR": str(folder / "counts")}
    environment = servers.production(servers.test_database_url(), folder, **counts)
    with servers.site(environment, folder) as server:
        yield server


@pytest.mark.django_db(transaction=True)
def test_the_processes_of_a_server_are_added_up_and_outlive_one_another(site: servers.Server, port: int) -> None:
    assert eventually(lambda: scrape(port).get("newsroom_web_processes") == 2, within=60)
    before = requests_of(scrape(port), "robots.txt")
    answers = servers.by_each_worker(site, "/robots.txt")
    assert {answer.status for answer in answers} == {200}
    assert eventually(lambda: requests_of(scrape(port), "robots.txt") == before + len(answers))
    numbers = scrape(port)
    assert numbers["newsroom_database_up"] == 1
    assert numbers['newsroom_request_seconds_count{route="robots.txt"}'] == before + len(answers)
    assert numbers['newsroom_tasks{state="ready"}'] == 0

    for pid in servers.workers_of(site):  # one of them has the port
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: requests_of(scrape(port), "robots.txt") == before + len(answers), within=30)
    assert eventually(lambda: scrape(port).get("newsroom_web_processes") == 2, within=60)


@pytest.mark.django_db(transaction=True)
def test_no_label_grows_with_what_readers_ask_for_and_only_this_machine_sees_it(
    site: servers.Server, port: int
) -> None:
    def ask(words: str) -> None:
        for path in (f"/articles/{words}/", f"/{words}/", f"/search/?q={words}", f"/static/{words}.css"):
            site.get(path)
        site.get("/", method="BREW")

    assert eventually(lambda: scrape(port) != {}, within=30)
    ask("one")
    assert eventually(lambda: requests_of(scrape(port), "unmatched") > 0)
    known = set(scrape(port))
    for number in range(20):
        ask(f"other{number}")
    assert eventually(lambda: requests_of(scrape(port), "unmatched") >= 21)
    assert set(scrape(port)) <= known | {name for name in scrape(port) if 'le="' in name}
    assert "other" not in "".join(name for name in scrape(port) if 'method="other"' not in name)

    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20)
    with socket.socket() as client:
        assert client.connect_ex((ELSEWHERE, port)) != 0


def test_without_a_port_the_library_is_not_even_loaded(folder: Path) -> None:
    environment = servers.production("postgresql:///nowhere", folder)
    program = "import sys, newsroom.wsgi; sys.exit('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_a_site_whose_counts_cannot_be_written_serves_without_them(folder: Path) -> None:
    in_the_way = folder / "counts"
    in_the_way.write_text("")
    counts = {"METRICS_PORT": "9187", "METRICS_DIR": str(in_the_way)}
    environment = servers.production("postgresql:///nowhere", folder, **counts)
    program = "import newsroom.wsgi, threading; print(sorted(thread.name for thread in threading.enumerate()))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = [line for line in (done.stdout + done.stderr).splitlines() if "METRICS_DIR cannot be written" in line]
    assert len(told) == 1
    assert "'metrics'" not in done.stdout


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_servers_that_have_ended_counted_goes_at_the_next_start(tmp_path: Path, dead_pid: int) -> None:
    (tmp_path / str(dead_pid)).mkdir()
    (tmp_path / "something else").mkdir()
    assert metrics.open_folder(tmp_path, os.getpid()) == tmp_path / str(os.getpid())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([str(os.getpid()), "something else"])
    assert metrics.open_folder(tmp_path, os.getpid()).is_dir()


def test_of_processes_that_have_ended_only_the_last_are_kept(
    tmp_path: Path, dead_pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "is_running", lambda pid: pid == 1)
    monkeypatch.setattr(metrics, "KEPT_OF_DEAD", 2)
    for pid in (1, 11, 12, 13):
        for kind in ("counter", "histogram"):
            path = tmp_path / f"{kind}_{pid}.db"
            path.touch()
            os.utime(path, (99, 99) if pid == 1 else (pid, pid))
    metrics.forget_dead(tmp_path)
    assert {metrics.pid_of(path) for path in tmp_path.iterdir()} == {1, 12, 13}
    assert len(list(tmp_path.iterdir())) == 6


# --- the numbers of the site ------------------------------------------------------------------------------------------


def asked() -> Numbers:
    found: Numbers = {}
    site_numbers.ask(found)
    return found


def queue(**fields: object) -> DBTaskResult:
    waiting = {"args_kwargs": {}, "backend_name": "default", "task_path": "x.y", "run_after": None}
    return DBTaskResult.objects.create(**waiting | fields)


@pytest.mark.django_db
def test_the_queue_is_told_by_state() -> None:
    for status in (TaskResultStatus.READY, TaskResultStatus.READY, TaskResultStatus.FAILED):
        queue(status=status)
    numbers = asked()
    assert {state: numbers[state] for state in TaskResultStatus.values} == {
        "READY": 2,
        "RUNNING": 0,
        "FAILED": 1,
        "SUCCESSFUL": 0,
    }


@pytest.mark.django_db
def test_the_oldest_task_is_the_one_that_could_have_been_done_longest_ago(at_noon: None) -> None:
    now = timezone.now()
    assert asked()["oldest"] == 0
    at_once, later = queue(), queue(run_after=now - timedelta(minutes=2))
    queue(run_after=now + timedelta(hours=1))
    DBTaskResult.objects.filter(pk=at_once.pk).update(enqueued_at=now - timedelta(minutes=1))
    DBTaskResult.objects.filter(pk=later.pk).update(enqueued_at=now - timedelta(days=1))
    assert 120 <= asked()["oldest"] < 130


@pytest.mark.django_db
def test_the_silence_of_the_workers_is_told_if_there_are_any() -> None:
    assert "worker" not in asked()
    now = timezone.now()
    WorkerHeartbeat.objects.create(worker_id="w", started_at=now, beat_at=now - timedelta(seconds=40))
    assert 39 <= asked()["worker"] < 60


@pytest.mark.django_db
def test_a_database_that_does_not_answer_leaves_no_numbers() -> None:
    with transaction.atomic(), mock.patch.object(DBTaskResult.objects, "ready", side_effect=OperationalError):
        assert asked() == {}


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The library's own counters as they are made, in this process alone."""
    import prometheus_client

    made: dict[str, Any] = {}

    def counter(name: str, text: str, **_options: Any) -> Any:
        made[name] = make_counter(name, text, registry=None)
        return made[name]

    make_counter = prometheus_client.Counter
    monkeypatch.setattr(prometheus_client, "Counter", counter)
    metrics.count_rows()
    yield made
    for model in (Lead, StripeEvent):
        assert post_save.disconnect(sender=model, dispatch_uid=f"metrics {model.__name__}")


@pytest.mark.django_db
def test_leads_and_events_are_counted_when_they_are_made_and_not_when_they_are_changed(
    counters: dict[str, Any],
) -> None:
    lead = Lead.objects.create(email="reader@example.org", plan=Plan.objects.get(key="free"), consent_version="1")
    lead.save()
    StripeEvent.objects.create(event_id="evt_1", type="invoice.paid", livemode=False, created=timezone.now())
    numbers = {name: counter.collect()[0].samples[0].value for name, counter in counters.items()}
    assert numbers == {"newsroom_leads": 1, "newsroom_stripe_events": 1}
