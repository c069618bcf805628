"""What strangers get, from the site itself and through nginx."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests import make
from tests.edge import needs_nginx
from tests.nginx.conftest import Served
from tests.paywall import surfaces
from tests.servers import HOST, Answer

pytestmark = [needs_nginx, pytest.mark.django_db(transaction=True)]

# What stands there is about who asks: a form of their own, the network that they are in.
PERSONAL = {"account_login", "paywall:institution-access"}
EVIL = "evil.example"
POISON = (
    {"X-Forwarded-Host": EVIL},
    {"X-Forwarded-Host": f"{HOST}.{EVIL}", "X-Host": EVIL, "X-Forwarded-Server": EVIL},
    {"X-Forwarded-Proto": "http"},
    {"X-Forwarded-Scheme": "http", "X-Forwarded-Port": "1234", "X-Forwarded-Ssl": "off"},
    {"X-Original-URL": "/admin/", "X-Rewrite-URL": "/admin/"},
    {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "POST"},
    {"Forwarded": f"for=1.2.3.4;host={EVIL};proto=http"},
    {"Accept-Language": "de-DE,de;q=0.9"},
    {"User-Agent": f"Googlebot/2.1 {EVIL}"},
    {"Accept": "application/json"},
    {"Referer": f"https://{EVIL}/"},
    {"Origin": f"https://{EVIL}"},
    {"Cookie": f"_ga={EVIL}; lang=de"},
    {"Range": "bytes=0-9"},
    {"Sec-Purpose": "prefetch", "Sec-Fetch-Dest": "empty"},
    {"X-Forwarded-For": EVIL, "X-Real-IP": EVIL},
    {"If-None-Match": "*"},
    {"Sec-CH-Prefers-Color-Scheme": "dark", "Save-Data": "on", "DNT": "1"},
)


def public_addresses() -> list[str]:
    article = make.article(authors=[make.author()], section=make.section(), topics=[make.topic()], series=make.series())
    fixed = [reverse(name) for name in surfaces.FIXED if name not in PERSONAL]
    return [article.get_absolute_url(), *fixed, *surfaces.list_pages(), *surfaces.searches(["ferry"])]


@pytest.mark.attack("C02")
def test_no_public_answer_sets_a_cookie(served: Served) -> None:
    for path in public_addresses():
        for door, server in served.doors.items():
            for method in ("GET", "HEAD", "GET"):
                answer = server.get(path, method=method)
                assert answer.status == 200, (door, path)
                assert "set-cookie" not in answer.headers, (door, method, path)
                assert answer.headers["cache-control"].startswith("public, max-age=0, s-maxage="), (door, path)


def same(answer: Answer) -> tuple[object, ...]:
    named = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id", "x-cache")}
    for passing in ("x-accel-expires", "cache-control"):
        named.pop(passing, None)
    return answer.status, answer.body, named


@pytest.mark.attack("C04")
@pytest.mark.parametrize("door", ["granian", "nginx"])
def test_no_header_of_one_stranger_changes_what_the_next_one_gets(door: str, served: Served) -> None:
    server, article = served.doors[door], make.article()
    clean = server.get(article.get_absolute_url())
    for number, headers in enumerate(POISON):
        path = f"{article.get_absolute_url()}?{number}"
        poisoned = server.get(path, headers=headers)
        assert EVIL not in poisoned.text, headers
        assert EVIL not in str(poisoned.headers), headers
        assert same(server.get(path)) == same(clean), headers


@pytest.mark.attack("C05")
def test_another_host_gets_no_page_and_stands_on_none(served: Served) -> None:
    path = make.article().get_absolute_url()
    for server, refused in ((served.granian, 400), (served.edge, 421)):
        for host in (EVIL, f"{HOST}.{EVIL}", f"{EVIL}:443"):
            answer = server.get(f"{path}?{host}", headers={"Host": host})
            assert answer.status == refused, host
            assert EVIL not in answer.text, host
    for address in (f"https://{EVIL}{path}", f"http://{EVIL}{path}"):
        assert served.edge.get(address).status == 421, address
    for own in (f"https://{HOST}:1234{path}", f"https://{HOST.upper()}{path}"):
        assert f"https://{HOST}{path}" in served.edge.get(own).text
        assert ":1234" not in served.edge.get(own).text


@pytest.mark.attack("C05")
def test_feeds_and_sitemaps_name_the_site_and_nobody_else(served: Served) -> None:
    make.article()
    for name in (*surfaces.FEEDS, *surfaces.SITEMAPS, "robots"):
        for server in served.doors.values():
            text = server.get(reverse(name), headers={"X-Forwarded-Host": EVIL, "Forwarded": f"host={EVIL}"}).text
            assert f"https://{HOST}" in text, name
            assert EVIL not in text, name


def test_a_kept_page_is_found_again_by_its_tag_compressed_or_not(served: Served) -> None:
    path = make.article().get_absolute_url()
    for encoding in ("identity", "gzip"):
        for server in served.doors.values():
            page = server.get(path, headers={"Accept-Encoding": encoding})
            again = server.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": page.headers["etag"]})
            assert (again.status, again.body) == (304, b"")


def test_static_files_come_from_nginx_under_names_that_never_change_what_they_hold(served: Served) -> None:
    page = served.edge.get("/").text
    path = next(part for part in page.split('"') if part.startswith("/static/css/") and part.endswith(".css"))
    packed = served.edge.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.status == 200
    assert packed.headers["content-type"].startswith("text/css")
    assert packed.headers["content-encoding"] == "gzip"
    assert "immutable" in packed.headers["cache-control"]
