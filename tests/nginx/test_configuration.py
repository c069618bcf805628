"""What nginx keeps, hands on and answers by itself, in front of a site that says what the real one must never say."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from articles.caching import own_cookies
from tests.edge import CONFIGURATION, Edge, needs_nginx, nginx
from tests.newsroom.waiting import eventually
from tests.servers import HOST, Server, socket_to

pytestmark = needs_nginx

PUBLIC = {"Cache-Control": "public, max-age=0, s-maxage=60, must-revalidate", "X-Accel-Expires": "60"}
# What the site says of a page at this address. All but the first must not be kept.
SAID: dict[str, dict[str, str]] = {
    "/public": PUBLIC,
    "/with-a-cookie": PUBLIC | {"Set-Cookie": "sessionid=abc; HttpOnly"},
    "/private": PUBLIC | {"Cache-Control": "private, no-store"},
    "/not-now": PUBLIC | {"X-Accel-Expires": "0"},
    "/in-the-past": PUBLIC | {"X-Accel-Expires": "@1000000000"},
    "/without-a-word": {},
    "/for-other-caches-alone": {"Cache-Control": PUBLIC["Cache-Control"]},
    "/404": PUBLIC,
    "/410": PUBLIC,
    "/500": PUBLIC,
    "/503": PUBLIC,
    "/301": PUBLIC | {"Location": "/"},
}
TAG = '"one"'
THIS_SECOND = "/this-second"  # kept as the site asks nginx to; its Cache-Control counts down with each request


@dataclass
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Site:
    """Answers with the number of the request, and remembers what it was asked."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def answer(self) -> None:
        asked = Asked(self.command, self.path, dict(self.headers))
        self.site.asked.append(asked)
        asked.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        if self.headers.get("If-None-Match") == TAG:
            self.send_response(304)
            self.send_header("X-Accel-Expires", f"@{int(time.time())}")
            self.end_headers()
            return
        page = f"<p>Page {len(self.site.asked)}. {'The ferry left. ' * 100}</p>".encode()
        self.send_response(int(path[1:]) if path[1:].isdigit() else 200)
        headers = {"Content-Type": "text/html", "Vary": "Cookie", "ETag": TAG} | SAID.get(path, PUBLIC)
        if path == THIS_SECOND:
            age = f"public, max-age=0, s-maxage={600 - len(self.site.asked)}, must-revalidate"
            headers |= {"Cache-Control": age, "X-Accel-Expires": f"@{int(time.time())}"}
        for name, value in (headers | {"Content-Length": str(len(page)), "X-Request-ID": "of-the-site"}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    do_GET = do_HEAD = do_POST = answer  # noqa: N815 - as the base class looks for them

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    kept = Site()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("HandlerOfThis", (Handler,), {"site": kept})) as server:
        server.daemon_threads = True
        kept.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("edge")
    for path in ("static/css/site.0123456789ab.css", "static/css/site.css", "media/ab/quay.png", "media/ab/quay.html"):
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_text("x" * 20)
    return made


@pytest.fixture(scope="module")
def edge(site: Site, folder: Path) -> Iterator[Edge]:
    nobody: Any = None
    with nginx(Server(site.port, nobody, folder / "site.log"), folder) as running:
        yield running


def times_asked(site: Site, edge: Edge, path: str, requests: list[dict[str, Any]]) -> int:
    before = len(site.asked)
    for request in requests:
        edge.get(path, **request)
    return len(site.asked) - before


# --- What is kept ---------------------------------------------------------------------------------------------------


def test_the_configuration_names_the_cookies_that_the_site_goes_by() -> None:
    named = re.search(r'"~\(\?:\^\|;\)\\s\*\(\?:([a-z_|-]+)\)\\s\*="', CONFIGURATION.read_text())
    assert named
    assert sorted(named[1].split("|")) == sorted(own_cookies())


def test_a_public_page_is_kept_for_everybody_without_a_cookie_of_ours(site: Site, edge: Edge) -> None:
    headers = {"User-Agent": "one", "Accept-Language": "en", "Accept": "*/*", "Range": "bytes=0-", "Cookie": "_ga=1"}
    visitors: list[dict[str, Any]] = [
        {"headers": headers},
        {},
        {"cookies": {"_ga": "2", "consent": "yes", "xsessionid": "1", "passing": "1"}},
        {"headers": {"User-Agent": "another", "Accept-Language": "de", "Accept": "application/json"}},
        {"method": "HEAD"},
        {"headers": {"Range": "bytes=5-"}},
        {"headers": {"Accept-Encoding": "gzip, br"}},
        {"headers": {"If-None-Match": '"another"'}},
    ]
    assert times_asked(site, edge, "/public?visitors", visitors) == 1
    assert not set(headers) & set(site.asked[-1].headers)


@pytest.mark.parametrize("path", [path for path in SAID if path != "/public"])
def test_what_is_not_for_everybody_is_not_kept(path: str, site: Site, edge: Edge) -> None:
    assert times_asked(site, edge, path, [{}, {}, {"method": "HEAD"}]) == 3


