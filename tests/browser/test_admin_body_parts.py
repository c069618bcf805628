"""Footnotes, pull quotes and tables in the editor: made there, and never lost by opening and saving a body."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.bodies import Body
from articles.models import Article
from tests import make
from tests.browser.test_admin_editor import at_end_of, change_path, cookies_of, menu

pytestmark = pytest.mark.django_db(transaction=True)

MARK = '<sup class="note"><a href="#note-{0}">{0}</a></sup>'
RICH = (
    f"<p>Before.{MARK.format(2)} Between.{MARK.format(1)}</p><blockquote class='pull'>Large words.</blockquote>"
    "<blockquote>A quote.</blockquote><table><caption>Hulls</caption><thead><tr><th>Year</th></tr></thead>"
    f"<tbody><tr><td>12{MARK.format(1)}</td></tr></tbody></table><p>Last.</p>"
    '<ol class="notes"><li id="note-1">See <a href="/articles/a/">this</a>.</li>'
    '<li id="note-2"><p>One.</p><p>Two.</p></li></ol>'
)


@pytest.fixture
def open_body(
    editor: Client, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> Callable[[Article], Page]:
    def opened(article: Article) -> Page:
        context = new_context(viewport={"width": 1280, "height": 1400})
        context.add_cookies(cookies_of(editor, live_server))
        page = context.new_page()
        page.goto(live_server.url + change_path(article))
        return page

    return opened


def stored(article: Article) -> str:
    return Body.objects.get(pk=article.pk).html


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")


def test_opening_and_saving_a_body_loses_none_of_them(open_body: Callable[[Article], Page]) -> None:
    article = make.article(body=RICH, status="draft")
    before = stored(article)
    assert before.count("doc-noteref") == 3
    page = open_body(article)
    at_end_of(page, "Last.")
    page.keyboard.type(" And after.")
    save(page)
    assert stored(article) == before.replace("Last.", "Last. And after.")


def test_an_editor_writes_footnotes_and_the_server_puts_them_in_order(open_body: Callable[[Article], Page]) -> None:
    article = make.article(body="<p>First.</p><p>Second.</p>", status="draft")
    page = open_body(article)
    for paragraph, words in (("Second.", "Older note."), ("First.", "Newer note.")):
        at_end_of(page, paragraph)
        menu(page, "Footnote").click()
        page.keyboard.type(words)
    expect(page.locator(".ProseMirror ol.notes li")).to_have_text(["Older note.", "Newer note."])
    save(page)
    html = stored(article)
    assert html.index("Newer note.") < html.index("Older note.")
    assert '<p>First.<sup class="note"><a id="noteref-1" href="#note-1"' in html
    assert '<li id="note-2">Older note. <a href="#noteref-2"' in html


def test_an_emptied_note_goes_with_its_mark(open_body: Callable[[Article], Page]) -> None:
    notes = '<ol class="notes"><li id="note-1">x</li><li id="note-2">Stays.</li></ol>'
    article = make.article(body=f"<p>One{MARK.format(1)}, two{MARK.format(2)}.</p>{notes}", status="draft")
    page = open_body(article)
    at_end_of(page, "x")
    page.keyboard.press("Backspace")
    save(page)
    assert stored(article).startswith('<p>One, two<sup class="note"><a id="noteref-1"')
    assert stored(article).count("<li") == 1


def test_an_editor_makes_a_pull_quote_and_takes_it_back(open_body: Callable[[Article], Page]) -> None:
    article = make.article(body="<p>Large words.</p>", status="draft")
    page = open_body(article)
    at_end_of(page, "Large words.")
    menu(page, "Pull quote").click()
    save(page)
    assert stored(article) == '<blockquote class="pull"><p>Large words.</p>\n</blockquote>'
    at_end_of(page, "Large words.")
    menu(page, "Pull quote").click()
    save(page)
    assert stored(article) == "<p>Large words.</p>"


def test_an_editor_writes_a_table_and_changes_it(open_body: Callable[[Article], Page]) -> None:
    article = make.article(body="<p>Before.</p>", status="draft")
    page = open_body(article)
    at_end_of(page, "Before.")
    menu(page, "Table").click()
    page.get_by_label("Caption").fill("Hulls <by> year")
    page.get_by_label("Rows").fill("Year | Hulls\n1990 | 12 & 3\n\n1991\t13")
    page.locator("dialog").get_by_role("button", name="Update").click()
    expect(page.locator(".ProseMirror table")).to_contain_text("1991")
    save(page)
    html = stored(article)
    assert '<caption id="table-1">Hulls &lt;by&gt; year</caption>' in html
    assert "<td>12 &amp; 3</td>" in html
    assert html.count("<tr>") == 3
    page.locator(".ProseMirror .kept-block").click()
    menu(page, "Table").click()
    expect(page.get_by_label("Rows")).to_have_value("Year | Hulls\n1990 | 12 & 3\n1991 | 13")
    page.get_by_label("Caption").fill("Ships")
    page.locator("dialog").get_by_role("button", name="Update").click()
    expect(page.locator(".ProseMirror caption")).to_have_text("Ships")
    save(page)
    assert stored(article) == html.replace("Hulls &lt;by&gt; year", "Ships")


OPEN, SUBSCRIBERS, END = '<section class="block-open">', '<section class="block-subscribers">', "</section>"
CUT = '<hr class="paywall-cut">'


def select(page: Page, first: str, last: str) -> None:
    """From the beginning of one paragraph to the end of another."""
    at_end_of(page, first)
    page.evaluate(
        """([first, last]) => {
            const { editor } = document.querySelector(".ProseMirror")
            const places = {}
            editor.state.doc.descendants((node, place) => {
                if (node.isTextblock) places[node.textContent] = [place + 1, place + 1 + node.content.size]
            })
            editor.commands.setTextSelection({ from: places[first][0], to: places[last][1] })
        }""",
        [first, last],
    )


def written(page: Page) -> str:
    return page.locator("#id_body").input_value()


def test_an_editor_marks_blocks_changes_the_mark_and_takes_it_away(open_body: Callable[[Article], Page]) -> None:
    article = make.article(body="<p>First.</p><p>Second.</p><p>Third.</p><p>Last.</p>", status="draft")
    page = open_body(article)
    select(page, "Second.", "Third.")
    menu(page, "Mark as open to everybody").click()
    expect(page.get_by_role("group", name="Open to everybody")).to_contain_text("Open to everybody")
    assert written(page) == f"<p>First.</p>{OPEN}<p>Second.</p><p>Third.</p>{END}<p>Last.</p>"
    at_end_of(page, "Third.")
    menu(page, "Mark as for subscribers alone").click()
    expect(page.get_by_role("group", name="For subscribers alone")).to_be_visible()
    assert written(page) == f"<p>First.</p>{SUBSCRIBERS}<p>Second.</p><p>Third.</p>{END}<p>Last.</p>"
    select(page, "Third.", "Last.")
    menu(page, "Mark as for subscribers alone").click()
    assert written(page) == f"<p>First.</p>{SUBSCRIBERS}<p>Second.</p><p>Third.</p><p>Last.</p>{END}"
    save(page)
    assert stored(article).count(SUBSCRIBERS) == 1
    at_end_of(page, "Last.")
    menu(page, "Take the mark away").click()
    expect(page.locator(".ProseMirror .marked-block")).to_have_count(0)
    save(page)
    assert "<section" not in stored(article)


def test_blocks_are_marked_by_keyboard_and_left_by_it(open_body: Callable[[Article], Page]) -> None:
    article = make.article(body="<p>First.</p><ul><li><p>Item.</p></li></ul><p>Last.</p>", status="draft")
    page = open_body(article)
    at_end_of(page, "Item.")
    page.keyboard.press("Control+Alt+s")
    assert written(page).startswith(f"<p>First.</p>{SUBSCRIBERS}<ul>")
    page.keyboard.press("Control+Alt+o")
    assert written(page).startswith(f"<p>First.</p>{OPEN}<ul>")
    page.keyboard.press("Control+Alt+u")
    assert "<section" not in written(page)
    at_end_of(page, "First.")
    page.keyboard.press("Control+Alt+o")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("Outside.")
    assert written(page).startswith(f"{OPEN}<p>First.</p>{END}<p>Outside.</p>")


def test_a_run_across_the_cut_becomes_two_blocks_and_the_cut_steps_over_one(
    open_body: Callable[[Article], Page],
) -> None:
    article = make.article(body=f"<p>First.</p><p>Second.</p>{CUT}<p>Third.</p><p>Last.</p>", status="draft")
    page = open_body(article)
    select(page, "Second.", "Third.")
    menu(page, "Mark as open to everybody").click()
    marked = f"{OPEN}<p>Second.</p>{END}{CUT}{OPEN}<p>Third.</p>{END}"
    assert written(page) == f"<p>First.</p>{marked}<p>Last.</p>"
    page.locator(".ProseMirror .paywall-cut").get_by_role("button", name="Move the cut down").click()
    assert f"<p>Third.</p>{END}{CUT}<p>Last.</p>" in written(page)
    save(page)
    assert stored(article).count(CUT) == 1


def test_opening_and_saving_a_body_keeps_its_blocks(open_body: Callable[[Article], Page]) -> None:
    blocks = f"{OPEN}{RICH.split('<ol')[0]}{END}<p>Between.</p>{SUBSCRIBERS}<p>Secret.{MARK.format(2)}</p>{END}"
    article = make.article(body=f"{blocks}<p>Tail.</p><ol{RICH.split('<ol')[1]}", status="draft")
    before = stored(article)
    page = open_body(article)
    at_end_of(page, "Tail.")
    page.keyboard.type(" And after.")
    save(page)
    assert stored(article) == before.replace("Tail.", "Tail. And after.")


def test_previews_show_each_reader_their_blocks(
    editor: Client, live_server: LiveServer, open_body: Callable[[Article], Page]
) -> None:
    body = f"<p>Start.</p>{CUT}<p>Gated.</p>{OPEN}<p>For all.</p>{END}{SUBSCRIBERS}<p>Secret.</p>{END}<p>End.</p>"
    article = make.article(body=body, status="draft")
    page = open_body(article)
    page.goto(live_server.url + change_path(article).replace("change", "preview/stranger"))
    region = page.get_by_role("region", name="Also open to everybody, from further down")
    expect(region).to_contain_text("For all.")
    expect(page.locator("body")).not_to_contain_text("Secret.")
    page.goto(live_server.url + change_path(article).replace("change", "preview/subscriber"))
    expect(page.get_by_role("group", name="For subscribers")).to_contain_text("Secret.")
    Article.objects.update(tier="free")
    page.goto(live_server.url + change_path(article).replace("change", "preview/stranger"))
    expect(page.get_by_role("group", name="For subscribers")).to_contain_text("This part is for subscribers.")
