"""The hook of a CDN: told every key, again until it has understood, and with nothing that is not its business."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone

from articles import cdn
from articles.models import CachePurge
from tests.newsroom.waiting import eventually

pytestmark = pytest.mark.django_db


class Cdn:
    """A server that takes purges, or answers what it is told to."""

    def __init__(self) -> None:
        self.status = 200
        self.strayed = False
        self.heard: list[tuple[list[str], str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.heard.append((self.headers["Surrogate-Key"].split(), self.headers["Purge-Secret"]))
                if outer.status == 0:
                    self.wfile.write(b"nonsense\r\n\r\n")
                    return
                self.send_response(outer.status)
                self.send_header("Location", f"http://127.0.0.1:{outer.server.server_port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                outer.strayed = True
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook(settings: Any) -> Iterator[Cdn]:
    started = Cdn()
    settings.CDN_PURGE_URL = f"http://127.0.0.1:{started.server.server_port}/purge"
    settings.CDN_PURGE_HEADER = "Purge-Secret: known to both"
    CachePurge.objects.all().delete()
    yield started
    started.server.shutdown()
    started.server.server_close()


def come_due() -> None:
    CachePurge.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_the_cdn_is_told_every_key_twice_and_then_no_more(hook: Cdn) -> None:
    CachePurge.objects.create(keys="article-1 articles")
    CachePurge.objects.create(keys="article-1 author-2")
    assert cdn.tell_purges() == 2
    assert hook.heard == [(["article-1", "articles", "author-2"], "known to both")]
    assert cdn.tell_purges() == 0  # the second time comes later, for a page that was being made meanwhile
    come_due()
    cdn.tell_purges()
    assert len(hook.heard) == 2
    assert not CachePurge.objects.exists()


def test_a_purge_that_is_refused_is_tried_again_until_no_cache_can_hold_the_page(
    hook: Cdn, caplog: pytest.LogCaptureFixture
) -> None:
    CachePurge.objects.create(keys="article-1")
    hook.status = 503
    cdn.tell_purges()
    purge = CachePurge.objects.get()
    assert purge.due_at > timezone.now()
    assert "503" in caplog.text
    assert "127.0.0.1" not in caplog.text
    hook.status = 200
    come_due()
    cdn.tell_purges()
    assert CachePurge.objects.get().is_repeated
    hook.status = 503
    for _try in range(cdn.MOST_ATTEMPTS):
        come_due()
        cdn.tell_purges()
    assert not CachePurge.objects.exists()


@pytest.mark.parametrize("status", [302, 307, 0])
def test_a_redirect_or_nonsense_is_no_consent_and_our_secret_goes_nowhere_else(hook: Cdn, status: int) -> None:
    CachePurge.objects.create(keys="article-1")
    hook.status = status
    assert cdn.tell_purges() == 1
    purge = CachePurge.objects.get()
    assert (purge.attempts, purge.is_repeated, hook.strayed) == (1, False, False)


def test_more_keys_than_a_cdn_takes_are_told_as_everything(hook: Cdn) -> None:
    for number in range(3):
        CachePurge.objects.create(keys=" ".join(f"article-{number}{other:02d}" for other in range(90)))
    cdn.tell_purges()
    assert hook.heard[0][0] == ["sections", "pages", "plans", "access"]


def test_what_a_killed_worker_was_about_to_tell_is_due_again(hook: Cdn, monkeypatch: pytest.MonkeyPatch) -> None:
    CachePurge.objects.create(keys="article-1")
    monkeypatch.setattr(cdn, "tell", lambda *_arguments: None)
    cdn.tell_purges()
    monkeypatch.undo()
    assert timezone.now() < CachePurge.objects.get().due_at <= timezone.now() + cdn.PUT_OFF


def test_a_cdn_that_does_not_answer_holds_nothing_up(hook: Cdn) -> None:
    hook.server.shutdown()
    hook.server.server_close()
    CachePurge.objects.create(keys="article-1")
    assert cdn.tell_purges() == 1
    assert CachePurge.objects.get().attempts == 1


def test_everything_is_told_by_the_keys_that_stand_on_every_page(hook: Cdn) -> None:
    CachePurge.objects.create(keys="everything")
    cdn.tell_purges()
    assert hook.heard[0][0] == ["sections", "pages", "plans", "access"]


def test_without_a_cdn_the_outbox_is_emptied(settings: Any) -> None:
    settings.CDN_PURGE_URL = ""
    CachePurge.objects.create(keys="article-1")
    cdn.tell_purges()
    assert not CachePurge.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("errors", [[], [RuntimeError("anything")]], ids=["no error", "any error"])
def test_the_worker_tells_purges_in_its_background_whatever_goes_wrong(
    hook: Cdn, errors: list[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_purges = cdn.tell_purges
    left = list(errors)

    def stumble() -> int:
        if left:
            raise left.pop()
        return tell_purges()

    monkeypatch.setattr(cdn, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(cdn, "tell_purges", stumble)
    sender = cdn.PurgeSender()
    sender.start()
    try:
        CachePurge.objects.create(keys="article-7")
        assert eventually(lambda: bool(hook.heard))
    finally:
        sender.stop()
    assert hook.heard[0][0] == ["article-7"]
    assert not left
