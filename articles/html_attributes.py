"""The few attributes that a body keeps: what each may say. Knows no more of the elements around."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

import nh3

from articles.html_tokens import parse_attributes

MAX_ADDRESS = 2000  # characters of a link; it is written again in each block that it spans
URL_SCHEMES = {"http", "https", "mailto"}
PULL_QUOTE = frozenset({"pull", "pull-quote", "pullquote"})

_ADDRESS = re.compile(r"https?://[^/\\?#\s]|mailto:[^\s]|/(?![/\\])|#", re.IGNORECASE)
_WHITE_ENDS = "".join(map(chr, range(0x21)))
_links = nh3.Cleaner(tags={"a"}, attributes={"a": {"href"}}, url_schemes=URL_SCHEMES, link_rel=None)
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
_NOTE = re.compile(r"note-([1-9][0-9]{0,2})")


def allowed_address(raw: str) -> str | None:
    """What may stand in a link: http, https, mailto, a path of this site or a place on the page. Else None."""
    address = raw.strip(_WHITE_ENDS).replace("\t", "").replace("\n", "")  # as browsers do before they look at it
    if len(address) > MAX_ADDRESS or not _ADDRESS.match(address):
        return None
    try:
        urlsplit(address)
    except ValueError:
        return None
    written = address.translate({0x20: "%20", 0x22: "%22", 0x3C: "%3C", 0x3E: "%3E", 0xA0: "%C2%A0"})
    return written if len(written) <= MAX_ADDRESS and _stands(written) else None


def _stands(address: str) -> bool:
    """Whether nh3 lets it, which has the last word: `http://a%22b` and `http://1.2.3.999` have no host that can be."""
    return "href" in _links.clean(f'<a href="{html.escape(address)}">')


def classes(attributes: str) -> frozenset[str]:
    return frozenset((parse_attributes(attributes).get("class") or "").split()) if attributes else frozenset()


def numbers(attributes: str, *names: str) -> str:
    """These attributes as they are written, where each says a number from 1 to 999."""
    if not attributes:
        return ""
    values = parse_attributes(attributes)
    found = ((name, values.get(name) or "") for name in names)
    return "".join(f' {name}="{value}"' for name, value in found if _NUMBER.fullmatch(value))


def note_number(attributes: str) -> int:
    """Which footnote an item is, by its id; 0 for one that does not say."""
    match = _NOTE.fullmatch(parse_attributes(attributes).get("id") or "") if attributes else None
    return int(match[1]) if match else 0
