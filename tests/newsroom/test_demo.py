"""`manage.py demo`, really started in a copy of the project, and what may happen to it."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from newsroom import processes
from newsroom.embedded_postgres import Cluster
from newsroom.management.commands.demo import existing_file, parts, port_number, stripe_sandbox, welcome_lines
from newsroom.stripe_account import sandbox_port
from tests.newsroom.waiting import eventually

PROJECT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "tests", "node_modules")
OURS_ALONE = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SITE_URL", "ALLOWED_HOSTS", "CORPUS", "PORT")
STRIPE = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE")
START_LIMIT = 60.0  # seconds
ARTICLES = 3


class Clone:
    """A copy of the project, with the demos that a test starts in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = Cluster(folder)
        self.environment = {name: value for name, value in os.environ.items() if name not in OURS_ALONE + STRIPE}
        self.demos: list[subprocess.Popen[bytes]] = []

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def start_demo(self, port: int) -> subprocess.Popen[bytes]:
        """A demo that serves."""
        command = [sys.executable, "manage.py", "demo", "--port", str(port)]
        with self.output().open("wb") as output:
            demo = self.popen(command, output)
        assert eventually(lambda: "Ready after" in self.printed() or demo.poll() is not None, within=START_LIMIT)
        assert demo.poll() is None, self.printed()
        return demo

    def popen(self, command: list[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
        demo = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.demos.append(demo)
        return demo

    def output(self) -> Path:
        return self.folder / "printed"

    def printed(self) -> str:
        return self.output().read_text(encoding="utf-8", errors="replace")

    def processes(self, words: str = "") -> list[processes.Process]:
        """Whatever runs for this clone: each such command line names its folder or that of its data."""
        places = (str(self.folder), str(self.cluster.home))
        found = processes.running().values()
        return [one for one in found if words in one.command and any(place in one.command for place in places)]


@pytest.fixture
def clone() -> Iterator[Clone]:
    place = Path(tempfile.mkdtemp(prefix="newsroom-demo-"))
    place.chmod(0o755)
    shutil.copytree(PROJECT, place / "clone", ignore=NOT_COPIED)
    articles = sorted((place / "clone" / "newsroom" / "demo_publication" / "articles").iterdir())
    for article in articles[ARTICLES:]:  # their pictures are what a first start spends its time on
        article.unlink()
    clone = Clone(place / "clone")
    yield clone
    for demo in clone.demos:
        if demo.poll() is None:
            demo.terminate()
        demo.wait(timeout=20)
    clone.cluster.remove()
    shutil.rmtree(place)


@pytest.fixture
def port() -> int:
    """A free one, whose stand-in's is free too."""
    while True:
        with socket.socket() as probe, socket.socket() as beside:
            probe.bind(("127.0.0.1", 0))
            number: int = probe.getsockname()[1]
            with suppress(OSError):
                beside.bind(("127.0.0.1", sandbox_port(number)))
                return number


def status_of(host: str, port: int, path: str) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_serves_beside_other_commands_and_leaves_nothing(clone: Clone, port: int) -> None:
    demo = clone.start_demo(port)
    for host in ("localhost", "127.0.0.1"):
        assert [status_of(host, port, path) for path in ("/healthz", "/", "/demo/inbox/")] == [200, 200, 200]
    assert f"http://localhost:{port}" in clone.printed()
    assert status_of("127.0.0.1", sandbox_port(port), "/sandbox/") == 200
    assert f"http://127.0.0.1:{sandbox_port(port)}/sandbox/" in clone.printed()

    beside = clone.command("shell", "-c", "print(Article.objects.published().count())")
    assert (beside.returncode, beside.stdout.split()[-1:]) == (0, [str(ARTICLES)]), beside.stderr
    priced = clone.command(
        "shell", "-c", "print(*Plan.objects.filter(prices__isnull=True).values_list('kind', flat=True))"
    )
    assert (priced.returncode, priced.stdout.split()[-1:]) == (0, ["registration"]), priced.stderr
    assert clone.cluster.is_running()

    second = clone.command("demo", "--port", str(port + 1))
    assert second.returncode == 1
    assert f"running already (process {demo.pid}, http://localhost:{port})" in second.stderr

    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=20) == 0
    assert eventually(lambda: clone.processes() == [])
    assert not clone.cluster.is_running()


def test_after_a_kill_it_starts_again_and_the_death_of_a_part_ends_it(clone: Clone, port: int) -> None:
    killed = clone.start_demo(port)
    killed.kill()
    killed.wait()
    assert clone.processes("granian") != []

    demo = clone.start_demo(port)
    assert "of a demo that was killed" in clone.printed()
    assert status_of("localhost", port, "/healthz") == 200
    assert len(clone.processes("db_worker")) == 1

    os.kill(clone.processes("db_worker")[0].pid, signal.SIGKILL)
    assert demo.wait(timeout=20) == 1
    assert "worker was killed by signal 9. Its last lines:" in clone.printed()
    assert eventually(lambda: clone.processes() == [])


def test_a_taken_port_is_told_before_anything_is_started(clone: Clone) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        refused = clone.command("demo", "--port", str(taken))
    assert refused.returncode == 1
    assert f"Port {taken} cannot be used" in refused.stderr
    assert "make demo PORT=" in refused.stderr
    assert not clone.cluster.home.exists()


def test_a_taken_port_of_the_stand_in_is_told_before_anything_is_started(clone: Clone, port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", sandbox_port(port)))
        other.listen()
        refused = clone.command("demo", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {sandbox_port(port)} cannot be used" in refused.stderr
    assert not clone.cluster.home.exists()


def test_its_parts_know_that_they_are_a_demo_and_nothing_else_does() -> None:
    assert [(part.name, part.environment["DEMO"]) for part in parts(8123)] == [("worker", "1"), ("web", "1")]


def test_the_stand_in_is_started_for_the_port_of_the_site(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_sandbox_x"
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    part = stripe_sandbox(8123)
    words = list(part.command)
    assert words[words.index("--port") + 1] == "18123"
    assert words[words.index("--webhook-url") + 1] == "http://127.0.0.1:8123/stripe/webhook/"
    assert part.environment == {"STRIPE_SECRET_KEY": "sk_test_sandbox_x", "STRIPE_WEBHOOK_SECRET": "whsec_new"}
    assert not any("sk_test" in word or "whsec" in word for word in words)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "eight", "８０００", ""])
def test_what_is_no_port_is_refused_in_words(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="a port is a number from 1 to 65535"):
        port_number(text)


def test_a_corpus_that_is_not_there_is_told_before_anything_is_started(tmp_path: Path) -> None:
    with pytest.raises(ArgumentTypeError, match="there is no file"):
        existing_file(str(tmp_path / "missing.jsonl"))


def test_a_public_host_has_no_demo(settings: Any) -> None:
    settings.LOCAL_MODE = False
    with pytest.raises(CommandError, match="for this machine alone"):
        call_command("demo")


def test_the_welcome_names_the_logins_in_the_order_of_what_there_is_to_try() -> None:
    text = "\n".join(welcome_lines("http://localhost:8123"))
    people = [
        "editor@example.com",
        "publisher@example.com",
        "subscriber@example.com",
        "lapsed@example.com",
        "reader@example.com",
    ]
    assert sorted(people, key=text.index) == people
    assert "http://localhost:8123/demo/inbox/" in text


def test_the_welcome_says_how_to_pay_and_that_no_money_moves() -> None:
    text = "\n".join(welcome_lines("http://localhost:8123", "http://127.0.0.1:18123"))
    assert "choose Annual or Monthly" in text
    assert "no money moves" in text
    assert "http://127.0.0.1:18123/sandbox/" in text
    assert "/sandbox/" not in "\n".join(welcome_lines("http://localhost:8123"))


@pytest.mark.django_db
def test_a_public_host_refuses_it(settings: Any) -> None:
    settings.LOCAL_MODE = False
    with pytest.raises(CommandError, match="in local mode only"):
        call_command("load_demo")
    assert not User.objects.exists()
