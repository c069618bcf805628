"""An editor at work in a real browser: writing, moving the paywall cut, publishing. No page may break our policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.bodies import Body
from articles.models import Article
from subscriptions.models import Lead, Plan
from tests import make
from tests.articles.admin_forms import article_fields

pytestmark = pytest.mark.django_db(transaction=True)

CUT = '<hr class="paywall-cut">'
BODY = f"<h2>Arrival</h2>\n<p>First paragraph.</p>\n{CUT}\n<p>Second paragraph.</p>\n<p>Last paragraph.</p>"
IMPORTED = (
    "<p>Before.</p>\n<table><caption>Hulls</caption>\n<tbody><tr><th>Year</th>\n<td>12</td>\n</tr>\n</tbody>\n</table>\n"
    '<hr>\n<pre>a  b\n  c</pre>\n<h4>Small</h4>\n<ol start="3"><li>third</li>\n</ol>\n<p>H<sub>2</sub>O</p>'
)

type OpenPage = Callable[[Client, str], Page]


def cookies_of(client: Client, server: LiveServer) -> Any:
    return [{"name": name, "value": cookie.value, "url": server.url} for name, cookie in client.cookies.items()]


@pytest.fixture
def open_page(live_server: LiveServer, new_context: Callable[..., BrowserContext]) -> OpenPage:
    """Opens an address of the site as the actor who is logged in with a client."""

    def opened(client: Client, path: str) -> Page:
        context = new_context(viewport={"width": 1280, "height": 1200})
        context.add_cookies(cookies_of(client, live_server))
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    return opened


def change_path(article: Article) -> str:
    return f"/admin/articles/article/{article.pk}/change/"


def written(page: Page) -> str:
    return page.locator("#id_body").input_value()


def text_area(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Body")


def menu(page: Page, label: str) -> Locator:
    return page.locator(".prose-menubar").get_by_role("button", name=label, exact=True)


def at_end_of(page: Page, paragraph: str) -> None:
    """Put the cursor there, and wait until the editor has noticed: it hears of selections after the browser."""
    page.locator(".ProseMirror p", has_text=paragraph).click()
    page.keyboard.press("End")
    page.wait_for_function(
        """words => {
            const { $head, empty } = document.querySelector(".ProseMirror").editor.state.selection
            return empty && $head.parent.textContent.includes(words) && $head.parentOffset === $head.parent.content.size
        }""",
        arg=paragraph,
    )


def test_an_editor_writes_and_publishes_a_story(editor: Client, live_server: LiveServer, open_page: OpenPage) -> None:
    make.section("Security")
    page = open_page(editor, "/admin/articles/article/add/")
    page.get_by_label("Headline").fill("The lamps of the harbour")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Slug")).to_have_value("the-lamps-of-the-harbour")
    text_area(page).click()
    page.keyboard.type("Free to all.")
    page.keyboard.press("Enter")
    page.keyboard.type("Only for those who pay.")
    at_end_of(page, "Free to all.")
    menu(page, "Put the paywall cut here").click()
    page.get_by_label("Section").select_option(label="Security")
    page.get_by_role("button", name="Publish now").click()
    expect(page.locator(".messagelist")).to_contain_text("is now: published")
    article = Article.objects.get(slug="the-lamps-of-the-harbour")
    assert Body.objects.get(pk=article.pk).html == f"<p>Free to all.</p>\n{CUT}\n<p>Only for those who pay.</p>"
    page.goto(live_server.url + change_path(article).replace("change", "preview/stranger"))
    expect(page.locator(".teaser")).to_contain_text("Free to all.")
    expect(page.locator("body")).not_to_contain_text("Only for those who pay.")


def test_the_cut_moves_by_button_by_drag_and_by_cut_and_paste(editor: Client, open_page: OpenPage) -> None:
    page = open_page(editor, change_path(make.article(body=BODY, status="draft")))
    cut = page.locator(".ProseMirror .paywall-cut")
    expect(cut).to_contain_text("Paywall: what stands above is free to read")
    cut.get_by_role("button", name="Move the cut up").click()
    assert written(page).startswith(f"<h2>Arrival</h2>{CUT}<p>First")
    cut.get_by_role("button", name="Move the cut down").click()
    assert f"<p>First paragraph.</p>{CUT}<p>Second" in written(page)
    at_end_of(page, "Last paragraph.")
    menu(page, "Put the paywall cut here").click()
    assert written(page).endswith(f"<p>Last paragraph.</p>{CUT}")
    cut.locator("span").drag_to(page.locator(".ProseMirror h2"), target_position={"x": 2, "y": 5})
    assert written(page).startswith(f"{CUT}<h2>Arrival</h2>")
    cut.locator("span").click()
    page.keyboard.press("Control+x")
    assert CUT not in written(page)
    at_end_of(page, "Second paragraph.")
    page.keyboard.press("Control+v")
    assert f"<p>Second paragraph.</p>{CUT}<p>Last" in written(page)
    menu(page, "Remove the paywall cut").click()
    assert CUT not in written(page)
    expect(menu(page, "Remove the paywall cut")).to_be_hidden()


def test_there_is_never_a_second_cut(editor: Client, open_page: OpenPage) -> None:
    page = open_page(editor, change_path(make.article(body=BODY, status="draft")))
    page.locator(".ProseMirror h2").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    at_end_of(page, "Last paragraph.")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+v")
    assert written(page).count("<h2>Arrival</h2>") == 2
    assert written(page).count(CUT) == 1


def test_the_buttons_write_what_the_server_keeps(editor: Client, open_page: OpenPage) -> None:
    article = make.article(body="<p>Plain words</p><p>One item</p><p>A quote</p><p>A title</p>", status="draft")
    page = open_page(editor, change_path(article))
    page.locator(".ProseMirror p", has_text="Plain words").click(click_count=3)
    menu(page, "bold").click()
    menu(page, "italic").click()
    menu(page, "insert link").click()
    page.get_by_label("Address").fill("example.org/tides")
    page.keyboard.press("Enter")
    for paragraph, button in (("One item", "unordered list"), ("A quote", "blockquote"), ("A title", "heading 3")):
        at_end_of(page, paragraph)
        menu(page, button).click()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")
    link = '<a href="https://example.org/tides" rel="noopener"><strong><em>Plain words</em></strong></a>'
    assert Body.objects.get(pk=article.pk).html.replace("\n", "") == (
        f"<p>{link}</p><ul><li><p>One item</p></li></ul><blockquote><p>A quote</p></blockquote><h3>A title</h3>"
    )


def test_an_imported_story_keeps_what_has_no_button(editor: Client, open_page: OpenPage) -> None:
    article = make.article(body=IMPORTED, status="draft")
    before = Body.objects.get(pk=article.pk).html
    page = open_page(editor, change_path(article))
    at_end_of(page, "Before.")
    page.keyboard.type(" And after.")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")
    after = Body.objects.get(pk=article.pk).html
    assert after.replace("<li><p>third</p>\n</li>", "<li>third</li>") == before.replace("Before.", "Before. And after.")


def test_pasted_text_keeps_bold_and_italic_and_brings_nothing_else(editor: Client, open_page: OpenPage) -> None:
    page = open_page(editor, change_path(make.article(body="<p>Here:</p>", status="draft")))
    at_end_of(page, "Here:")
    page.evaluate(
        """() => {
            const data = new DataTransfer()
            data.setData("text/html", `<b style="font-weight:normal"><p style="margin:0">
                <span style="font-weight:700">Bold</span>
                <span style="font-style: italic">slanted</span> plain</p></b><style>p { color: red }</style>`)
            const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
            document.querySelector(".ProseMirror").dispatchEvent(paste)
        }"""
    )
    assert written(page) == "<p>Here:<strong>Bold</strong> <em>slanted</em> plain</p>"


def test_without_javascript_the_body_is_a_field_of_html(
    editor: Client, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    article = make.article(body=BODY, status="draft")
    context = new_context(java_script_enabled=False)
    context.add_cookies(cookies_of(editor, live_server))
    page = context.new_page()
    page.goto(live_server.url + change_path(article))
    page.locator("#id_body").fill("<p>Typed by hand.</p>")
    page.get_by_role("button", name="Save", exact=True).click()
    assert Body.objects.get(pk=article.pk).html == "<p>Typed by hand.</p>"


def test_what_is_planted_in_a_story_runs_for_no_colleague(
    editor: Client, live_server: LiveServer, open_page: OpenPage
) -> None:
    planted = (
        "<script>window.__xss = 1</script><img src=x onerror='window.__xss = 1'><a href='javascript:window.__xss=1'>"
    )
    fields = article_fields(
        headline=planted, standfirst=planted, body=f"<p>Text. {planted}More.</a></p>", slug="planted"
    )
    assert editor.post("/admin/articles/article/add/", fields).status_code == 302
    article = Article.objects.get(slug="planted")
    stored = Body.objects.get(pk=article.pk).html
    assert not any(word in stored for word in ("script", "onerror", "<img"))
    article.photo = make.photo(alt=planted, caption=planted, credit=planted)
    article.save()
    page = open_page(editor, "/admin/")
    for path in ("/admin/articles/article/", change_path(article), "/admin/articles/photo/", "/admin/"):
        page.goto(live_server.url + path, wait_until="networkidle")
        assert page.evaluate("window.__xss === undefined")
        assert page.locator("img[src=x]").count() == 0


def test_no_admin_page_breaks_the_policy(superuser: Client, live_server: LiveServer, open_page: OpenPage) -> None:
    draft = make.article(status="draft")
    article = make.article(section=make.section(), topics=[make.topic()], authors=[make.author()], photo=make.photo())
    grant, plan = make.grant(make.user()), Plan.objects.first()
    assert plan
    Lead.objects.create(email="lead@example.org", plan=plan, consent_wording="Yes", consent_version="1")
    page = open_page(superuser, "/admin/")
    lists = page.locator("#content-main tr th a").evaluate_all("links => links.map(link => link.pathname)")
    assert len(lists) > 15
    story, money = f"/admin/articles/article/{article.pk}", "/admin/subscriptions"
    views = ("change", "history", "withdraw", "preview/stranger", "preview/subscriber")
    paths = [f"/admin/articles/article/{draft.pk}/delete/", *(f"{story}/{view}/" for view in views)]
    paths += [f"/admin/articles/photo/{article.photo_id}/change/", f"/admin/accounts/user/{grant.user_id}/change/"]
    paths += [f"{money}/grant/{grant.pk}/change/", f"{money}/plan/{plan.pk}/change/"]
    paths += [f"/admin/{model}/add/" for model in ("articles/article", "articles/photo", "accounts/user", "auth/group")]
    for path in [*lists, *paths]:
        response = page.goto(live_server.url + path)
        assert response
        assert response.ok, path


def test_choosing_by_search_and_adding_in_a_popup_work_under_the_policy(editor: Client, open_page: OpenPage) -> None:
    make.topic("Ports")
    article = make.article(status="draft")
    page = open_page(editor, change_path(article))
    page.locator(".field-topics .select2-selection").click()
    page.keyboard.type("Por")
    page.get_by_role("option", name="Ports").click()
    with page.expect_popup() as opened:
        page.locator("#add_id_section").click()
    popup = opened.value
    popup.get_by_label("Name").fill("Weather")
    popup.get_by_role("button", name="Save").click()
    expect(page.locator("#id_section option:checked")).to_have_text("Weather")
    page.locator("#bylines-group .add-row a").click()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")
    assert [topic.name for topic in article.topics.all()] == ["Ports"]
    assert Article.objects.get(pk=article.pk).section.name == "Weather"
