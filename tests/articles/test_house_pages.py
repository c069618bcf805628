"""The pages of the house: five come with the site, editors write them, and none can take another page's place."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import resolve

from articles.caching import own_cookies
from articles.models import CachePurge, Page
from articles.models.page import HOUSE_SLUGS, clean_page
from articles.page_store import PageStore
from tests import make

pytestmark = pytest.mark.django_db

CHANGE = "/admin/articles/page/{}/change/"


@pytest.fixture
def publisher() -> Client:
    user = make.user("publisher@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name="publishers"))
    return make.logged_in(user)


def foot_of(client: Client, path: str = "/archive/") -> str:
    return client.get(path).content.decode().split('<footer class="footer">')[1]


def without_blanks(html: str) -> str:
    return re.sub(r">\s+<", "><", html).replace(' rel="noopener"', "").strip()


def form_of(page: Page, **changed: Any) -> dict[str, Any]:
    fields = ("title", "standfirst", "html", "position")
    form = {name: getattr(page, name) for name in fields}
    ticks = {name: "on" for name in ("is_published", "is_in_footer", "is_as_delivered") if getattr(page, name)}
    return {name: value for name, value in (form | ticks | changed).items() if value is not None}


def page_of(slug: str) -> Page:
    return Page.objects.get(slug=slug)


@pytest.mark.parametrize("slug", HOUSE_SLUGS)
def test_each_page_of_the_house_is_there_from_the_first_day(slug: str, stranger: Client) -> None:
    response = stranger.get(f"/{slug}/")
    text = response.content.decode()
    assert response.status_code == 200
    assert f'<link rel="canonical" href="http://localhost:8000/{slug}/">' in text
    assert '<meta name="description" content="' in text
    assert "public" in response["Cache-Control"]
    assert {f"page-{page_of(slug).pk}", "pages"} <= set(response["Surrogate-Key"].split())
    assert f'href="/{slug}/"' in foot_of(stranger)


@pytest.mark.parametrize("slug", HOUSE_SLUGS)
def test_no_delivered_page_shows_a_gap_to_be_filled(slug: str, stranger: Client) -> None:
    text = stranger.get(f"/{slug}/").content.decode().split('<div class="house__text"')[1].split("</article>")[0]
    assert not re.search(r"[{}\[\]]|TODO|example\.(?:org|com)", text)
    delivered = page_of(slug).html
    assert without_blanks(clean_page(delivered)) == without_blanks(delivered)


@pytest.mark.parametrize("slug", HOUSE_SLUGS)
def test_every_link_of_a_delivered_page_leads_somewhere(slug: str) -> None:
    links = re.findall(r'href="(/[^"]*)"', page_of(slug).html)
    assert all(resolve(link) for link in links)
    elsewhere = re.findall(r'href="(https?://[^"]*)"', page_of(slug).html)
    assert all(link.startswith(("https://stripe.com/", "https://www.w3.org/")) for link in elsewhere)


def test_the_privacy_page_names_the_cookies_that_the_site_sets(settings: Any, stranger: Client) -> None:
    text = stranger.get("/privacy/").content.decode()
    named = set(re.findall(r"<code>(\w+)</code>", text))
    assert named == {settings.CSRF_COOKIE_NAME, "device", *own_cookies()}
    assert {settings.SESSION_COOKIE_NAME, settings.PASS_COOKIE_NAME, "gift", "meter", "institution"} <= named
    assert not stranger.cookies


def test_a_page_that_somebody_has_made_their_own_keeps_its_words() -> None:
    migration = import_module("articles.migrations.0028_fill_privacy_page")
    delivered = page_of("privacy").html
    migration.take_back(apps, None)
    assert "institution" not in page_of("privacy").html
    migration.fill(apps, None)
    assert page_of("privacy").html == delivered
    migration.take_back(apps, None)
    ours = page_of("privacy").html + "<p>Ours.</p>"
    Page.objects.filter(slug="privacy").update(html=ours)
    migration.fill(apps, None)
    assert page_of("privacy").html == ours


def test_a_word_in_braces_is_filled_in_and_a_sentence_with_an_unknown_one_left_out(
    settings: Any, stranger: Client
) -> None:
    Page.objects.filter(slug="contact").update(
        html="<p>{site_name} {odd}</p><p>Write to {mail}.</p><ul><li>A {security}</li><li>B</li></ul>"
    )
    settings.SITE_NAME, settings.DEFAULT_FROM_EMAIL = "Reed & Quill", "Reed <post@reed.example>"
    settings.SECURITY_CONTACT = ""
    text = stranger.get("/contact/").content.decode()
    assert "<p>Reed &amp; Quill {odd}</p>" in text
    assert '<a href="mailto:post@reed.example">post@reed.example</a>' in text
    assert "<ul><li>B</li></ul>" in text
    settings.SECURITY_CONTACT = "mailto:safe@reed.example"
    assert (
        '<li>A <a href="mailto:safe@reed.example">safe@reed.example</a></li>'
        in stranger.get("/contact/").content.decode()
    )
    settings.DEFAULT_FROM_EMAIL = "Reed <no-reply@reed.example>"
    assert "Write to" not in stranger.get("/contact/").content.decode()


def test_words_in_braces_are_filled_in_where_text_stands_and_in_no_attribute(settings: Any, stranger: Client) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.SECURITY_CONTACT = "Reed <post@reed.example>", ""
    link = '<a href="https://x.example/{mail}/{security}" rel="noopener">'
    Page.objects.filter(slug="contact").update(html=f"<p>A {link}{{odd}} {{mail}}</a>, {{mail}}</p>")
    text = stranger.get("/contact/").content.decode()
    shown = '<a href="mailto:post@reed.example">post@reed.example</a>'
    assert f"<p>A {link}{{odd}} post@reed.example</a>, {shown}</p>" in text


def test_what_an_editor_writes_is_cleaned_whoever_saves_it(editor: Client, stranger: Client) -> None:
    page = page_of("about")
    html = '<p onclick="go()">Ours</p><script>alert(1)</script><hr class="paywall-cut"><p>And more</p>'
    assert editor.post(CHANGE.format(page.pk), form_of(page, html=html)).status_code == 302
    assert page_of("about").html.replace("\n", "") == "<p>Ours</p><p>And more</p>"
    page.html = "<p>Bare<iframe src='x'></iframe></p>"
    page.save()
    assert "iframe" not in stranger.get("/about/").content.decode()


def test_editors_are_told_what_a_delivered_page_lacks_until_it_is_their_own(editor: Client, stranger: Client) -> None:
    page = page_of("privacy")
    address = CHANGE.format(page.pk)
    assert "who is responsible" in editor.get(address).content.decode()
    assert "Still with the text of the software" in editor.get("/admin/articles/page/").content.decode()
    assert "who is responsible" not in stranger.get("/privacy/").content.decode()
    assert editor.post(address, form_of(page, html="<p>Ours</p>", is_as_delivered=None)).status_code == 302
    assert "who is responsible" not in editor.get(address).content.decode()


def test_the_date_of_a_text_is_that_of_its_last_change(editor: Client) -> None:
    Page.objects.update(updated_on="2020-01-02")
    page = page_of("terms")
    editor.post(CHANGE.format(page.pk), form_of(page, position=9))
    assert page_of("terms").updated_on.year == 2020
    editor.post(CHANGE.format(page.pk), form_of(page, html="<p>New terms</p>"))
    assert page_of("terms").updated_on.year > 2020


def test_a_page_of_editors_stands_where_nothing_else_can(publisher: Client, stranger: Client) -> None:
    form = {"title": "Admin", "slug": "admin", "html": "<p>Ours</p>", "position": "1", "is_published": "on"}
    assert publisher.post("/admin/articles/page/add/", form).status_code == 302
    assert page_of("admin").get_absolute_url() == "/pages/admin/"
    assert stranger.get("/pages/admin/").status_code == 200
    assert "Admin" not in foot_of(stranger)
    assert stranger.get("/pages/about/", follow=False)["Location"] == "/about/"


def test_a_hidden_page_is_found_nowhere(stranger: Client) -> None:
    Page.objects.filter(slug="terms").update(is_published=False)
    assert stranger.get("/terms/").status_code == 404
    assert 'href="/terms/"' not in foot_of(stranger)
    assert 'href="/privacy/"' in foot_of(stranger)


def test_those_that_come_with_the_site_are_not_deleted(publisher: Client) -> None:
    own = Page.objects.create(slug="house-rules", title="House rules")
    for page, status in ((own, 200), (page_of("about"), 403)):
        assert publisher.get(f"/admin/articles/page/{page.pk}/delete/").status_code == status


def keys_of(change: Callable[[], object]) -> set[str]:
    CachePurge.objects.all().delete()
    change()
    return {key for purge in CachePurge.objects.all() for key in purge.keys.split()}


def test_a_new_text_purges_its_page_and_a_new_title_every_foot() -> None:
    page = page_of("about")
    rows = Page.objects.filter(pk=page.pk)
    key = f"page-{page.pk}"
    assert keys_of(lambda: rows.update(html="<p>New</p>")) == {key}
    assert keys_of(lambda: rows.update(title="About us")) == {key, "pages"}
    assert keys_of(lambda: rows.update(position=7)) == {key, "pages"}
    assert keys_of(lambda: rows.update(is_published=False)) == {key, "pages"}
    assert keys_of(lambda: rows.update(title="Draft")) == {key}
    assert keys_of(lambda: rows.delete()) == {key}


def test_a_kept_foot_goes_with_its_key(kept_pages: PageStore, stranger: Client) -> None:
    Page.objects.filter(slug="about").update(title="The old words")
    kept_pages.clear()
    assert "The old words" in foot_of(stranger)
    Page.objects.filter(slug="about").update(title="The new words")
    assert "The old words" in foot_of(stranger)
    kept_pages.purge(["pages"])
    assert "The new words" in foot_of(stranger)


def test_the_foot_has_no_dead_link(stranger: Client) -> None:
    links = set(re.findall(r'href="(/[^"]*)"', foot_of(stranger)))
    assert {
        "/archive/",
        "/subscribe/",
        "/account/login/",
        "/corrections/",
        *(f"/{slug}/" for slug in HOUSE_SLUGS),
    } <= links
    assert {link: stranger.get(link).status_code for link in links} == dict.fromkeys(links, 200)