def test_a_page_for_this_second_is_asked_for_again_in_the_next_and_comes_with_its_new_headers(
    site: Site, edge: Edge
) -> None:
    assert eventually(lambda: edge.get(THIS_SECOND).headers["x-cache"] == "HIT"), "never kept"
    kept = edge.get(THIS_SECOND).text
    assert eventually(lambda: edge.get(THIS_SECOND).text != kept, within=3.0), "kept for longer"
    answer = edge.get(THIS_SECOND)
    number = int(re.findall(r"Page (\d+)", answer.text)[0])
    assert f"s-maxage={600 - number}," in answer.headers["cache-control"]


@pytest.mark.parametrize("first", ["HEAD", "GET"])
def test_a_page_asked_for_by_head_is_whole_for_who_gets_it(first: str, site: Site, edge: Edge) -> None:
    path = f"/public?{first}-first"
    edge.get(path, method=first)
    head, page = edge.get(path, method="HEAD"), edge.get(path)
    assert head.body == b""
    assert head.headers["content-length"] == str(len(page.body))
    assert "The ferry left" in page.text


@pytest.mark.parametrize("spelling", ["{}=1", "a=b; {}=1", "a=b;{} =1", "{}=", 'x="y; {}=1"'])
def test_a_cookie_of_ours_asks_the_site_and_leaves_nothing_behind(spelling: str, site: Site, edge: Edge) -> None:
    for name in own_cookies():
        own = {"headers": {"Cookie": spelling.format(name)}}
        path = f"/public?{quote(spelling.format(name))}"
        assert times_asked(site, edge, path, [own, own]) == 2, "kept"
        assert site.asked[-1].headers["Cookie"] == spelling.format(name)
        assert times_asked(site, edge, path, [{}]) == 1, "left behind for strangers"
        assert times_asked(site, edge, path, [own]) == 1, "taken from what strangers left"


def test_an_authorization_a_body_and_other_methods_pass_the_cache(site: Site, edge: Edge) -> None:
    edge.get("/public?past")
    past: list[dict[str, Any]] = [
        {"headers": {"Authorization": "0"}},
        {"body": "x=1"},
        {"method": "POST", "body": "x=1"},
    ]
    assert times_asked(site, edge, "/public?past", past) == 3
    assert [asked.body for asked in site.asked[-3:]] == [b"", b"x=1", b"x=1"]
    assert times_asked(site, edge, "/public?past", [{}]) == 0


def test_who_reads_by_head_is_not_turned_into_a_reader_by_get(site: Site, edge: Edge) -> None:
    """A GET would spend one of the free articles of the month."""
    for name in own_cookies():
        edge.get("/public?head", method="HEAD", cookies={name: "1"})
        assert site.asked[-1].method == "HEAD"


# --- What the site is told ------------------------------------------------------------------------------------------

FORGED = {
    "X-Forwarded-For": "203.0.113.9, 198.51.100.1",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1234",
    "X-Forwarded-Scheme": "http",
    "X-Forwarded-Server": "evil.example",
    "X-Real-IP": "203.0.113.9",
    "X-Original-URL": "/admin/",
    "X-Rewrite-URL": "/admin/",
    "X-HTTP-Method-Override": "DELETE",
    "X_Forwarded_For": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=http",
    "Proxy": "http://evil.example/",
    "X-Request-ID": "of-the-reader",
}


@pytest.mark.parametrize("cookies", [{}, {own_cookies()[0]: "1"}], ids=["stranger", "person"])
def test_the_site_is_told_by_nginx_alone_who_asks_and_how(cookies: dict[str, str], site: Site, edge: Edge) -> None:
    answer = edge.get(f"/public?forged{len(cookies)}", headers=FORGED, cookies=cookies)
    told = {name.lower(): value for name, value in site.asked[-1].headers.items()}
    assert told["host"] == HOST
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "https"
    assert re.fullmatch("[0-9a-f]{32}", told["x-request-id"])
    assert answer.headers["x-request-id"] == told["x-request-id"]
    dropped = {name.lower() for name in FORGED} - {"x-forwarded-for", "x-forwarded-proto", "x-request-id"}
    assert not dropped & set(told)


