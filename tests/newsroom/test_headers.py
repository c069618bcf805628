"""Every answer carries the whole set of headers, whoever made it and whoever asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from newsroom import checks
from tests import make

pytestmark = pytest.mark.django_db

ACTORS = ["stranger", "registered", "subscriber", "lapsed", "editor", "superuser"]
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FEEDS = ["/feeds/latest.xml", "/feeds/latest.atom", "/feeds/latest.json", "/sections/security/feed.xml"]
# Address and the statuses that one or the other reader may get.
ADDRESSES = [
    ("/", {200}),
    ("/articles/story/", {200}),
    ("/articles/gone/", {410}),
    ("/articles/nothing/", {404}),
    ("/search/?q=harbour", {200}),
    ("/subscribe/", {200}),
    ("/subscribe/start/", {405}),
    ("/account/", {200, 302}),
    ("/account/login/", {200, 302}),
    ("/account/sessions/", {200, 302}),
    ("/admin/", {200, 302}),
    ("/admin/articles/article/add/", {200, 302, 403}),
    ("/articles/story", {301}),
    ("/%00", {400}),
    ("/sitemap.xml", {200}),
    ("/robots.txt", {200}),
    ("/.well-known/security.txt", {200}),
    ("/healthz", {200}),
    ("/favicon.ico", {302}),
    ("/static/css/base.css", {200}),
    ("/static/nothing.css", {404}),
    ("/media/nothing.webp", {404}),
    *((feed, {200}) for feed in FEEDS),
]


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Client:
    client: Client = request.getfixturevalue(request.param)
    client.raise_request_exception = False
    return client


@pytest.fixture
def library() -> None:
    make.article(slug="story", section=make.section())
    make.article(slug="gone", status="withdrawn")


def read_to_end(response: HttpResponse) -> None:
    """As a server does, which closes the file that an answer was made of."""
    if response.streaming:
        list(response)


def lacking(response: HttpResponse) -> dict[str, str | None]:
    """The headers that are missing or not what they should be, with what stands there instead."""
    wrong = {name: response.headers.get(name) for name, value in ALWAYS.items() if response.headers.get(name) != value}
    policy = response.headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy:
        wrong["Content-Security-Policy"] = policy
    permissions = response.headers.get("Permissions-Policy", "")
    if "camera=()" not in permissions or "publickey-credentials-get=(self)" not in permissions:
        wrong["Permissions-Policy"] = permissions
    if response.headers.get("Cross-Origin-Resource-Policy") not in ("same-origin", "cross-origin"):
        wrong["Cross-Origin-Resource-Policy"] = response.headers.get("Cross-Origin-Resource-Policy")
    return wrong


@pytest.mark.attack("S03")
@pytest.mark.attack("S04")
@pytest.mark.parametrize("client", ACTORS, indirect=True)
def test_every_answer_carries_the_whole_set(client: Client, library: None) -> None:
    for address, statuses in ADDRESSES:
        for method in ("get", "head"):
            response = getattr(client, method)(address)
            assert response.status_code in statuses, (address, response.status_code)
            assert lacking(response) == {}, address
            read_to_end(response)


@pytest.mark.attack("S04")
def test_refusals_and_faults_carry_it_too(
    stranger: Client, library: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    stranger.raise_request_exception = False
    answers = {
        400: stranger.get("/", headers={"Host": "evil.example"}),
        403: Client(enforce_csrf_checks=True).post("/account/login/", {"login": "reader@example.org"}),
        405: stranger.put("/account/login/"),
        413: stranger.post("/account/login/", {"login": "x" * 1_100_000}),
    }
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"search": "1/h/ip"}
    stranger.get("/search/?q=one")
    answers[429] = stranger.get("/search/?q=two")
    monkeypatch.setattr("articles.views.front_page", lambda now: 1 / 0)
    answers[500] = stranger.get("/?fault")
    for status, response in answers.items():
        assert response.status_code == status
        assert lacking(response) == {}, status


@pytest.mark.attack("S04")
def test_on_https_even_the_first_answers_carry_it(settings: Any, stranger: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    redirect = stranger.get("/")
    assert redirect.status_code == 301
    assert redirect["Location"].startswith("https://")
    assert lacking(redirect) == {}
    unknown_host = stranger.get("/", headers={"Host": "evil.example"})
    assert unknown_host.status_code == 400
    assert lacking(unknown_host) == {}
    secured = stranger.get("/", secure=True)
    assert secured["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("address", ["/", "/articles/story/", "/account/login/", "/feeds/latest.xml", "/static/no.css"])
def test_pages_are_nobodys_resource(address: str, library: None, stranger: Client) -> None:
    assert stranger.get(address)["Cross-Origin-Resource-Policy"] == "same-origin"


def test_what_feeds_and_previews_show_may_be_shown_elsewhere(stranger: Client) -> None:
    photo = make.photo()
    for address in ("/static/img/share.png", "/favicon.ico", photo.image.url):
        response = stranger.get(address)
        read_to_end(response)
        assert response.status_code in (200, 302)
        assert response["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.attack("S04")
def test_the_policy_has_no_hole_that_an_evaluator_names(stranger: Client) -> None:
    policy = stranger.get("/account/login/")["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"  # and with it objects, frames, workers and media
    assert not {"object-src", "frame-src", "child-src", "worker-src", "media-src"} & set(directives)
    assert {"base-uri", "frame-ancestors", "form-action"} <= set(directives)  # which default-src does not cover
    assert directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    del directives["form-action"]  # names the payment page, which in local mode is the stand-in's
    assert not any(word in f"{directives}" for word in ("unsafe", "*", "http:", "https:", "report", "strict-dynamic"))


@pytest.mark.attack("S04")
def test_on_https_nothing_is_asked_for_without_it(settings: Any, stranger: Client) -> None:
    assert "upgrade-insecure-requests" not in stranger.get("/")["Content-Security-Policy"]
    settings.SECURE_CSP = settings.SECURE_CSP | {"upgrade-insecure-requests": True}
    assert stranger.get("/?again")["Content-Security-Policy"].endswith("; upgrade-insecure-requests")


@pytest.mark.attack("S04")
def test_cookies_are_flagged(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    make.user("owner@example.org", password="a long password indeed")
    client = Client()
    form = {"login": "owner@example.org", "password": "a long password indeed"}
    client.get("/account/login/", secure=True)
    client.post("/account/login/", form, secure=True)
    assert {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME} <= set(client.cookies)
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        assert client.cookies[name]["samesite"] == "Lax"
        assert client.cookies[name]["secure"]
    assert client.cookies[settings.SESSION_COOKIE_NAME]["httponly"]


@pytest.mark.attack("S03")
@pytest.mark.parametrize("address", ["/account/login/", "/subscribe/", "/articles/story/", "/admin/"])
def test_no_page_can_be_framed(address: str, library: None, superuser: Client) -> None:
    response = superuser.get(address, follow=True)
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("quay.webp", "image/webp"), ("quay.jpg", "image/jpeg"), ("quay.png", "image/png")],
)
def test_a_picture_is_handed_out_as_what_it_is(name: str, content_type: str, settings: Any, stranger: Client) -> None:
    put(settings, name)
    response = stranger.get(f"/media/{name}")
    read_to_end(response)
    assert response["Content-Type"] == content_type
    assert "Content-Disposition" not in response or response["Content-Disposition"].startswith("inline")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "script.js", "feed.xml", "paper.pdf", "nameless"])
def test_whatever_else_lies_in_the_folder_is_only_saved(name: str, settings: Any, stranger: Client) -> None:
    put(settings, name)
    response = stranger.get(f"/media/{name}")
    read_to_end(response)
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == "attachment"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["", "photos/", "photos", "../secret", "photos/../../secret", "..%2fsecret", "%2e%2e/secret", "etc/passwd"]
)
def test_no_folder_is_listed_and_no_path_leads_out(path: str, settings: Any, stranger: Client) -> None:
    put(settings, "photos/quay.png")
    (Path(settings.MEDIA_ROOT).parent / "secret").write_text("secret")
    response = stranger.get(f"/media/{path}")
    assert response.status_code == 404
    assert b"quay.png" not in response.content


def put(settings: Any, name: str) -> None:
    path = Path(settings.MEDIA_ROOT) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"<script>alert(1)</script>")


@pytest.mark.parametrize(("proxies", "https", "warns"), [(0, True, True), (1, True, False), (0, False, False)])
def test_https_without_a_trusted_proxy_is_warned_of(proxies: int, https: bool, warns: bool, settings: Any) -> None:
    settings.TRUSTED_PROXIES, settings.IS_HTTPS = proxies, https
    assert [message.id for message in checks.proxies_are_counted()] == (["newsroom.W001"] if warns else [])
