"""Web, worker and database are killed twenty times, by SIGKILL and under load. What was accepted is there after."""

from __future__ import annotations

import email
import email.policy
import json
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from newsroom.embedded_postgres import Cluster
from stripe_sandbox.server import Sandbox
from tests import servers
from tests.losses.load import Load
from tests.losses.parts import Database, Web, Worker, run_books
from tests.newsroom.waiting import eventually

SEED = 20_261
KILLS = (*["a web worker"] * 4, *["web"] * 4, *["worker"] * 6, *["database"] * 4, *["a connection"] * 2)
RENEWALS_AFTER = 10  # kills
HEADWAY = ("joins", "payments", "welcomes", "drafts", "reads", "strangers", "events", "codes")
BETWEEN = 90.0  # seconds for the load to make headway after a kill
SETTLING = 120.0  # seconds
BETWEEN_MAILS = b"\n" + b"-" * 79 + b"\n"  # two of one second may share a file
CODE = re.compile(r"^\s*\d{6}\s*$", re.MULTILINE)


@pytest.fixture
def project() -> Iterator[Path]:
    """The folder of a clone with nothing in it but its database. The server's user must reach it."""
    path = Path(tempfile.mkdtemp(prefix="newsroom-losses-"))
    path.chmod(0o755)
    yield path
    Cluster(path).remove()
    shutil.rmtree(path)


@dataclass
class Site:
    """The three parts, and the load on them."""

    environment: dict[str, str]
    folder: Path
    database: Database
    web: Web
    worker: Worker
    load: Load

    def kill(self, what: str, dice: random.Random) -> None:
        """Kill it, and bring it back as its supervisor does."""
        match what:
            case "a web worker":
                self.web.kill_one_worker(dice)
            case "web":
                self.web.kill_all()
            case "worker":
                assert eventually(self.database.has_task_at_work, within=BETWEEN)
                self.worker.kill()
            case "database":
                self.database.kill_server()
            case _:
                self.database.kill_one_connection(dice)

    def await_headway(self) -> None:
        """Until every kind of load has had something accepted again: then every part works, and is at work."""
        since = self.progress()

        def is_ahead() -> bool:
            now = self.progress()
            return all(now[what] > since[what] for what in HEADWAY)

        is_back = eventually(is_ahead, within=BETWEEN)
        assert is_back, f"{since}, then {self.progress()}\n{self.load.seen.answers}\n{self.load.faults[:3]}"

    def progress(self) -> Counter[str]:
        return self.load.promises.counts + Counter(codes=len(list(self.mails())))

    def mails(self) -> Iterator[Path]:
        return (self.folder / "mail").glob("*")

    def codes(self) -> Counter[str]:
        """The mails with a code, by recipient."""
        texts = (text for path in self.mails() for text in path.read_bytes().split(BETWEEN_MAILS))
        mails = (email.message_from_bytes(text.lstrip(), policy=email.policy.default) for text in texts)
        return Counter(str(mail["To"]) for mail in mails if CODE.search(plain_text(mail)))

    def settle(self) -> None:
        """Let an hour pass in which nobody works, and then a worker do what is due."""
        self.worker.stop()
        self.database.let_an_hour_pass()
        self.worker.start()
        assert eventually(lambda: not self.database.left_to_do(), within=SETTLING), self.database.left_to_do()


def plain_text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return "" if part is None else str(part.get_content())


@pytest.fixture
def site(sandbox: Sandbox, project: Path, tmp_path: Path) -> Iterator[Site]:
    cluster = Cluster(project)
    cluster.start()
    cluster.ensure_database()
    environment = servers.production(
        f"postgresql://postgres@/newsroom?host={cluster.socket_dir}",
        tmp_path,
        ALLOW_STRIPE_SANDBOX="1",
        STRIPE_API_BASE=sandbox.url,
        STRIPE_SECRET_KEY=sandbox.key,
        STRIPE_WEBHOOK_SECRET=sandbox.webhook_secret,
    )
    for command in ("migrate", "sync_plans"):
        servers.run_command(environment, command)
    sandbox.delivery.retry_delays = (0.3,) * 400  # in place of the three days for which Stripe tries
    sandbox.webhook_url = f"https://{servers.HOST}/stripe/webhook/"
    web, worker = Web(environment, tmp_path), Worker(environment, tmp_path)
    web.start()
    worker.start()
    try:
        yield Site(environment, tmp_path, Database(cluster), web, worker, Load(web.port, sandbox))
    finally:
        worker.stop()
        web.stop()


def test_twenty_kills_lose_nothing_and_open_nothing(site: Site) -> None:
    prepared: dict[str, Any] = json.loads(run_books(site.environment, "prepare"))
    load, dice = site.load, random.Random(SEED)
    load.articles = prepared["articles"]
    with load.running(prepared["subscribers"], prepared["editors"]):
        for number, what in enumerate(dice.sample(KILLS, len(KILLS)), start=1):
            site.await_headway()
            site.kill(what, dice)
            if number == RENEWALS_AFTER:
                load.renew()
        site.await_headway()
    assert load.sandbox.delivery.wait_idle(SETTLING)
    stored = {event_id for (event_id,) in site.database.ask("SELECT event_id FROM subscriptions_stripeevent")}
    assert not load.promises.events - stored, "an event was answered with 200 and not stored"
    site.settle()
    found = json.loads(run_books(site.environment, "look"))
    codes = site.codes()
    assert load.promises.broken(found, codes) == []
    load.read_as_owners(found["owners"])
    load.welcome_the_rest()
    assert sorted(found["invoices"]) == load.paid_invoices(), "a payment is missing or counted twice"
    assert load.faults + load.seen.odd == []
    assert len(load.promises.paid) > 20, "too little was going on for this to prove anything"
    too_many = sum(codes[address] - 1 for address in load.promises.free())
    print(f"{load.promises.counts}; {too_many} codes too many; {load.seen.answers}")