def test_each_answer_has_an_id_of_its_own_though_the_page_is_kept(edge: Edge) -> None:
    ids = {edge.get("/public?id").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


def test_the_log_names_no_address_no_query_and_no_browser(edge: Edge) -> None:
    log = edge.log.parent / "newsroom.log"
    edge.get("/search/?q=secret-word", headers={"User-Agent": "secret-browser", "Referer": "https://secret.example/"})
    edge.get("/feeds/private/secret-token/feed.xml")
    edge.get("/account/mail/stop/12.secret-token/")
    edge.get("/gift/secret-token/")
    edge.get("/mail/secret-token/")
    edge.get("/gift-subscription/secret-token/")
    edge.get("/group/invitation/secret-token/")
    edge.get("/cancel/secret-number/")
    assert eventually(lambda: '"path":"/cancel/"' in log.read_text())
    assert '"path":"/gift/"' in log.read_text()
    assert '"path":"/search/"' in log.read_text()
    assert '"path":"/feeds/private/"' in log.read_text()
    assert '"path":"/account/mail/stop/"' in log.read_text()
    assert not re.search(r"secret|127\.0\.0\.1", log.read_text())


# --- Compression, and asking again ----------------------------------------------------------------------------------


def test_a_compressed_page_is_found_again_by_its_tag(site: Site, edge: Edge) -> None:
    packed = edge.get("/public?gzip", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] == f"W/{TAG}"
    assert "Accept-Encoding" in packed.headers["vary"]
    for tag in (TAG, f"W/{TAG}"):
        again = edge.get("/public?gzip", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
        assert (again.status, again.body) == (304, b"")


# --- What nginx answers by itself -----------------------------------------------------------------------------------


def test_only_what_is_named_after_its_content_is_immutable(edge: Edge) -> None:
    named, plain = edge.get("/static/css/site.0123456789ab.css"), edge.get("/static/css/site.css")
    assert (named.status, plain.status) == (200, 200)
    assert "immutable" in named.headers["cache-control"]
    assert "immutable" not in plain.headers["cache-control"]
    assert named.headers["x-content-type-options"] == "nosniff"


def test_uploads_are_pictures_and_never_pages(site: Site, edge: Edge) -> None:
    picture = edge.get("/media/ab/quay.png")
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in picture.headers["content-security-policy"]
    before = len(site.asked)
    for path in ("/media/ab/quay.html", "/media/", "/media/ab/", "/media/ab", "/static/", "/static/css/", "/metrics"):
        assert edge.get(path).status in (301, 403, 404), path
    assert len(site.asked) == before


def test_another_host_is_sent_away(site: Site, edge: Edge) -> None:
    before = len(site.asked)
    for host in ("evil.example", f"{HOST}.evil.example", "127.0.0.1", ""):
        assert edge.get("/public", headers={"Host": host}).status in (400, 421), host
    assert edge.get(f"https://evil.example/public?{HOST}").status == 421
    with pytest.raises(ssl.SSLError):
        edge.connected("evil.example").close()
    assert len(site.asked) == before


def test_plain_http_leads_to_the_site_by_its_own_name(edge: Edge) -> None:
    with socket_to(edge.plain_port) as client:
        client.request("GET", "/articles/x/?a=1", headers={"Host": HOST})
        answer = client.getresponse()
        assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/articles/x/?a=1")
        answer.read()
    with socket_to(edge.plain_port) as client:
        client.request("GET", "/", headers={"Host": "evil.example"})
        assert client.getresponse().status == 421


def test_old_tls_is_refused(edge: Edge) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    old.set_ciphers("AES128-SHA:@SECLEVEL=0")  # without forward secrecy
    raw = socket.create_connection(("127.0.0.1", edge.port), timeout=20)
    with raw, pytest.raises(ssl.SSLError):
        old.wrap_socket(raw, server_hostname=HOST)


def test_too_much_is_refused_before_the_site_hears_of_it(site: Site, edge: Edge) -> None:
    before = len(site.asked)
    with suppress(BrokenPipeError, ConnectionResetError):
        assert edge.get("/subscribe/start/", method="POST", body="x" * (4 * 1024 * 1024)).status == 413
    assert len(site.asked) == before
    assert edge.get("/admin/photo/", method="POST", body="x" * (4 * 1024 * 1024)).status == 200


def test_the_site_hears_of_a_form_once_it_is_there_in_whole(site: Site, edge: Edge) -> None:
    before = len(site.asked)
    head = f"POST /slow HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 10\r\nConnection: close\r\n\r\n"
    with edge.connected() as slow:
        slow.sendall(head.encode() + b"12345")
        # Others are answered meanwhile; the site has not heard of this one.
        edge.get("/public?meanwhile")
        assert [asked.path for asked in site.asked[before:]] == ["/public?meanwhile"]
        slow.sendall(b"67890")
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
    assert site.asked[-1].body == b"1234567890"


def test_a_site_that_is_away_is_told_in_words_and_no_old_page_is_shown(tmp_path: Path) -> None:
    """The port of a server that has just ended, with a page in the cache that has come to its end."""
    handler = type("HandlerOfThis", (Handler,), {"site": Site(), "protocol_version": "HTTP/1.0"})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as ended:
        thread = threading.Thread(target=ended.serve_forever)
        thread.start()
        nobody: Any = None
        with nginx(Server(ended.server_port, nobody, tmp_path / "site.log"), tmp_path) as alone:
            assert "The ferry left" in alone.get("/in-the-past").text
            ended.shutdown()
            thread.join()
            ended.server_close()
            for request in ({}, {"cookies": {own_cookies()[0]: "1"}}, {"method": "POST", "body": "a=1"}):
                answer = alone.get("/in-the-past", **request)
                assert answer.status == 503
                assert answer.headers["retry-after"] == "10"
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert "Please try again in a minute" in answer.text
