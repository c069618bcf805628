"""Makes the HTML of a body safe and regular. Everything stored as a body has gone through here. Not about access.

Two steps: `html_blocks` writes the text anew as a shallow, balanced tree of the few elements that a story needs, then
nh3 has the last word. nh3 alone will not do: on a megabyte of nested tags its parser takes minutes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import nh3

from articles import footnotes
from articles.blocks import OPEN, SUBSCRIBERS
from articles.html_attributes import URL_SCHEMES
from articles.html_blocks import CUT, MAX_TABLES
from articles.html_sections import TABLE_OF_SUBSCRIBERS, BodyWriter
from articles.html_tokens import TOKEN

__all__ = ["CUT_MARKER", "MAX_CHARACTERS", "BodyTooLong", "Sanitised", "clean_body", "sanitise"]

MAX_CHARACTERS = 1_000_000  # of HTML, both as given and as stored
CUT_MARKER = CUT

ALLOWED_TAGS = {
    "p", "h2", "h3", "h4", "blockquote", "ul", "ol", "li", "pre", "hr", "br",
    "strong", "em", "sub", "sup", "code", "a",
    "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "div", "section",
}  # fmt: skip
DROPPED_WITH_CONTENT = {
    "script", "style", "iframe", "noembed", "noframes", "noscript", "textarea", "title", "xmp", "plaintext",
    "template", "select", "svg", "math", "map", "canvas",
}  # fmt: skip
# Whatever follows one of these that is never closed is its content, as in a browser.
SWALLOWING = {"script", "style", "iframe", "noembed", "noframes", "textarea", "title", "xmp", "plaintext"}
_CLOSE = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in DROPPED_WITH_CONTENT}

_TABLE_IDS = {f"{name}-{number}" for name in ("table", TABLE_OF_SUBSCRIBERS) for number in range(1, MAX_TABLES + 1)}
# What these say is known in full: no id or class of a page can be taken, no role be played.
ALLOWED_VALUES: dict[str, dict[str, set[str]]] = {
    "hr": {"class": {"paywall-cut"}},
    "blockquote": {"class": {"pull"}},
    "section": {"class": {OPEN, SUBSCRIBERS}},
    "div": {"class": {"table"}, "tabindex": {"0"}, "role": {"region", "doc-endnotes"}, "aria-labelledby": _TABLE_IDS},
    "caption": {"id": _TABLE_IDS},
    "sup": {"class": {"note"}},
    "a": {"id": set(footnotes.MARK_IDS), "role": {"doc-noteref", "doc-backlink"}},
    "ol": {"class": {"notes"}},
    "li": {"id": set(footnotes.NOTE_IDS)},
}

_cleaner = nh3.Cleaner(
    tags=ALLOWED_TAGS,
    clean_content_tags=set(),
    attributes={"a": {"href"}, "th": {"colspan", "rowspan"}, "td": {"colspan", "rowspan"}, "ol": {"start"}},
    tag_attribute_values=ALLOWED_VALUES,
    url_schemes=URL_SCHEMES,
    link_rel="noopener",
)


class BodyTooLong(Exception):
    """The HTML has more than MAX_CHARACTERS characters, as given or as it would be stored."""


@dataclass(frozen=True, slots=True)
class Sanitised:
    html: str
    images: int  # how many were replaced by their alternative text
    has_misplaced_cut: bool = False  # it stood in a marked block; now it stands before it
    has_dropped_mark: bool = False  # a block was marked as open where that was in doubt; it is not open


def clean_body(raw_html: str) -> str:
    """`raw_html` as it may be stored and shown. Cleaning what is clean changes nothing. Raises BodyTooLong."""
    return sanitise(raw_html).html


def sanitise(raw_html: str) -> Sanitised:
    """As `clean_body`, and tells what did not stay as it was meant. Raises BodyTooLong."""
    if len(raw_html) > MAX_CHARACTERS:
        raise BodyTooLong(f"{len(raw_html):,} characters, at most {MAX_CHARACTERS:,} are allowed")
    marked = footnotes.with_marks(raw_html)
    writer = BodyWriter()
    _feed(writer, marked)
    html = writer.finish()
    if not footnotes.marked(html) <= (known := footnotes.known(writer.notes)):
        writer = BodyWriter(known)
        _feed(writer, marked)
        html = writer.finish()
    html = footnotes.numbered(html, writer.notes)
    if len(html) > MAX_CHARACTERS:
        raise _too_long(html)
    return Sanitised(_cleaner.clean(html), writer.images, writer.has_misplaced_cut, writer.has_dropped_mark)


def _too_long(html: str) -> BodyTooLong:
    return BodyTooLong(f"{len(html):,} characters once cleaned, at most {MAX_CHARACTERS:,} are allowed")


def _end_of_dropped(name: str, text: str, position: int, unclosed: set[str]) -> int:
    """Where reading goes on after the start tag of an element that is dropped. `unclosed` is kept for the next call."""
    if name in unclosed:
        return position
    close = _CLOSE[name].search(text, position)
    if close is not None:
        return close.start()
    unclosed.add(name)
    return len(text) if name in SWALLOWING else position


def _feed(writer: BodyWriter, text: str) -> None:
    """Hand tags and text to the writer in their order, without comments, declarations and what is dropped whole."""
    position, end = 0, len(text)
    unclosed: set[str] = set()
    while match := TOKEN.search(text, position):
        writer.text(text[position : match.start()])
        position = match.end()
        name = (match["name"] or "").lower()
        if not name:
            continue
        if position == end and text[-1] != ">":  # a tag cut off by the end of the text: better seen than lost
            position = match.start()
            break
        if match["slash"]:
            writer.end(name)
        elif name in DROPPED_WITH_CONTENT:
            position = _end_of_dropped(name, text, position, unclosed)
        else:
            writer.start(name, match["attributes"])
        if writer.size > MAX_CHARACTERS:
            raise BodyTooLong(f"more than the {MAX_CHARACTERS:,} characters allowed, once cleaned")
    writer.text(text[position:])
