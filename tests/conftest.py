"""The cluster of the tests, the actors, and what several files need."""

from __future__ import annotations

import fcntl
import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest
import time_machine
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client, TransactionTestCase
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from psycopg import sql
from pytest_django import DjangoDbBlocker

from accounts.models import User
from articles import page_store
from articles.page_store import PageStore, store
from newsroom.embedded_postgres import Cluster
from tests import make, migrated_rows
from tests.pages import Publication, publication
from tests.shop import allowed_words as allowed_words
from tests.shop import open_shop as open_shop
from tests.shop import sandbox as sandbox
from tests.shop import shop as shop

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"
CLUSTER = Cluster(PROJECT, "test")
LOCK = Path(tempfile.gettempdir()) / f"{CLUSTER.home.name}.tests"
RUNS = pytest.StashKey[IO[str]]()

# A slow machine is no failure of the code; the blob lets a failure of any machine be repeated.
hypothesis_settings.register_profile("newsroom", deadline=None, print_blob=True)
hypothesis_settings.load_profile("newsroom")


def is_xdist_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Start the cluster or join the one of another run; the last run to end stops it."""
    if "DATABASE_URL" in os.environ or is_xdist_worker(config):
        return
    lock = LOCK.open("w")
    fcntl.flock(lock, fcntl.LOCK_SH)
    config.stash[RUNS] = lock
    if CLUSTER.start():
        drop_leftovers()


def pytest_unconfigure(config: pytest.Config) -> None:
    lock = config.stash.get(RUNS, None)
    if lock is None:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # another run is still at work
    CLUSTER.stop()


def pytest_collection_finish() -> None:
    """What is there now stays until the end. Looking through it again and again for garbage takes 7 % of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def drop_leftovers() -> None:
    """Remove the databases of runs that were killed."""
    with psycopg.connect(
        host=str(CLUSTER.socket_dir), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        for (name,) in connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'test_newsroom%'"
        ).fetchall():
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        migrated_rows.keep()
    TransactionTestCase._fixture_teardown = lambda _test: migrated_rows.begin_anew()  # after a test that commits


@pytest.fixture(scope="module")
def library(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Publication]:
    """The publication of tests/pages.py, made once for a module whose tests change nothing of it."""
    with django_db_blocker.unblock(), publication(str(tmp_path_factory.mktemp("library"))) as standing:
        yield standing


@pytest.fixture(autouse=True)
def fresh_media(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> None:
    if {"library", "publication"} & set(request.fixturenames):
        return  # their pictures lie where they were made
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MAIL_DIR = tmp_path / "mail"


@pytest.fixture
def at_noon() -> Iterator[None]:
    """A day like any other, far from midnight and from the end of a month, when counts and dates begin anew."""
    with time_machine.travel(datetime(2026, 11, 23, 12, tzinfo=UTC)):
        yield


@pytest.fixture
def run_tasks() -> Callable[[], None]:
    """Run what is queued as the worker does, until the queue is empty."""
    return make.run_tasks


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What the mail server answers, in order; after that it takes everything."""
    answers: list[BaseException] = []
    deliver = EmailBackend.send_messages

    def send_messages(self: EmailBackend, messages: list[Any]) -> int:
        if answers:
            raise answers.pop(0)
        return int(deliver(self, messages) or 0)

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)
    return answers


@pytest.fixture
def kept_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[PageStore]:
    """What this process keeps, open as if it heard of every change. Which ones it hears of: tests of purging."""
    monkeypatch.setattr(page_store, "TRUSTED_SECONDS", float("inf"))
    store.open()
    yield store
    monkeypatch.undo()
    store.close()


@pytest.fixture
def stranger(db: None) -> Client:
    return Client()


@pytest.fixture
def registered(db: None) -> Client:
    """A reader with a confirmed address and nothing else."""
    return make.logged_in(make.user("registered@example.org"))


@pytest.fixture
def subscriber(db: None) -> Client:
    user = make.user("subscriber@example.org")
    make.grant(user)
    return make.logged_in(user)


@pytest.fixture
def lapsed(db: None) -> Client:
    """Had the library until yesterday."""
    user = make.user("lapsed@example.org")
    now = timezone.now()
    make.grant(user, starts_at=now - timedelta(days=30), ends_at=now - timedelta(days=1))
    return make.logged_in(user)


@pytest.fixture
def editor(db: None) -> Client:
    return make.logged_in(make.editor("editor@example.org"))


@pytest.fixture
def superuser(db: None) -> Client:
    return make.logged_in(User.objects.create_superuser("root@example.org"))


@pytest.fixture
def shared() -> Path:
    """The folder of real articles and exports; a test that needs it is skipped where it is absent, and says so."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real articles and exports in {SHARED}, which are not part of the project")
    return SHARED
