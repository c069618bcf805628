"""The tools of an article and the place where reading goes on, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = "".join(f"<tr>{f'<td>Quarantine-vessel-{n}</td>' * 9}</tr>" for n in range(3))
NOTED = (
    '<p>One.<sup class="note"><a href="#note-1">1</a></sup></p>'
    + make.paragraphs("The clerks wrote", 30)
    + f"<table><caption>Vessels</caption>{ROWS}</table>"
    + '<ol class="notes"><li id="note-1">A source.</li></ol>'
)


@pytest.fixture
def story() -> Article:
    return make.article(tier="free", body=NOTED, authors=[make.author()], section=make.section())


def text_size(page: Page) -> str:
    return page.locator(".body p").first.evaluate("element => getComputedStyle(element).fontSize")


def tool(page: Page, name: str) -> Locator:
    return page.locator(".tools summary", has_text=name)


def test_the_size_of_text_is_chosen_and_kept_before_anything_is_painted(
    live_server: LiveServer, page: Page, story: Article
) -> None:
    page.goto(live_server.url + story.get_absolute_url())
    usual = text_size(page)
    tool(page, "Text size").click()
    page.get_by_role("button", name="Larger").click()
    larger = text_size(page)
    assert float(larger.removesuffix("px")) > float(usual.removesuffix("px"))
    expect(page.get_by_role("button", name="Larger")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Usual")).to_have_attribute("aria-pressed", "false")
    without = {"body": "", "content_type": "text/javascript"}  # what paints the page needs not wait for this script
    page.route("**/article*.js", lambda route: route.fulfill(**without))
    page.context.add_init_script(
        """addEventListener("DOMContentLoaded", () => { window.early = document.documentElement.dataset.textSize })"""
    )
    page.reload()
    assert page.evaluate("window.early") == "larger"
    assert text_size(page) == larger
    page.evaluate("localStorage.clear()")


def test_the_tools_open_one_at_a_time_and_close_by_keyboard(
    live_server: LiveServer, page: Page, story: Article
) -> None:
    page.goto(live_server.url + story.get_absolute_url())
    tool(page, "Share").click()
    address = page.get_by_label("The address of this article")
    expect(address).to_be_visible()
    expect(address).to_have_value(f"http://localhost:8000{story.get_absolute_url()}")
    tool(page, "Cite").click()
    expect(address).to_be_hidden()
    expect(page.locator("#cite-bibtex")).to_contain_text("@article{marchetti")
    page.keyboard.press("Escape")
    expect(page.locator("#cite-bibtex")).to_be_hidden()
    expect(tool(page, "Cite")).to_be_focused()
    tool(page, "Cite").click()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#cite-bibtex")).to_be_hidden()
    expect(tool(page, "Cite")).to_be_focused()
    tool(page, "Share").click()
    page.locator("h1").click()
    expect(address).to_be_hidden()


def test_a_citation_is_copied(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], story: Article
) -> None:
    context = new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(live_server.url + story.get_absolute_url())
    tool(page, "Cite").click()
    button = page.get_by_role("button", name="Copy: BibTeX")
    button.click()
    expect(button).to_have_text("Copied")
    expect(page.locator("[data-told]")).to_have_text("Copied")


@pytest.mark.parametrize("width", [360, 1280])
def test_without_scripts_share_and_cite_open_and_the_size_of_text_is_not_offered(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], story: Article, width: int
) -> None:
    page = new_context(java_script_enabled=False, viewport={"width": width, "height": 800}).new_page()
    page.goto(live_server.url + story.get_absolute_url())
    tool(page, "Share").click()
    expect(page.get_by_role("link", name="By mail")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    expect(tool(page, "Text size")).to_be_hidden()


def test_reading_goes_on_where_the_teaser_stopped_with_a_mark_and_the_focus_there(
    live_server: LiveServer, page: Page, story: Article
) -> None:
    page.goto(f"{live_server.url}{story.get_absolute_url()}#continue")
    place = page.locator("#continue")
    expect(place).to_be_focused()
    expect(place).to_be_in_viewport()
    assert 0 < place.bounding_box()["y"] < 450
    marked = "element => getComputedStyle(element, '::before').backgroundColor"
    assert place.evaluate(marked) != "rgba(0, 0, 0, 0)"
    page.keyboard.press("Tab")  # and on from there, not from the top
    assert page.evaluate("document.activeElement.closest('.table, .notes, .article__foot') !== null")


def test_a_footnote_leads_there_and_back(live_server: LiveServer, page: Page, story: Article) -> None:
    page.goto(live_server.url + story.get_absolute_url())
    page.locator("#noteref-1").click()
    expect(page.locator("#note-1")).to_be_in_viewport()
    page.locator("#note-1 [role=doc-backlink]").click()
    expect(page.locator("#noteref-1")).to_be_in_viewport()


def test_a_wide_table_scrolls_by_itself_by_keyboard(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], story: Article
) -> None:
    page = new_context(viewport={"width": 360, "height": 740}).new_page()
    page.goto(live_server.url + story.get_absolute_url())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    region = page.get_by_role("region", name="Vessels")
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.body .table').scrollLeft > 0")
