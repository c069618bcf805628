"""What pages tell search engines and previews of links about themselves, and that it is true."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone
from PIL import Image

from articles.models import Article, Correction, CorrectionKind, Page, Photo
from articles.page_heads import locale_of
from paywall.models import ArticleTerms
from tests import make

type Data = dict[str, Any]

pytestmark = pytest.mark.django_db

# What Google asks for: "required", and of an article what it recommends and we always know.
# https://developers.google.com/search/docs/appearance/structured-data/article
# https://developers.google.com/search/docs/appearance/structured-data/breadcrumb
# https://developers.google.com/search/docs/appearance/structured-data/profile-page
# https://developers.google.com/search/docs/appearance/structured-data/organization
# https://developers.google.com/search/docs/appearance/site-names
# https://developers.google.com/search/docs/appearance/structured-data/carousel
ASKED = {
    "NewsArticle": {"headline", "url", "author", "datePublished"},
    "BreadcrumbList": {"itemListElement"},
    "ProfilePage": {"mainEntity"},
    "Person": {"name", "url"},
    "NewsMediaOrganization": {"name", "url", "logo"},
    "WebSite": {"name", "url"},
    "ItemList": {"itemListElement"},
    "ImageObject": {"url", "width", "height"},
    "WebPageElement": {"isAccessibleForFree", "cssSelector"},
    "CorrectionComment": {"text", "datePublished"},
    "CollectionPage": {"name", "url"},
}
WHOLE_ARTICLE = {
    "articleSection", "author", "dateModified", "datePublished", "description", "headline", "image", "inLanguage",
    "isAccessibleForFree", "keywords", "mainEntityOfPage", "publisher", "publishingPrinciples", "url", "wordCount",
}  # fmt: skip
OG_EVERYWHERE = {
    "og:site_name", "og:type", "og:title", "og:url", "og:locale", "og:image", "og:image:type", "og:image:width",
    "og:image:height", "og:image:alt",
}  # fmt: skip


@pytest.fixture
def photo(django_capture_on_commit_callbacks: Any) -> Photo:
    with django_capture_on_commit_callbacks(execute=True):
        return make.photo(alt="A quay & a lamp")


@pytest.fixture
def library(photo: Photo) -> Article:
    """An article with everything that there is to tell, and a second in its lists."""
    author = make.author(role="Correspondent", biography="Writes about ports. " * 20, portrait=photo)
    author.sort_name = "Marchetti, Ilse"
    author.save()
    common = {"section": make.section(description="Straits & fleets."), "authors": [author], "topics": [make.topic()]}
    make.article(series=make.series(), series_part=2, **common)
    article = make.article(
        headline="Lamps & ledgers", photo=photo, series=make.series(), series_part=1,
        updated_at=timezone.now() - timedelta(minutes=10), **common,
    )  # fmt: skip
    Correction.objects.create(article=article, text="It was the coal quay.\nNot the inner basin.")
    Correction.objects.create(article=article, kind=CorrectionKind.UPDATE, text="The pilot has spoken.")
    return article


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def documents(html: str) -> list[Data]:
    return [json.loads(text) for text in re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)]


def document(html: str, kind: str) -> Data:
    (found,) = [data for data in documents(html) if data["@type"] == kind]
    return found


def meta(html: str) -> dict[str, list[str]]:
    """The properties of Open Graph."""
    found: dict[str, list[str]] = {}
    for name, text in re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', html):
        found.setdefault(name, []).append(text.replace("&amp;", "&"))
    return found


def nodes(data: object) -> list[Data]:
    """Every object in a document, however deep."""
    if isinstance(data, list):
        return [node for part in data for node in nodes(part)]
    return [data, *(node for part in data.values() for node in nodes(part))] if isinstance(data, dict) else []


def addresses(data: object) -> list[str]:
    if isinstance(data, list):
        return [url for part in data for url in addresses(part)]
    if isinstance(data, dict):
        return [url for name, part in data.items() if name != "@context" for url in addresses(part)]
    return [data] if isinstance(data, str) and data.startswith(("http://", "https://", "/")) else []


def surfaces(article: Article) -> list[str]:
    """Each type of page that is there for everybody."""
    rows = [article.section, article.topics.get(), article.authors.get(), article.series]
    month = timezone.localtime(article.published_at)
    lists = [row.get_absolute_url() for row in rows if row is not None]
    indexes = ["/sections/", "/topics/", "/authors/", "/series/", "/archive/", f"/archive/{month:%Y/%m}/"]
    return ["/", article.get_absolute_url(), *lists, *indexes, "/corrections/", "/about/", "/feeds/", "/subscribe/"]


# --- every page ---------------------------------------------------------------------------------------------------


def test_every_document_has_what_its_type_asks_for_and_tells_no_lie(
    library: Article, stranger: Client, settings: Any
) -> None:
    urls: set[str] = set()
    for surface in surfaces(library):
        found = documents(page(stranger, surface))
        assert found, surface
        for data in found:
            assert data["@context"] == "https://schema.org"
            for node in nodes(data):
                asked = ASKED.get(node.get("@type", ""), set()) if set(node) != {"@id"} else set()
                assert asked <= {name for name, value in node.items() if value not in ("", [], None)}, (surface, node)
                for name in ("datePublished", "dateModified"):
                    assert name not in node or datetime.fromisoformat(node[name]).tzinfo is not None
            urls |= set(addresses(data))
    assert len(urls) > 15
    for url in urls:
        assert url.startswith(settings.SITE_URL), url
        assert answers(url.removeprefix(settings.SITE_URL).partition("#")[0], stranger, settings), url


def answers(path: str, client: Client, settings: Any) -> bool:
    if path.startswith("/media/"):
        return (Path(settings.MEDIA_ROOT) / unquote(path).removeprefix("/media/")).is_file()
    if path.startswith("/static/"):
        return finders.find(path.removeprefix("/static/")) is not None
    return client.get(path).status_code == 200


def test_every_page_has_one_address_of_its_own_and_a_preview(library: Article, stranger: Client, settings: Any) -> None:
    for surface in surfaces(library):
        html = page(stranger, f"{surface}?utm_source=x")
        assert re.findall(r'<link rel="canonical" href="([^"]*)">', html) == [f"{settings.SITE_URL}{surface}"]
        told = meta(html)
        assert told.keys() >= OG_EVERYWHERE, (surface, OG_EVERYWHERE - told.keys())
        assert all(len(told[name]) == 1 for name in OG_EVERYWHERE), surface
        assert told["og:url"] == [f"{settings.SITE_URL}{surface}"]
        assert told["twitter:card"] == ["summary_large_image"]
        assert told["og:image:type"][0] in {"image/jpeg", "image/png"}
        assert len(told.get("description", [])) <= 1
        assert "robots" not in told
    assert meta(page(stranger, "/search/?q=lamps"))["robots"][0].startswith("noindex")


def test_the_picture_of_a_preview_has_the_size_that_is_told(library: Article, stranger: Client, settings: Any) -> None:
    for surface in (library.get_absolute_url(), "/"):
        told = meta(page(stranger, surface))
        path = told["og:image"][0].removeprefix(settings.SITE_URL)
        name = path.partition("/static/")[2]
        file = finders.find(name) if name else Path(settings.MEDIA_ROOT) / path.removeprefix("/media/")
        with Image.open(str(file)) as image:
            assert [str(side) for side in image.size] == [*told["og:image:width"], *told["og:image:height"]]


def test_nothing_of_a_body_stands_in_any_head(library: Article, stranger: Client, subscriber: Client) -> None:
    for surface in surfaces(library):
        for client in (stranger, subscriber):
            assert make.SENTINEL not in page(client, surface).partition("<body")[0]


def test_a_deeper_page_of_a_list_is_followed_and_not_kept_by_search_engines(stranger: Client, settings: Any) -> None:
    section = make.section()
    for number in range(21):
        make.article(section=section, published_at=timezone.now() - timedelta(hours=number + 1))
    first = page(stranger, section.get_absolute_url())
    (following,) = re.findall(r'<link rel="next" href="([^"]+)">', first)
    second = page(stranger, following + "&utm_source=x")
    assert meta(second)["robots"] == ["noindex, follow"]
    assert re.findall(r'<link rel="canonical" href="([^"]*)">', second) == [f"{settings.SITE_URL}{following}"]


# --- articles -----------------------------------------------------------------------------------------------------


def test_an_article_tells_all_that_is_open_of_it(library: Article, stranger: Client, settings: Any) -> None:
    data = document(page(stranger, library.get_absolute_url()), "NewsArticle")
    assert data.keys() >= WHOLE_ARTICLE
    assert data["headline"] == "Lamps & ledgers"
    assert data["articleSection"] == "Security"
    assert data["keywords"] == ["Ports"]
    assert data["wordCount"] == library.public_word_count
    assert data["publishingPrinciples"] == f"{settings.SITE_URL}/about/"
    assert data["author"] == [
        {
            "@type": "Person",
            "name": "Ilse Marchetti",
            "url": f"{settings.SITE_URL}/authors/ilse-marchetti/",
            "jobTitle": "Correspondent",
        }
    ]
    assert data["isAccessibleForFree"] is False
    assert data["hasPart"] == {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".body"}


def test_its_pictures_are_there_in_three_ratios(library: Article, stranger: Client, settings: Any) -> None:
    data = document(page(stranger, library.get_absolute_url()), "NewsArticle")
    ratios = []
    for told in data["image"]:
        with Image.open(Path(settings.MEDIA_ROOT) / told["url"].partition("/media/")[2]) as image:
            assert image.size == (told["width"], told["height"])
            ratios.append(round(image.width / image.height, 2))
        assert (told["caption"], told["creditText"]) == ("The inner basin.", "Drawing by the editors")
    assert ratios == [1.78, 1.33, 1.0]


def test_corrections_are_told_and_news_is_not_taken_for_one(library: Article, stranger: Client) -> None:
    data = document(page(stranger, library.get_absolute_url()), "NewsArticle")
    made = Correction.objects.get(kind=CorrectionKind.CORRECTION)
    assert data["correction"] == [
        {
            "@type": "CorrectionComment",
            "text": "It was the coal quay.\nNot the inner basin.",
            "datePublished": made.made_at.isoformat(),
        }
    ]
    assert data["dateModified"] == max(Correction.objects.values_list("made_at", flat=True)).isoformat()


def test_the_paywalled_part_is_there_for_who_may_read_it(
    library: Article, stranger: Client, subscriber: Client
) -> None:
    part = r'<div class="body"'
    assert re.search(part, page(subscriber, library.get_absolute_url()))
    assert not re.search(part, page(stranger, library.get_absolute_url()))


@pytest.mark.parametrize(
    ("tier", "allowance", "told"),
    [("free", 5, "free"), ("registered", 0, "metered"), ("premium", 5, "metered"), ("premium", 0, "locked")],
)
def test_a_preview_tells_what_it_costs(tier: str, allowance: int, told: str, stranger: Client, settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = allowance
    html = page(stranger, make.article(tier=tier).get_absolute_url())
    assert meta(html)["article:content_tier"] == [told]
    assert document(html, "NewsArticle")["isAccessibleForFree"] is (tier == "free")


def test_an_article_that_is_free_for_a_time_is_free_then(stranger: Client) -> None:
    article = make.article()
    assert meta(page(stranger, article.get_absolute_url()))["article:content_tier"] == ["metered"]
    ArticleTerms.objects.create(article=article, free_until=timezone.now() + timedelta(hours=1))
    html = page(stranger, article.get_absolute_url())
    assert meta(html)["article:content_tier"] == ["free"]
    data = document(html, "NewsArticle")
    assert data["isAccessibleForFree"] is True
    assert "hasPart" not in data


def test_open_graph_names_authors_topics_and_moments(library: Article, stranger: Client, settings: Any) -> None:
    told = meta(page(stranger, library.get_absolute_url()))
    assert told["og:type"] == ["article"]
    assert told["og:title"] == ["Lamps & ledgers"]
    assert told["og:image:alt"] == ["A quay & a lamp"]
    assert told["article:author"] == [f"{settings.SITE_URL}/authors/ilse-marchetti/"]
    assert told["article:tag"] == ["Ports"]
    assert told["article:section"] == ["Security"]
    for name in ("article:published_time", "article:modified_time"):
        assert datetime.fromisoformat(told[name][0]).tzinfo is not None


def test_a_page_that_is_not_out_is_named_nowhere(stranger: Client) -> None:
    Page.objects.filter(slug="about").update(is_published=False)
    article = make.article()
    assert "publishingPrinciples" not in document(page(stranger, article.get_absolute_url()), "NewsArticle")
    assert "publishingPrinciples" not in document(page(stranger, "/"), "NewsMediaOrganization")


# --- people, lists and the publisher ------------------------------------------------------------------------------


def test_an_author_has_a_profile(library: Article, stranger: Client, settings: Any) -> None:
    author = library.authors.get()
    html = page(stranger, author.get_absolute_url())
    data = document(html, "ProfilePage")
    told = data["mainEntity"]
    assert (told["@type"], told["name"], told["jobTitle"]) == ("Person", author.name, "Correspondent")
    assert told["description"] == author.biography
    assert told["image"][0].endswith("/360x360.jpg")
    written = {f"{settings.SITE_URL}{article.get_absolute_url()}" for article in author.articles.all()}
    assert {article["url"] for article in data["hasPart"]} == written
    graph = meta(html)
    assert graph["og:type"] == ["profile"]
    assert (graph["profile:first_name"], graph["profile:last_name"]) == (["Ilse"], ["Marchetti"])
    assert graph["profile:username"] == ["ilse-marchetti"]
    assert len(graph["description"][0]) <= 200


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("section", ["Sections", "Security"]),
        ("topic", ["Topics", "Ports"]),
        ("series", ["Series", "The Long Harbour"]),
        ("author", ["Authors", "Ilse Marchetti"]),
        ("article", ["Security", "Lamps & ledgers"]),
    ],
)
def test_breadcrumbs_lead_from_the_front_page(
    kind: str, names: list[str], library: Article, stranger: Client, settings: Any
) -> None:
    rows = {"section": library.section, "topic": library.topics.get(), "series": library.series}
    rows |= {"author": library.authors.get(), "article": library}
    row = rows[kind]
    assert row is not None
    steps = document(page(stranger, row.get_absolute_url()), "BreadcrumbList")["itemListElement"]
    assert [step["position"] for step in steps] == [1, 2, 3]
    assert [step["name"] for step in steps] == [settings.SITE_NAME, *names]
    assert steps[0]["item"] == f"{settings.SITE_URL}/"
    assert steps[-1]["item"] == f"{settings.SITE_URL}{row.get_absolute_url()}"


def test_a_month_has_its_way_too(library: Article, stranger: Client) -> None:
    url = f"/archive/{timezone.localtime(library.published_at):%Y/%m}/"
    steps = document(page(stranger, url), "BreadcrumbList")["itemListElement"]
    assert [step["item"].partition("//")[2].partition("/")[2] for step in steps] == ["", "archive/", url[1:]]


def test_a_list_names_its_articles_in_their_order(library: Article, stranger: Client) -> None:
    assert library.series is not None
    data = document(page(stranger, library.series.get_absolute_url()), "CollectionPage")
    rows = data["mainEntity"]["itemListElement"]
    assert [row["position"] for row in rows] == [1, 2]
    assert rows[0]["url"].endswith(library.get_absolute_url())


def test_the_front_page_tells_who_publishes(stranger: Client, settings: Any) -> None:
    html = page(stranger, "/")
    data = document(html, "NewsMediaOrganization")
    assert data["name"] == settings.SITE_NAME
    assert data["publishingPrinciples"] == f"{settings.SITE_URL}/about/"
    assert data["correctionsPolicy"] == f"{settings.SITE_URL}/corrections/"
    with Image.open(str(finders.find(data["logo"]["url"].partition("/static/")[2]))) as logo:
        assert logo.size == (data["logo"]["width"], data["logo"]["height"])
        assert (
            min(logo.size) >= 112
        )  # https://developers.google.com/search/docs/appearance/structured-data/organization
    assert document(html, "WebSite")["publisher"] == {"@id": data["@id"]}


# --- hostile and foreign words --------------------------------------------------------------------------------------


def test_hostile_words_stay_inside_the_data(stranger: Client, settings: Any) -> None:
    hostile = '</script><script>alert(1)</script>"><!--'
    settings.SITE_NAME = f"Tom & {hostile}"
    author = make.author(f"Eve {hostile}", role=hostile, biography=hostile, sort_name=f"{hostile}, Eve")
    article = make.article(
        headline=f"Headline {hostile}", standfirst=hostile, authors=[author], photo=make.photo(alt=hostile),
        section=make.section(f"Section {hostile}", description=hostile),
    )  # fmt: skip
    Correction.objects.create(article=article, text=hostile)
    assert article.section is not None
    for row in (article, author, article.section):
        html = page(stranger, row.get_absolute_url())
        assert "<script>alert" not in html
        assert "<!--" not in html
        assert documents(html)
    assert document(page(stranger, article.get_absolute_url()), "NewsArticle")["headline"] == f"Headline {hostile}"
    for surface in ("/subscribe/", "/feeds/", "/corrections/", "/archive/"):
        html = page(stranger, surface)
        assert "<script>alert" not in html
        assert "&amp;amp;" not in html.partition("<body")[0]


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "en_US"), ("en-gb", "en_GB"), ("pt-br", "pt_BR"), ("he", "he_IL"), ("zh-hans", ""), ("xx", "")],
)
def test_a_language_is_told_with_a_territory_or_not_at_all(language: str, told: str) -> None:
    assert locale_of(language) == told
