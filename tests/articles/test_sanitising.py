"""What is stored of a body: safe, regular, and with every word of it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import nh3
import pytest
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from articles.sanitising import (
    ALLOWED_TAGS,
    ALLOWED_VALUES,
    CUT_MARKER,
    MAX_CHARACTERS,
    BodyTooLong,
    clean_body,
    sanitise,
)
from tests.articles.markup import ATTRIBUTES, TAGS, is_balanced, tag_soup

WRITTEN = (
    "<h2>A</h2>\n<p>b <strong>c</strong> <em>d</em><br>e<sub>f</sub><sup>g</sup></p>\n"
    "<blockquote><p>h</p>\n</blockquote>"
)
CASES = {
    "what editors write stays": (
        WRITTEN,
        WRITTEN,
    ),
    "the page has its own h1": ("<h1>A</h1><h6>b</h6>", "<h2>A</h2>\n<h4>b</h4>"),
    "old names": ("<p><b>a</b> <i>b</i> <tt>c</tt></p>", "<p><strong>a</strong> <em>b</em> <code>c</code></p>"),
    "loose text": ("a<div>b</div>c<p>d", "<p>a</p>\n<p>b</p>\n<p>c</p>\n<p>d</p>"),
    "wrappers": ("<section><div><p>a</p></div></section>", "<p>a</p>"),
    "bold around blocks": ("<b><p>a</p><p>c</p></b>", "<p><strong>a</strong></p>\n<p><strong>c</strong></p>"),
    "empty paragraphs": ("<p></p><p> &nbsp; </p><p><br></p><p>a<br></p><ul><li></li></ul>", "<p>a</p>"),
    "list items without ends": ("<ul><li>a<li>b</ul>", "<ul><li>a</li>\n<li>b</li>\n</ul>"),
    "a list right in a list": (
        "<ul><li>a</li><ul><li>b</li></ul></ul>",
        "<ul><li>a</li>\n<li><ul><li>b</li>\n</ul>\n</li>\n</ul>",
    ),
    "an ordered list goes on": ('<ol start="4"><li>a</ol>', '<ol start="4"><li>a</li>\n</ol>'),
    "a table without ends": (
        '<table><tr><th colspan="2">a<tr><td>b<td>c</table>',
        (
            '<div class="table" tabindex="0"><table><tbody><tr><th colspan="2">a</th>\n</tr>\n<tr>'
            "<td>b</td>\n<td>c</td>\n"
            "</tr>\n</tbody>\n</table>\n</div>"
        ),
    ),
    "text in a table stays in its place": (
        "a<table>b<tr><td>c</table>d",
        (
            '<p>a</p>\n<div class="table" tabindex="0"><table><tbody><tr><td>b</td>\n</tr>\n<tr><td>c</td>\n</tr>\n'
            "</tbody>\n</table>\n</div>\n<p>d</p>"
        ),
    ),
    "an empty cell": (
        "<table><tr><td><td>a</table>",
        '<div class="table" tabindex="0"><table><tbody><tr><td></td>\n<td>a</td>\n</tr>\n</tbody>\n</table>\n</div>',
    ),
    "a table's caption names its region": (
        "<table><caption>a</caption><tr><td>b</table>",
        (
            '<div class="table" tabindex="0" role="region" aria-labelledby="table-1"><table>'
            '<caption id="table-1">a</caption>\n'
            "<tbody><tr><td>b</td>\n</tr>\n</tbody>\n</table>\n</div>"
        ),
    ),
    "a table inside of something scrolls with it": (
        "<ul><li><table><tr><td>b</table></ul>",
        "<ul><li><table><tbody><tr><td>b</td>\n</tr>\n</tbody>\n</table>\n</li>\n</ul>",
    ),
    "a pull quote": (
        '<blockquote class="x pull-quote"><p>a</p></blockquote><blockquote class="x">b</blockquote>',
        '<blockquote class="pull"><p>a</p>\n</blockquote>\n<blockquote><p>b</p>\n</blockquote>',
    ),
    "lines of code": ("<pre><code>a\n  b &lt;c&gt;\n</code></pre>", "<pre><code>a\n  b &lt;c&gt;\n</code></pre>"),
    "classes, styles and handlers": ('<p class="x" style="a" onclick="b()" id="c">d</p>', "<p>d</p>"),
    "scripts": ("a<script>b()</script>c<style>d{}</style><noscript>e</noscript>", "<p>ac</p>"),
    "a script without end": ("<p>a<script>b <p>c", "<p>a</p>"),
    "a drawing without end": ("<p>a<svg>b<p>c", "<p>ab</p>\n<p>c</p>"),
    "a tag cut off": ('<p>a <a href="b', '<p>a &lt;a href="b</p>'),
    "an image": ('<p>a <img src="b" alt="A &amp; C"> d</p>', "<p>a A &amp; C d</p>"),
    "an image between letters": ('<p>a<img alt="b">c</p>', "<p>a b c</p>"),
    "an image that says nothing": ('<p>a<img src="b" alt="">c</p><img>', "<p>ac</p>"),
    "a figure": ('<figure><img alt="a"><figcaption>b</figcaption></figure>', "<p>a</p>\n<p>b</p>"),
    "entities once": (
        "<p>&amp;lt; &lt;b&gt; &#8217; &hellip; R&D &nosuch;</p>",
        "<p>&amp;lt; &lt;b&gt; ’ … R&amp;D &amp;nosuch;</p>",
    ),
    "the cut at top level": (f"<div><p>a</p>{CUT_MARKER}<p>b</p></div>", f"<p>a</p>\n{CUT_MARKER}\n<p>b</p>"),
    "the cut elsewhere": (f"<ul><li>a{CUT_MARKER}</li></ul>", "<ul><li>a</li>\n</ul>"),
    "a second cut": (f"<p>a</p>{CUT_MARKER}<p>b</p>{CUT_MARKER}", f"<p>a</p>\n{CUT_MARKER}\n<p>b</p>"),
    "no other class": ('<hr class="big paywall-cut x"><hr class="big">', f"{CUT_MARKER}\n<hr>"),
}


@pytest.mark.parametrize(("raw", "clean"), CASES.values(), ids=CASES.keys())
def test_a_body_is_stored_as(raw: str, clean: str) -> None:
    assert clean_body(raw) == clean


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "java&#10;script:alert(1)",
        "JaVa&#115;cript:alert(1)",
        "&#x6a;avascript:alert(1)",
        "javascript&colon;alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "view-source:javascript:1",
        "blob:https://x/1",
        "file:///etc/passwd",
        "ftp://x/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example/",
        "\\\\evil.example/",
        "https:evil.example",
        "https://",
        "http://a&quot;onmouseover=alert(1) b",
        "http://a b/",
        "http://1.2.3.999/",
        "https://x:99999/",
        "https://xn--a/",
        "https://a%00b/",
        "mailto://[",
        "page.html",
        "?x=1",
        "",
        "https://x/" + "y" * 3000,
        "https://x/" + "y " * 900 + "z",
    ],
)
def test_a_link_elsewhere_is_only_its_words(address: str) -> None:
    assert clean_body(f'<p>a <a href="{address}">b</a></p>') == "<p>a b</p>"


@given(
    st.from_regex(r"(https?://|mailto:|/|#)[a-z0-9%\[\]@:.\-{}|^`\"'<>\\&;=\xa0\xad\u3002 ?#/]{0,12}", fullmatch=True)
)
def test_whatever_an_address_says_it_is_stored_for_good_or_not_at_all(address: str) -> None:
    clean = clean_body(f"<a href='{escape(address)}'>b</a>")
    assert clean_body(clean) == clean
    assert clean == "<p>b</p>" or clean.startswith('<p><a href="')


@pytest.mark.parametrize(
    ("address", "stored"),
    [
        ("https://example.org/a?b=1&copy=2#c", "https://example.org/a?b=1&amp;copy=2#c"),
        ("http://example.org", "http://example.org"),
        ("mailto:desk@example.org", "mailto:desk@example.org"),
        ("/articles/a/", "/articles/a/"),
        ("#notes", "#notes"),
        ("https://example.org/a b'\"", "https://example.org/a%20b'"),
    ],
)
def test_a_link_of_an_allowed_kind_stays(address: str, stored: str) -> None:
    assert clean_body(f'<a href="{address}">b</a>') == f'<p><a href="{stored}" rel="noopener">b</a></p>'


def test_images_are_counted() -> None:
    assert sanitise('<img alt="a"><p>b<img></p>').images == 2


def test_what_a_page_or_the_database_cannot_hold_is_dropped() -> None:
    assert clean_body("<p>a\x00\x08\x7f\x85\ud800\ufeffb&#0;&#x1;\r\nc</p>") == "<p>ab�\nc</p>"


def test_a_number_without_end_is_no_error() -> None:
    assert "111" in clean_body("<p>&#" + "1" * 5000 + ";</p>")


def test_a_body_of_more_characters_is_refused_before_and_after_cleaning() -> None:
    assert len(clean_body("<p>" + "a" * (MAX_CHARACTERS - 7))) == MAX_CHARACTERS
    with pytest.raises(BodyTooLong):
        clean_body("a<!--" + "b" * MAX_CHARACTERS)
    with pytest.raises(BodyTooLong):
        clean_body("&" * (MAX_CHARACTERS // 4))
    with pytest.raises(BodyTooLong, match="more than"):  # as soon as it is known
        clean_body(f'<a href="https://x/{"y" * 1900}">' + "<p>x" * 10_000)


@given(tag_soup)
def test_cleaning_what_is_clean_changes_nothing(raw: str) -> None:
    clean = clean_body(raw)
    assert clean_body(clean) == clean
    assert is_balanced(clean)
    assert set(re.findall(r"<([a-z0-9]+)", clean)) <= ALLOWED_TAGS


@given(tag_soup)
def test_browsers_read_the_stored_html_as_it_is_written(raw: str) -> None:
    clean = clean_body(raw)
    every_attribute = {"a": {"href"}, "ol": {"start"}, "td": {"colspan"}, "th": {"colspan"}}
    for tag, values in ALLOWED_VALUES.items():
        every_attribute[tag] = every_attribute.get(tag, set()) | values.keys()
    assert nh3.clean(clean, tags=ALLOWED_TAGS, attributes=every_attribute, link_rel="noopener") == clean


@given(st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(ATTRIBUTES), st.booleans()), max_size=30))
def test_no_word_is_lost_or_moved(tags: list[tuple[str, str, bool]]) -> None:
    raw = "".join(
        f"<{name}{attributes}>w{n} " if opens else f"</{name}>w{n} " for n, (name, attributes, opens) in enumerate(tags)
    )
    assert re.findall(r"w\d+", clean_body(raw)) == [f"w{n}" for n in range(len(tags))]


def test_what_is_nested_deeper_than_anybody_writes_is_kept_on_the_last_level() -> None:
    clean = clean_body("<blockquote>a" * 100)
    assert clean.count("<blockquote>") == 24
    assert clean.count("<p>a</p>") == 100


HOSTILE = {
    "nested divs": "<div>",
    "nested lists": "<ul><li>a",
    "nested quotes": "<blockquote>a",
    "bold of many kinds in paragraphs": '<p><b class="{}">',
    "forms, bold, links": "<b><i><a href=/x><div>",
    "tables": "<table><td>",
    "drawings": "<svg>",
    "comments": "<!--",
    "quotation marks": "<a x=\"'",
    "ends": "<div></span>",
    "images": "<img alt=x>",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_html_is_cleaned_in_linear_time(piece: str) -> None:
    """nh3's own parser takes from 5 seconds to minutes for most of these."""
    hostile = "".join(piece.format(number) for number in range(250_000 // len(piece)))
    began = time.process_time()
    clean_body(hostile)
    assert time.process_time() - began < 4


def test_the_hostile_files_of_the_shared_collection_do_no_harm(shared: Path) -> None:
    hostile = shared / "exports" / "hostile"
    began = time.process_time()
    with pytest.raises(BodyTooLong):
        clean_body((hostile / "truncator-dos.html").read_text())
    for name in ("wxr-xss.xml", "svg-xss.svg"):
        clean = clean_body((hostile / name).read_text())
        assert not re.search(r"<(script|svg|iframe|form|style|base|meta|img|math)|javascript:|\son\w+=|style=", clean)
    assert time.process_time() - began < 4
