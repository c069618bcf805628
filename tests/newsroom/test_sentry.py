"""What reaches Sentry of an error, seen from a server on loopback that takes it: where it happened, never to whom."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from newsroom import log_lines, sentry
from tests import servers

PROJECT = Path(__file__).resolve().parents[2]
EMAIL = "someone.new@example.org"

# A process like those of a public host: one view that fails, a reader with all that must not leave.
PROGRAM = """
import logging, sys
sys.argv.append("ARGUMENT@example.org")
import django
django.setup()
from unittest import mock
import sentry_sdk
from django.test import Client
failing = Client(raise_request_exception=False, REMOTE_ADDR="203.0.113.9", HTTP_USER_AGENT="My Browser")
failing.cookies["sessionid"] = "my-session-cookie"
with mock.patch("newsroom.health.plain", side_effect=RuntimeError("the boiler of EMAIL is cold")):
    sent = {"headers": {"Host": "HOST", "Authorization": "Bearer my-bearer"}, "secure": True}
    address = "/healthz?secret=word"
    answer = failing.generic("HEAD", address, "login=EMAIL&password=my-password", "text/plain", **sent)
    assert answer.status_code == 500, answer.content
logging.getLogger("somewhere").error("could not reach %s", "EMAIL")
sentry_sdk.flush(10)
"""


@pytest.fixture
def sink() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a project, and the events that have arrived."""
    events: list[dict[str, Any]] = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            events.append({"raw": body.decode(), "parts": [json.loads(line) for line in body.splitlines() if line]})
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_told: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Sink) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://key@127.0.0.1:{server.server_port}/1", events
        server.shutdown()
        thread.join()


def test_an_error_arrives_with_its_place_and_without_the_reader(
    sink: tuple[str, list[dict[str, Any]]], folder: Path
) -> None:
    dsn, events = sink
    environment = servers.production("postgresql:///nowhere", folder, SENTRY_DSN=dsn)
    environment["DJANGO_SETTINGS_MODULE"] = "newsroom.settings"
    program = PROGRAM.replace("EMAIL", EMAIL).replace("HOST", servers.HOST)
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [part for event in events for part in event["parts"] if part.get("platform") == "python"]
    failure, logged = found
    (error,) = failure["exception"]["values"][-1:]
    assert (error["type"], error["value"]) == ("RuntimeError", "the boiler of [address] is cold")
    assert "newsroom/health.py" in [frame["filename"] for frame in error["stacktrace"]["frames"]]
    assert failure["transaction"] == "/healthz"
    assert failure["environment"] == servers.HOST
    assert len(failure["tags"]["request_id"]) == 32
    assert logged["logentry"] == {"message": "could not reach %s"}
    everything = "".join(event["raw"] for event in events)
    forbidden = [EMAIL, "ARGUMENT", "my-session", "secret=", "word", "203.0.113.9", "My Browser", "my-bearer", "vars"]
    source = "".join(str(frame.get(name)) for frame in error["stacktrace"]["frames"] for name in sentry.KEPT_OF_FRAMES)
    assert [word for word in forbidden if word in everything.replace(source, "")] == []


EVENT: Any = {
    "event_id": "1",
    "level": "error",
    "user": {"email": EMAIL},
    "request": {"url": f"/?mail={EMAIL}", "cookies": {"a": "b"}, "data": EMAIL, "headers": {"Cookie": "c"}},
    "breadcrumbs": {"values": [{"message": f"SELECT '{EMAIL}'"}]},
    "extra": {"sys.argv": [EMAIL]},
    "contexts": {"trace": {"data": EMAIL}},
    "server_name": "machine-7",
    "tags": {"mail": EMAIL},
    "modules": {"django": "6"},
    "logentry": {"message": "x %s", "params": [EMAIL], "formatted": f"x {EMAIL}"},
    "exception": {
        "values": [
            {
                "type": "IntegrityError",
                "value": f"duplicate key\nDETAIL: ({EMAIL})",
                "stacktrace": {"frames": [{"function": "f", "lineno": 3, "vars": {"email": EMAIL}}]},
            }
        ]
    },
}


def test_what_is_not_known_to_be_harmless_does_not_leave() -> None:
    token = log_lines.current_request_id.set("the-id-of-the-request")
    clean = sentry.cleaned(EVENT, {})
    log_lines.current_request_id.reset(token)
    assert clean == {
        "event_id": "1",
        "level": "error",
        "tags": {"request_id": "the-id-of-the-request"},
        "logentry": {"message": "x %s"},
        "exception": {
            "values": [
                {
                    "type": "IntegrityError",
                    "value": "duplicate key",
                    "stacktrace": {"frames": [{"function": "f", "lineno": 3}]},
                }
            ]
        },
    }


def refusal(folder: Path, dsn: str, program: str = "") -> str:
    """What the start prints when it refuses the address."""
    environment = servers.production("postgresql:///nowhere", folder, SENTRY_DSN=dsn)
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport newsroom.settings"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    return done.stderr.strip()


def test_an_address_that_is_none_is_refused_at_the_start(folder: Path) -> None:
    expected = "SENTRY_DSN is malformed: it must be like https://key@sentry.example.org/1"
    assert refusal(folder, "sentry.example.org") == expected


def test_without_the_package_the_start_says_what_to_install(folder: Path) -> None:
    missing = "import sys; sys.modules['sentry_sdk'] = None"
    expected = "SENTRY_DSN is set, and the package for it is missing: uv sync --extra sentry"
    assert refusal(folder, "https://key@sentry.example.org/1", missing) == expected


def test_nothing_is_loaded_where_it_is_not_asked_for(folder: Path) -> None:
    environment = servers.production("postgresql:///nowhere", folder)
    program = "import sys, newsroom.settings; sys.exit('sentry_sdk' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_no_trace_leaves() -> None:
    with mock.patch("sentry_sdk.init") as init:
        assert sentry.start("https://key@sentry.example.org/1", site="x") == []
    options = init.call_args.kwargs
    assert options.get("traces_sample_rate") is None
    assert options["before_send_transaction"]({}, {}) is None
    assert options["before_breadcrumb"]({}, {}) is None
