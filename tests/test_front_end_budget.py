"""What every page weighs and what no template may hold: the budget and the bans of the front end."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests import make

PROJECT = Path(__file__).resolve().parent.parent
STATIC = PROJECT / "static"
CSS_BUDGET = 20 * 1024  # bytes, gzipped, of all sheets of an article page
JS_BUDGET = 8 * 1024
IMPORTED = re.compile(r"""(?:\bfrom|\bimport)\s*(?:\(\s*|url\(\s*)?["'](\.{1,2}/[^"']+)["']""")
LAYERS = ["tokens", "base", "layout", "components", "article", "print"]
BANNED = {
    "the safe filter": re.compile(r"\|\s*safe(seq)?\b"),
    "autoescape off": re.compile(r"{%\s*autoescape\s+off"),
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a bare script": re.compile(r"<script\b(?![^>]*\ssrc\s*=)", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
}
# A mail fetches no sheet: only these templates may hold its styles, and no page of the site may be made of them.
MAIL_TEMPLATES = PROJECT / "templates" / "mail"
ALLOWED_IN_MAIL = {"an inline style", "a style element"}
FETCHED = {
    ("link", "href"),
    ("script", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("source", "srcset"),
    ("iframe", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("object", "data"),
    ("embed", "src"),
}
NOT_FETCHED = {"canonical", "alternate", "next", "prev"}  # links of these kinds name a page, they load nothing


class Page(HTMLParser):
    """What a browser fetches for a page by itself, the sheets and scripts among it, and the page's headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.sheets: list[str] = []
        self.scripts: list[str] = []
        self.headings: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(tag)
        if tag == "link" and given.get("rel") in NOT_FETCHED:
            return
        for name, value in given.items():
            if (tag, name) in FETCHED:
                self.fetched += [part.split()[0] for part in value.split(",") if part.strip()]
        if tag == "link" and given.get("rel") == "stylesheet":
            self.sheets.append(given["href"])
        if tag == "script" and "src" in given:
            self.scripts.append(given["src"])


@pytest.fixture
def pages(stranger: Client, subscriber: Client) -> dict[str, Page]:
    """One page of each kind, the article both closed and open."""
    section, topic, author, series = make.section(), make.topic(), make.author(), make.series()
    article = make.article(
        section=section, topics=[topic], authors=[author], series=series, series_part=1, photo=make.photo()
    )
    paths = ["/", "/archive/", "/search/?q=story", "/subscribe/", "/nothing-here/"]
    paths += [section.get_absolute_url(), topic.get_absolute_url()]
    paths += [author.get_absolute_url(), series.get_absolute_url()]
    made = {path: Page(stranger.get(path).content.decode()) for path in paths}
    for name, client in {"article": stranger, "open article": subscriber}.items():
        made[name] = Page(client.get(article.get_absolute_url()).content.decode())
    return made


def weight(addresses: list[str]) -> int:
    """Gzipped bytes of static files, each compressed by itself as it is sent."""
    return sum(len(gzip.compress(path.read_bytes())) for path in with_imports(addresses))


def with_imports(addresses: list[str]) -> set[Path]:
    """The files, and what a script or a sheet among them has the browser fetch as well, each once."""
    found: set[Path] = set()
    waiting = [find_static(address) for address in addresses]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            named = IMPORTED.findall(path.read_text(encoding="utf-8"))
            waiting += [(path.parent / address).resolve() for address in named]
    return found


def find_static(address: str) -> Path:
    path = finders.find(address.removeprefix("/static/"))
    assert isinstance(path, str), address
    return Path(path)


def test_what_a_script_imports_weighs_with_it(tmp_path: Path, settings: Any) -> None:
    settings.STATICFILES_DIRS = [tmp_path]
    for name, text in {
        "a.js": 'import { b } from "./b.js";\nexport * from "./c.js";',
        "b.js": 'import "./a.js";',
        "c.js": 'const late = () => import("./d.js");',
        "d.js": "export default 1;",
        "a.css": '@import url("./b.css");',
        "b.css": "p {}",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    finders.get_finder.cache_clear()
    try:
        assert {path.name for path in with_imports(["/static/a.js"])} == {"a.js", "b.js", "c.js", "d.js"}
        assert {path.name for path in with_imports(["/static/a.css"])} == {"a.css", "b.css"}
    finally:
        finders.get_finder.cache_clear()


def templates() -> Iterator[Path]:
    for app in ["", "newsroom", "newsletters", "paywall", "articles", "subscriptions", "accounts"]:
        yield from (PROJECT / app / "templates").rglob("*.html")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["article", "open article"])
def test_an_article_page_keeps_to_the_budget_of_styles_and_scripts(pages: dict[str, Page], name: str) -> None:
    page = pages[name]
    assert len(page.sheets) == len(LAYERS)
    assert 0 < weight(page.sheets) <= CSS_BUDGET
    assert weight(page.scripts) <= JS_BUDGET


@pytest.mark.django_db
def test_no_page_fetches_anything_from_elsewhere(pages: dict[str, Page]) -> None:
    foreign = [
        (name, address)
        for name, page in pages.items()
        for address in page.fetched
        if not address.startswith("/") or address.startswith("//")
    ]
    assert foreign == []
    assert all(page.fetched for page in pages.values())


@pytest.mark.django_db
def test_every_page_has_one_title_heading_and_skips_no_level(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        levels = [int(heading[1]) for heading in page.headings]
        assert levels.count(1) == 1, name
        assert all(later <= earlier + 1 for earlier, later in pairwise(levels)), (name, levels)


def test_no_sheet_or_script_names_another_site() -> None:
    named = [
        (path.name, address)
        for path in [*STATIC.rglob("*.css"), *STATIC.rglob("*.js")]
        for address in re.findall(r"(?:https?:)?//[a-z0-9][^\s\"')]*", path.read_text(encoding="utf-8"))
    ]
    assert named == []


def test_each_sheet_stands_in_its_own_layer() -> None:
    for layer in LAYERS:
        text = re.sub(r"/\*.*?\*/", "", (STATIC / "css" / f"{layer}.css").read_text(encoding="utf-8"), flags=re.DOTALL)
        without_order = re.sub(r"@layer [a-z, ]+;", "", text).strip()
        assert without_order.startswith(f"@layer {layer} {{"), layer
        assert closes_once(without_order), layer


def closes_once(sheet: str) -> bool:
    """Whether the first block of a sheet ends with its last character: nothing stands outside of the layer."""
    depth = 0
    for place, character in enumerate(sheet):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0 and character == "}":
            return place == len(sheet) - 1
    return False


def test_every_font_that_a_sheet_names_is_here_with_its_licence() -> None:
    named = set(re.findall(r"fonts/([\w.-]+\.woff2)", (STATIC / "css" / "base.css").read_text(encoding="utf-8")))
    present = {path.name for path in (STATIC / "fonts").glob("*.woff2")}
    assert named == present
    families = {re.split(r"-latin", name)[0] for name in present}
    for family in families:
        licence = (STATIC / "fonts" / f"{family}-LICENSE.txt").read_text(encoding="utf-8")
        assert "SIL Open Font License, Version 1.1" in licence


def test_no_template_holds_what_the_policy_or_the_reader_must_not_meet() -> None:
    found = [
        f"{path.relative_to(PROJECT)}: {name}"
        for path in templates()
        for name, pattern in BANNED.items()
        if pattern.search(path.read_text(encoding="utf-8"))
        and not (name in ALLOWED_IN_MAIL and path.parent == MAIL_TEMPLATES)
    ]
    assert found == []


def test_no_page_is_made_of_a_template_of_mails() -> None:
    named = [path for path in templates() if path.parent != MAIL_TEMPLATES and '"mail/' in path.read_text("utf-8")]
    assert named == []
    assert {path.name for path in MAIL_TEMPLATES.iterdir()} == {"base.html", "letter.html"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("the safe filter", "{{ body | safe }}"),
        ("autoescape off", "{% autoescape off %}"),
        ("an inline style", '<p class="a"\n style="color: red">'),
        ("a style element", "<style>p {}</style>"),
        ("an inline handler", '<button onclick="go()">'),
        ("a bare script", '<script type="module">go()</script>'),
        ("a script address", '<a href="JavaScript:go()">'),
    ],
)
def test_the_bans_find_what_they_name(name: str, text: str) -> None:
    assert BANNED[name].search(text)
