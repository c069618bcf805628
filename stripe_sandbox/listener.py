"""The HTTP side: keep-alive, without Nagle's delay, one write an answer. It decides nothing."""

from __future__ import annotations

import http.server
import json
import socket
import sys
import threading
from collections.abc import Callable
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from stripe_sandbox.calls import Unanswered
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.params import decode

LARGEST_BODY = 1024 * 1024
LOOPBACK = ("127.0.0.1", "localhost")
PAGES = ("/c/", "/p/", "/sandbox/")


class PageAnswer(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def html(self) -> str: ...
    @property
    def location(self) -> str: ...
    @property
    def headers(self) -> dict[str, str]: ...


class Behind(Protocol):
    """What the listener speaks for."""

    def call(self, method: str, path: str, params: Thing, headers: dict[str, str]) -> tuple[int, Thing, bool]: ...
    def page(self, method: str, path: str, query: dict[str, str], form: dict[str, str]) -> PageAnswer: ...
    def wait_for_stop(self, gone: Callable[[], bool]) -> None: ...


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Listener

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        if (
            not (length.isascii() and length.isdigit())
            or int(length) > LARGEST_BODY
            or "Transfer-Encoding" in self.headers
        ):
            self.close_connection = True
            self._json(413, Refused("The request body is too large or has no length.").body, is_replay=False)
            return
        raw = self.rfile.read(int(length))
        if parts.path.startswith(PAGES):
            self._page(parts.path, parts.query, raw)
        else:
            self._api(parts.path, parts.query, raw)

    do_GET = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - the names that the standard library calls

    def _api(self, path: str, query: str, raw: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            params = {**decode(query), **decode(raw.decode())}
            status, body, is_replay = self.server.behind.call(self.command, path, params, headers)
        except Unanswered:
            self.close_connection = True
            self.server.behind.wait_for_stop(self._is_gone)
            return
        except Refused as refusal:
            status, body, is_replay = refusal.status, refusal.body, False
        except (UnicodeDecodeError, ValueError):
            status, body, is_replay = 400, Refused("Invalid request body.").body, False
        self._json(status, body, is_replay=is_replay)

    def _page(self, path: str, query: str, raw: bytes) -> None:
        # A name that somebody else has pointed at this machine must not drive the pages.
        if self.headers.get("Host", "").rpartition(":")[0] not in LOOPBACK:
            self._json(403, Refused("This host is not the stand-in's.").body, is_replay=False)
            return
        try:
            form = dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=100))
        except ValueError:
            form = {}
        shown = self.server.behind.page(self.command, path, dict(parse_qsl(query, keep_blank_values=True)), form)
        headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", **shown.headers}
        if shown.location:
            headers["Location"] = shown.location
        self._send(shown.status, headers, shown.html.encode())

    def _json(self, status: int, body: Thing, *, is_replay: bool) -> None:
        headers = {"Content-Type": "application/json"}
        if is_replay:
            headers["Idempotent-Replayed"] = "true"
        self._send(status, headers, json.dumps(body, ensure_ascii=False).encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _is_gone(self) -> bool:
        """Whether the caller hung up; waits up to a tenth of a second to see."""
        self.connection.settimeout(0.1)
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return False
        except OSError:
            return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's signature
        """Silent: calls are recorded where tests can see them."""


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, behind: Behind) -> None:
        self.behind = behind
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if isinstance(request, socket.socket):
            with self._guard:
                self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            with self._guard:
                self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hung up is no error of ours; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def hang_up(self) -> None:
        """Ends the connections that callers keep open."""
        with self._guard:
            still_open = list(self._open)
        for connection in still_open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
