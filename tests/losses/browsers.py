"""A browser before a site that may die at any moment: what it did not get an answer to, it was promised nothing."""

from __future__ import annotations

import http.client
import itertools
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.make import SENTINEL
from tests.servers import HOST, socket_to

AWAY = 503
NOT_WHILE_AWAY = ('class="gate', 'class="teaser', SENTINEL)
addresses = itertools.count(1)


class Unanswered(Exception):
    """The site did not answer, or said in words that it cannot just now."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    location: str
    text: str
    retry_after: str


@dataclass(slots=True)
class Seen:
    """What all browsers met, by name of what they asked for and status; "none" where the connection broke."""

    answers: Counter[tuple[str, int | str]] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)  # pages of 503 that a reader must not be shown
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, status: int | str) -> None:
        with self.lock:
            self.answers[what, status] += 1

    def look_at(self, away: Answer) -> None:
        """A page that says that the site is away: when to come again, and neither gate nor teaser nor body."""
        if not away.retry_after or any(word in away.text for word in NOT_WHILE_AWAY):
            self.odd.append(away.text)


@dataclass(slots=True)
class Browser:
    """One reader's browser, in a network of its own, as the proxy in front reports it."""

    port: int
    seen: Seen
    cookies: dict[str, str] = field(default_factory=dict)
    address: str = field(default_factory=lambda: "10.{}.{}.{}".format(*next(addresses).to_bytes(3)))

    def ask(self, what: str, path: str, form: dict[str, str] | None = None) -> Answer:
        """One request, counted under `what`. Raises Unanswered for a broken connection and for 503; an answer of
        another 5xx is handed on, and is for the caller to judge.
        """
        headers = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": self.address,
            "Origin": f"https://{HOST}",
            "Sec-Fetch-Site": "same-origin",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        method, body = ("GET", None) if form is None else ("POST", urlencode(form))
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            answer = self._exchange(method, path, body, {name: value for name, value in headers.items() if value})
        except (OSError, http.client.HTTPException) as error:
            self.seen.note(what, "none")
            raise Unanswered from error
        self.seen.note(what, answer.status)
        if answer.status == AWAY:
            self.seen.look_at(answer)
            raise Unanswered
        return answer

    def _exchange(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        with socket_to(self.port) as client:
            client.request(method, path, body, headers)
            raw = client.getresponse()
            text = raw.read().decode()
        for line in raw.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.coded_value
        return Answer(raw.status, raw.headers.get("Location", ""), text, raw.headers.get("Retry-After", ""))
