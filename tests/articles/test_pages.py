"""The pages of the library: what each shows, in which order, and what it costs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles.models import Article, ArticleRedirect
from tests import make

pytestmark = pytest.mark.django_db

# Much of it a web process keeps, the tests do not: sections, foot, rules, openings, terms, the meter, institutions, and
# when the clock changes the page next. Each is looked up once: rules and openings serve the marks, the banner and that
# moment, on an article's page also the decision; there the plan that sells one article is looked for too.
FRONT_QUERIES = 29
ARTICLE_QUERIES = 29


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def test_the_front_page_shows_the_newest_first_and_none_twice(stranger: Client) -> None:
    now = timezone.now()
    section = make.section()
    made = [make.article(section=section, published_at=now - timedelta(hours=age)) for age in range(1, 13)]
    text = page(stranger, "/")
    places = [text.find(f'href="{article.get_absolute_url()}"') for article in made[:8]]
    assert places == sorted(places)
    assert -1 not in places
    for article in made:
        assert text.count(f">{article.headline}<") <= 1


def test_an_empty_library_has_a_front_page(stranger: Client) -> None:
    assert "<h1" in page(stranger, "/")


def test_an_article_shows_photo_caption_credit_headline_standfirst_byline_and_date(stranger: Client) -> None:
    moment = datetime(2026, 8, 20, 9, tzinfo=UTC)
    article = make.article(
        photo=make.photo(), authors=[make.author("Ilse Marchetti"), make.author("Tomás Adeyemi")], published_at=moment
    )
    text = page(stranger, article.get_absolute_url())
    for part in [
        article.headline,
        article.standfirst,
        "Ilse Marchetti",
        "Tomás Adeyemi",
        "20 August",
        "The inner basin.",
        "Drawing by the editors",
    ]:
        assert part in text
    assert 'alt="A quay at dusk"' in text
    assert text.index("Ilse Marchetti") < text.index("Tomás Adeyemi")
    assert '<time datetime="2026-08-20' in text
    assert "…" in text
    assert "To read more, enter your e-mail address, then choose one of the three options below." in text


def test_the_order_of_a_byline_is_the_editors(stranger: Client) -> None:
    names = ["Zoe Last", "Adam First", "Mona Middle"]
    article = make.article(authors=[make.author(name) for name in names])
    assert [author.name for author in Article.objects.with_card().get(pk=article.pk).byline_authors] == names


def test_the_gate_counts_the_library_live(stranger: Client) -> None:
    article = make.article()
    assert "to 1 article" in page(stranger, article.get_absolute_url())
    for _ in range(4):
        make.article()
    make.article(status="draft")
    assert "to 5 articles" in page(stranger, article.get_absolute_url())


@pytest.mark.parametrize(("state", "status"), [("draft", 404), ("withdrawn", 410), ("published", 200)])
def test_a_state_has_its_answer(state: str, status: int, stranger: Client) -> None:
    article = make.article(status=state)
    response = stranger.get(article.get_absolute_url())
    assert response.status_code == status
    assert "<h1" in response.content.decode()


def test_a_scheduled_article_appears_at_its_second_everywhere(stranger: Client) -> None:
    moment = datetime(2026, 11, 24, 6, tzinfo=UTC)
    section = make.section()
    article = make.article(published_at=moment, section=section, headline="Out at six")
    lists = [
        "/",
        section.get_absolute_url(),
        "/feeds/latest.xml",
        "/feeds/latest.atom",
        "/feeds/latest.json",
        "/sitemap-2026-11.xml",
        "/search/?q=six",
    ]
    with time_machine.travel(moment - timedelta(seconds=1), tick=False):
        assert stranger.get(article.get_absolute_url()).status_code == 404
        assert not any(article.get_absolute_url() in stranger.get(url).content.decode() for url in lists)
    with time_machine.travel(moment, tick=False):
        assert stranger.get(article.get_absolute_url()).status_code == 200
        assert all(article.get_absolute_url() in stranger.get(url).content.decode() for url in lists)


def test_a_changed_slug_leaves_a_redirect_for_ever(stranger: Client) -> None:
    article = make.article(slug="first-name")
    for slug in ("second-name", "third-name"):
        article.slug = slug
        article.save()
    for old in ("first-name", "second-name"):
        response = stranger.get(f"/articles/{old}/")
        assert response.status_code == 301
        assert response["Location"] == "/articles/third-name/"
    article.slug = "first-name"
    article.save()
    assert stranger.get("/articles/first-name/").status_code == 200
    assert not ArticleRedirect.objects.filter(slug="first-name").exists()


def test_the_former_address_of_a_draft_tells_nothing(stranger: Client) -> None:
    article = make.article(slug="secret-plan", status="draft")
    article.slug = "other-plan"
    article.save()
    assert stranger.get("/articles/secret-plan/").status_code == 404


def test_lists_show_what_belongs_to_them(stranger: Client) -> None:
    section, topic, author, series = make.section(), make.topic(), make.author(), make.series()
    inside = make.article(section=section, topics=[topic], authors=[author], series=series, series_part=1)
    outside = make.article(
        section=make.section("Climate"), topics=[make.topic("Rivers")], authors=[make.author("Hana Brightwater")]
    )
    month = f"/archive/{inside.published_at:%Y/%m}/"
    for url in [row.get_absolute_url() for row in (section, topic, author, series)]:
        text = page(stranger, url)
        assert inside.headline in text
        assert outside.headline not in text
        assert inside.headline in page(stranger, f"{url}feed.xml")
    assert inside.headline in page(stranger, month)
    assert month in page(stranger, "/archive/")


@pytest.mark.parametrize(
    "url",
    [
        "/archive/2026/13/",
        "/archive/2026/00/",
        "/archive/0000/01/",
        "/archive/9999/12/",
        "/archive/1999/01/",
        "/archive/26/1/",
    ],
)
def test_a_month_without_articles_is_not_found(url: str, stranger: Client) -> None:
    assert stranger.get(url).status_code == 404


def test_the_search_finds_headline_standfirst_and_teaser_and_the_best_first(stranger: Client) -> None:
    by_teaser = make.article()
    by_headline = make.article(headline="The ferry of the night")
    by_standfirst = make.article(standfirst="A ferry that nobody ordered.")
    make.article(body="<p>Nothing to see. Nothing at all here, they said. More follows below it.</p>")
    text = page(stranger, "/search/?q=ferry")
    found = [article.get_absolute_url() for article in (by_headline, by_standfirst, by_teaser)]
    places = [text.find(url) for url in found]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize(
    "query", ["", "   ", "'", '"', "a" * 100_000, "& | ! ( )", "<script>alert(1)</script>", "ﷺ" * 500]
)
def test_any_query_gets_a_page(query: str, stranger: Client) -> None:
    response = stranger.get("/search/", {"q": query})
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()


def test_structured_data_names_the_paywalled_part_and_quotes_nothing_of_it(stranger: Client) -> None:
    article = make.article(authors=[make.author()], section=make.section(), photo=make.photo())
    text = page(stranger, article.get_absolute_url())
    block, _breadcrumbs = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    data = json.loads(block)
    assert data["isAccessibleForFree"] is False
    assert data["hasPart"] == {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".body"}
    assert "articleBody" not in data
    assert data["headline"] == article.headline
    free = page(stranger, make.article(tier="free").get_absolute_url())
    assert '"isAccessibleForFree": true' in free


def test_hostile_words_come_out_as_text_everywhere(stranger: Client) -> None:
    hostile = "</script><script>alert(1)</script>"
    author = make.author(f"Eve {hostile}")
    article = make.article(
        headline=f"Headline {hostile}",
        standfirst=f"Line {hostile}",
        authors=[author],
        photo=make.photo(caption=hostile, alt=hostile, credit=hostile),
    )
    for url in [
        "/",
        article.get_absolute_url(),
        author.get_absolute_url(),
        "/search/?q=headline",
        "/archive/",
    ]:
        assert "<script>alert" not in page(stranger, url), url


def test_the_html_in_feeds_holds_no_hostile_words(stranger: Client) -> None:
    make.article(standfirst="Line <script>alert(1)</script>", body="<p>One <script>alert(2)</script>.</p>")
    (item,) = json.loads(page(stranger, "/feeds/latest.json"))["items"]
    assert "<script" not in item["content_html"]
    for url in ("/feeds/latest.xml", "/feeds/latest.atom"):
        texts = [element.text or "" for element in ET.fromstring(page(stranger, url)).iter()]
        assert not any("<script" in text for text in texts)


def test_addresses_in_pages_and_feeds_are_on_the_canonical_site(settings: Any, stranger: Client) -> None:
    settings.SITE_URL = "https://news.example.org"
    article = make.article()
    for url in [
        article.get_absolute_url(),
        "/feeds/latest.xml",
        "/feeds/latest.atom",
        "/feeds/latest.json",
        "/sitemap.xml",
        "/sitemap-pages.xml",
        "/robots.txt",
    ]:
        text = stranger.get(url, headers={"Host": "127.0.0.1", "X-Forwarded-Host": "evil.example"}).content.decode()
        assert "https://news.example.org/" in text, url
        assert "evil.example" not in text
        assert "127.0.0.1" not in text


def test_a_host_that_is_not_ours_is_refused(stranger: Client) -> None:
    assert stranger.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_the_reading_time_and_the_length_are_told_in_steps_of_fifty(stranger: Client) -> None:
    article = make.article(body="<p>" + "One two three four five six. " * 40 + "</p>")
    assert article.word_count == 240
    assert article.public_word_count == 250
    assert "of 250 words" in page(stranger, article.get_absolute_url())


def test_the_front_page_and_the_article_page_cost_a_fixed_number_of_queries(
    stranger: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    topic, series = make.topic(), make.series()
    for number in range(48):
        article = make.article(
            section=make.section(f"Section {number % 6}"),
            topics=[topic],
            series=series,
            series_part=number + 1,
            authors=[make.author(f"Author {number}", portrait=make.photo())],
            photo=make.photo(),
        )
    with django_assert_num_queries(FRONT_QUERIES):
        stranger.get("/")
    with django_assert_num_queries(ARTICLE_QUERIES):
        stranger.get(article.get_absolute_url())


def test_a_control_character_in_a_headline_breaks_no_feed(stranger: Client) -> None:
    make.article(headline="Tide\x0btables \x01now", standfirst="One\x0cline", authors=[make.author("Ann\x0bOther")])
    for url in ("/feeds/latest.xml", "/feeds/latest.atom", "/sitemap-news.xml", "/sitemap-pages.xml"):
        text = page(stranger, url)
        ET.fromstring(text)
        assert "\x0b" not in text


def test_robots_txt_names_the_sitemaps_and_what_is_not_for_crawlers(stranger: Client) -> None:
    lines = page(stranger, "/robots.txt").splitlines()
    assert "Disallow: /account/" in lines
    assert "Sitemap: http://localhost:8000/sitemap.xml" in lines
    assert "Sitemap: http://localhost:8000/sitemap-news.xml" in lines


def test_the_news_sitemap_holds_two_days(stranger: Client) -> None:
    young = make.article(published_at=timezone.now() - timedelta(hours=47))
    old = make.article(published_at=timezone.now() - timedelta(hours=49))
    text = page(stranger, "/sitemap-news.xml")
    assert young.get_absolute_url() in text
    assert old.get_absolute_url() not in text


def test_open_graph_tells_headline_line_address_and_picture(stranger: Client) -> None:
    article = make.article(photo=make.photo(), headline="Tom & Jerry", standfirst="")
    text = page(stranger, article.get_absolute_url())
    assert '<meta property="og:title" content="Tom &amp; Jerry">' in text
    assert '<meta property="og:description" content="The ferry left before dawn.' in text
    assert f'<meta property="og:url" content="http://localhost:8000{article.get_absolute_url()}">' in text
    assert '<meta property="og:image" content="http://localhost:8000/media/photos/' in text


def test_every_page_has_a_way_to_the_top_and_the_site_has_an_icon(stranger: Client) -> None:
    text = page(stranger, make.article().get_absolute_url())
    assert 'href="#top"' in text
    assert 'id="top"' in text
    assert stranger.get("/favicon.ico").status_code == 302


def test_a_fault_answers_500_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("articles.views.front_page", broken)
    response = Client(raise_request_exception=False).get("/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()


@pytest.mark.parametrize(
    "address", ["/search/?q=%00", "/articles/a%00b/", "/?page=%00", "/admin/articles/article/?slug=%00"]
)
def test_a_nul_in_an_address_is_refused_in_words(address: str, stranger: Client) -> None:
    response = stranger.get(address)
    assert response.status_code == 400
    assert "We could not read that request" in response.content.decode()


def test_a_cookie_that_no_session_has_is_a_strangers(stranger: Client) -> None:
    for value in ('"\\000aaaaaaaaaaaa"', '"\\303\\251aaaaaaaaaa"', "x" * 5000, "'; drop table"):
        response = stranger.get("/", headers={"Cookie": f"sessionid={value}"})
        assert response.status_code == 200, value
        assert "Log in" in response.content.decode()


@pytest.mark.parametrize("url", ["/articles/nothing-here/", "/nothing/", "/archive/1999/01/"])
def test_a_refusal_is_kept_by_no_cache(url: str, stranger: Client) -> None:
    assert stranger.get(url)["Cache-Control"] == "private, no-store"


def test_very_old_articles_have_their_month(stranger: Client) -> None:
    old = make.article(published_at=datetime(1066, 10, 14, tzinfo=UTC))
    assert "/archive/1066/10/" in page(stranger, "/archive/")
    assert old.headline in page(stranger, "/archive/1066/10/")
