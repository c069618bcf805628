"""The load: threads that do what readers, editors and Stripe do, and note what the site has promised each of them."""

from __future__ import annotations

import http.client
import json
import random
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from stripe_sandbox.server import Sandbox
from tests.articles.admin_forms import ADD, article_fields
from tests.losses.browsers import Answer, Browser, Seen, Unanswered
from tests.losses.promises import Draft, Promises
from tests.make import SENTINEL
from tests.servers import HOST, socket_to

PACE = 0.1  # seconds between two requests of one person, so that there is room for the site on a small machine
PATIENCE = 60.0  # seconds
WELCOME = "Thank you for subscribing"
CSRF = "a" * 32
OPTIONS = ("annual", "monthly")


@dataclass
class Load:
    """Runs until `running()` ends. `faults` are broken promises that were seen on the way."""

    port: int
    sandbox: Sandbox
    articles: dict[str, str] = field(default_factory=dict)  # the sentinel of each path
    promises: Promises = field(default_factory=Promises)
    seen: Seen = field(default_factory=Seen)
    faults: list[str] = field(default_factory=list)
    payers: list[Browser] = field(default_factory=list)
    kept_waiting: list[tuple[Browser, str]] = field(default_factory=list)  # who paid, and in which session
    at_the_till: threading.Lock = field(default_factory=threading.Lock)  # held while Stripe's clock must not move
    _stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, subscribers: list[dict[str, str]], editors: list[dict[str, str]]) -> Iterator[None]:
        self.payers += [Browser(self.port, self.seen, cookies) for cookies in subscribers]
        self.sandbox.delivery.transport = self.deliver
        people: list[Callable[[random.Random], None]] = [
            self.join, self.join, self.pay, self.pay, self.read_as_stranger, self.read_as_payer, self.read_as_payer,
            self.tell_again, *(Editor(self, number, cookies).write for number, cookies in enumerate(editors)),
        ]  # fmt: skip
        threads = [
            threading.Thread(target=self._live, args=(act, random.Random(number)), daemon=True)
            for number, act in enumerate(people)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join(PATIENCE)

    def _live(self, act: Callable[[random.Random], None], dice: random.Random) -> None:
        while not self._stopping.wait(PACE):
            try:
                act(dice)
            except Unanswered:
                continue
            except Exception:
                self.faults.append(traceback.format_exc())

    def expect(self, is_right: bool, what: str, answer: Answer) -> None:
        if not is_right:
            self.faults.append(f"{what}: {answer.status} {answer.location} {answer.text[:600]}")

    def gate_form(self, email: str, option: str, path: str) -> dict[str, str]:
        return {"email": email, "plan": option, "next": path}

    # --- Who joins ------------------------------------------------------------------------------------------------

    def join(self, dice: random.Random) -> None:
        email = f"free{dice.getrandbits(48):x}@readers.example"
        answer = Browser(self.port, self.seen).ask(
            "join", "/subscribe/start/", self.gate_form(email, "free", dice.choice(list(self.articles)))
        )
        self.expect(answer.status == 302, "a join was not accepted", answer)
        if answer.status == 302:
            self.promises.leads[email] = "free"
            self.promises.count("joins")

    def pay(self, dice: random.Random) -> None:
        """From the gate to the payment page, back to the site, and on to what was bought."""
        email, browser = f"paid{dice.getrandbits(48):x}@readers.example", Browser(self.port, self.seen)
        path, option = dice.choice(list(self.articles)), dice.choice(OPTIONS)
        with self.at_the_till:
            answer = browser.ask("checkout", "/subscribe/start/", self.gate_form(email, option, path))
            self.expect(answer.status == 303, "no payment page", answer)
            if answer.status != 303:
                return
            self.promises.leads[email] = option
            session = answer.location.rpartition("/")[2]
            paid = self.sandbox.pay(session, email=email)
        assert paid["outcome"] == "complete", paid
        self.promises.paid[session] = email
        self.promises.count("payments")
        if self.is_welcomed(browser, session):
            self.open_as_payer(browser, path)
            self.payers.append(browser)
            self.promises.count("welcomes")
        else:
            self.kept_waiting.append((browser, session))

    def is_welcomed(self, browser: Browser, session: str) -> bool:
        """Whether the welcome page came to know of the payment. A browser asks again, as the page does by itself."""
        for _ in range(40):
            if self._stopping.wait(PACE * 5):
                return False
            try:
                if WELCOME in self.look_for_welcome(browser, session).text:
                    return True
            except Unanswered:
                continue
        self.promises.count("long waits for the welcome")
        return False

    def look_for_welcome(self, browser: Browser, session: str) -> Answer:
        answer = browser.ask("welcome", f"/subscribe/welcome/?session_id={session}")
        self.expect(answer.status == 200, "no welcome for who paid", answer)
        return answer

    def welcome_the_rest(self) -> None:
        """Now that all is settled, whoever had to wait when the load ended or gave up waiting is welcomed at once."""
        for browser, session in self.kept_waiting:
            answer = self.look_for_welcome(browser, session)
            self.expect(WELCOME in answer.text, "a payer was never welcomed", answer)

    # --- Who reads ------------------------------------------------------------------------------------------------

    def read_as_stranger(self, dice: random.Random) -> None:
        path = dice.choice([*self.articles, "/", "/feeds/latest.xml"])
        answer = Browser(self.port, self.seen).ask("stranger", path)
        self.expect(SENTINEL not in answer.text, "a stranger got a body", answer)
        self.expect(answer.status == 200, "a stranger was turned away", answer)
        self.promises.count("strangers")

    def read_as_payer(self, dice: random.Random) -> None:
        self.open_as_payer(dice.choice(self.payers), dice.choice(list(self.articles)))
        self.promises.count("reads")

    def open_as_payer(self, browser: Browser, path: str) -> None:
        answer = browser.ask("payer", path)
        is_whole = self.articles[path] in answer.text and 'data-access="granted"' in answer.text
        self.expect(answer.status == 200 and is_whole and 'class="gate' not in answer.text, "a payer met this", answer)

    def read_as_owners(self, owners: dict[str, dict[str, str]]) -> None:
        """The owner of each subscription that was paid, in a browser of their own."""
        for address in self.promises.paid.values():
            for path in self.articles:
                self.open_as_payer(Browser(self.port, self.seen, owners.get(address, {})), path)

    # --- What Stripe tells ----------------------------------------------------------------------------------------

    def deliver(self, _url: str, body: bytes, signature: str) -> int:
        """One delivery, as through the proxy in front of the site. Raises as `stripe_sandbox.delivery.post` does."""
        headers = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "192.0.2.1",
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature,
        }
        with socket_to(self.port) as client:
            client.request("POST", "/stripe/webhook/", body, headers)
            answer = client.getresponse()
            answer.read()
        self.seen.note("webhook", answer.status)
        if answer.status == 200:
            self.promises.events.add(json.loads(body)["id"])
            self.promises.count("events")
        return answer.status

    def tell_again(self, dice: random.Random) -> None:
        """An event that was told before, or is being told at this moment."""
        event = dice.choice(self.sandbox.objects("event")[-20:])
        try:
            self.deliver("", *self.sandbox.signed(event))
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered from error

    def renew(self) -> None:
        """A month passes at Stripe: every monthly subscription is renewed and paid."""
        with self.at_the_till:
            self.sandbox.advance(days=32)

    def paid_invoices(self) -> list[list[Any]]:
        """All that was paid, by the books of Stripe."""
        return sorted([each["id"], each["amount_paid"]] for each in self.sandbox.objects("invoice"))


