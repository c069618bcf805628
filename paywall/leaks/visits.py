"""Asking a site over HTTP: not too fast, not for too long, and no other site."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import SplitResult, urljoin, urlsplit

AGENT = "newsroom-check-leaks/1.0"
PATIENCE = 20.0  # seconds for one answer
LONGEST = 3600.0  # seconds for one run
PER_SECOND = 20.0  # requests
MOST_BYTES = 8_000_000  # of one answer
MOST_REDIRECTS = 5


class SiteSilent(Exception):
    """The site does not answer, or not as a site of ours; the message says what it did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`path` is where it was found in the end, `asked` where it was looked for."""

    asked: str
    path: str
    status: int
    headers: tuple[tuple[str, str], ...]
    text: str

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(slots=True)
class Site:
    """A site at one origin. `requests` counts what was sent to it."""

    base: str
    per_second: float = PER_SECOND
    requests: int = 0
    own_address: str = ""  # of this end of the connection, as the site sees it unless something stands between
    _client: http.client.HTTPConnection | None = None
    _next_at: float = 0.0
    _ends_at: float = field(default_factory=lambda: time.monotonic() + LONGEST)

    @property
    def origin(self) -> SplitResult:
        return urlsplit(self.base)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def path_of(self, address: str, *, also: str = "") -> str | None:
        """Path and query of an address of this site, or of the origin `also`; None for one of another site."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            origins = {(own.scheme, own.netloc) for own in (self.origin, urlsplit(also))}
            if (parts.scheme or self.origin.scheme, parts.netloc) not in origins:
                return None
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def ask(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET", also: str = "") -> Answer:
        """The answer, after redirects within this site. Raises SiteSilent."""
        place = path
        answer = self._ask_once(path, place, headers or {}, method)
        for _redirect in range(MOST_REDIRECTS):
            goes_on = answer.status in (301, 302, 303, 307, 308) and method in ("GET", "HEAD")
            target = self.path_of(urljoin(self.base + place, answer.header("Location")), also=also) if goes_on else None
            if target is None or target == place:
                break
            place = target
            answer = self._ask_once(path, place, headers or {}, method)
        return answer

    def _ask_once(self, asked: str, path: str, headers: Mapping[str, str], method: str) -> Answer:
        self._wait()
        sent = {"User-Agent": AGENT, "Accept": "text/html,*/*;q=0.8", **headers}
        try:
            status, received, content = self._exchange(method, path, sent)
        except (OSError, http.client.HTTPException):
            self.close()  # a connection that was kept may have been closed meanwhile: once more on a new one
            try:
                status, received, content = self._exchange(method, path, sent)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                raise SiteSilent(f"{self.base} does not answer at {path}: {describe(error)}") from error
        self.requests += 1
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise SiteSilent(f"{self.base}{path} says that too much is asked (429). Please try again later.")
        return Answer(asked, path, status, tuple(received), content.decode("utf-8", "replace"))

    def _exchange(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        client = self._client = self._client or self._connect()
        client.request(method, path, headers=dict(headers))
        if client.sock is not None:
            self.own_address = client.sock.getsockname()[0]
        answer = client.getresponse()
        content = answer.read(MOST_BYTES)
        if answer.read(1):
            self.close()  # the rest stays unread
        return answer.status, answer.getheaders(), content

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self.origin.hostname or "", self.origin.port
        if self.origin.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)
        return http.client.HTTPConnection(host, port, timeout=PATIENCE)

    def _wait(self) -> None:
        now = time.monotonic()
        if now > self._ends_at:
            raise SiteSilent(f"the check took more than {LONGEST / 60:.0f} minutes and was ended: check fewer articles")
        if now < self._next_at:
            time.sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + 1 / self.per_second


def describe(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return f"no answer within {PATIENCE:.0f} seconds"
    return str(error) or type(error).__name__
