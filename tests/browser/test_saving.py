"""Saving an article for later in a browser: in place where there is a script, by a page where there is none."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article, SavedArticle
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def logged_in(context: BrowserContext, live_server: LiveServer) -> Page:
    session = make.logged_in(make.user("reader@example.org")).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return context.new_page()


@pytest.fixture
def article() -> Article:
    return make.article(headline="The lamps")


def test_the_button_saves_and_takes_back_by_keyboard_without_leaving_the_page(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], article: Article
) -> None:
    page = logged_in(new_context(), live_server)
    page.goto(live_server.url + article.get_absolute_url())
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Saved", pressed=True)).to_be_focused()
    expect(page.get_by_text("Saved for later. Press again to take it off your list.")).to_have_attribute(
        "role", "status"
    )
    assert SavedArticle.objects.get().article == article
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Save", exact=True, pressed=False)).to_be_focused()
    assert not SavedArticle.objects.exists()
    assert page.url == live_server.url + article.get_absolute_url()


def test_a_stranger_is_led_to_the_login_and_back(
    live_server: LiveServer, page: Page, article: Article, code_for: Callable[[str], str]
) -> None:
    page.goto(live_server.url + article.get_absolute_url())
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/account/login/**")
    page.get_by_label("E-mail").fill("new@example.org")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/code/confirm/**")
    page.get_by_label("Code").fill(code_for("new@example.org"))
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Save for later").click()
    expect(page.get_by_text("You find it on your account page")).to_be_visible()
    assert SavedArticle.objects.get().user.email == "new@example.org"


def test_without_a_script_the_article_comes_back_with_a_message(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], article: Article
) -> None:
    page = logged_in(new_context(java_script_enabled=False), live_server)
    page.goto(live_server.url + article.get_absolute_url())
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved for later. You find it on your account page")).to_be_visible()
    assert SavedArticle.objects.count() == 1
    page.goto(f"{live_server.url}/account/saved/")
    page.get_by_role("button", name=re.compile(r"Remove\s*: The lamps")).click()
    expect(page.get_by_text("You have saved nothing yet.")).to_be_visible()


def test_where_the_script_gets_no_answer_the_page_does_what_was_pressed(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], article: Article
) -> None:
    page = logged_in(new_context(), live_server)
    page.goto(live_server.url + article.get_absolute_url())
    page.get_by_role("button", name="Save", exact=True).click()
    saved = page.get_by_role("button", name="Saved", pressed=True)
    expect(saved).to_be_visible()
    page.route("**/account/saved/", refuse_scripts)
    saved.click()
    expect(page.get_by_text("Removed from your saved articles.")).to_be_visible()
    assert not SavedArticle.objects.exists()


def refuse_scripts(route: Route) -> None:
    if route.request.headers.get("accept") == "application/json":
        route.fulfill(status=429)
    else:
        route.continue_()


def test_a_refusal_is_shown_in_words(
    live_server: LiveServer,
    new_context: Callable[..., BrowserContext],
    article: Article,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("articles.saved.MOST", 0)
    page = logged_in(new_context(), live_server)
    page.goto(live_server.url + article.get_absolute_url())
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("we keep no more for one reader")).to_be_visible()
    assert page.url == f"{live_server.url}/account/saved/"