@dataclass
class Editor:
    """Writes one draft after another, each twice: added, and then changed."""

    load: Load
    number: int
    cookies: dict[str, str]
    written: int = 0

    def __post_init__(self) -> None:
        self.browser = Browser(self.load.port, self.load.seen, {**self.cookies, "csrftoken": CSRF})

    def write(self, _dice: random.Random) -> None:
        self.written += 1
        draft = Draft(f"draft-{self.number}-{self.written}")
        self.load.promises.drafts.append(draft)
        change = self.save(draft, ADD)
        self.save(draft, change)

    def save(self, draft: Draft, path: str) -> str:
        """Send another text of the draft; where its form then stands."""
        version = f"{draft.slug} version {len(draft.sent)}"
        text = "\n".join(f"<p>This is {version}, paragraph {count}. Nothing of it is lost.</p>" for count in range(40))
        fields = article_fields(headline=version, body=text, slug=draft.slug, csrfmiddlewaretoken=CSRF, _continue="1")
        draft.sent.append((version, text))
        answer = self.browser.ask("draft", path, fields)
        self.load.expect(answer.status == 302 and "/change/" in answer.location, "a draft was not accepted", answer)
        if answer.status != 302:
            raise Unanswered
        draft.accepted.append(len(draft.sent) - 1)
        self.load.promises.count("drafts")
        return answer.location
