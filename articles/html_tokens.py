"""The pieces of an HTML text, and its text as characters: what cleaning and cutting share. Knows no element's meaning.

Reads as browsers do (WHATWG HTML, section 13.2.5), in time linear in the length whatever the text holds.
"""

from __future__ import annotations

import html
import re

SPACE = " \t\n\f\r"  # what HTML calls white space; a no-break space is text

# Every alternative consumes what it begins, up to the end of the text if need be: nothing is ever scanned twice.
_ATTRIBUTE = rf"""
    [{SPACE}/]*+ (?: =?+[^{SPACE}/>=]++ | = )
    (?: [{SPACE}]*+ = [{SPACE}]*+ (?: "[^"]*+(?:"|\Z) | '[^']*+(?:'|\Z) | [^{SPACE}>"'][^{SPACE}>]*+ | (?=>|\Z) ) )?+
"""
TOKEN = re.compile(
    rf"""
      <!--(?:-?>|.*?(?:--!?>|\Z))
    | <(?P<slash>/?)(?P<name>[a-zA-Z][^{SPACE}/>]*+)(?P<attributes>(?:{_ATTRIBUTE})*+)[{SPACE}/]*+(?:>|\Z)
    | <[!?/][^>]*+(?:>|\Z)
    """.replace(SPACE, r"\x20\t\n\f\r"),
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE_PARTS = re.compile(
    rf"""
    [{SPACE}/]*+ (?P<name>=?+[^{SPACE}/>=]++|=)
    (?: [{SPACE}]*+ (?P<equals>=) [{SPACE}]*+
        (?: "(?P<double>[^"]*+)"? | '(?P<single>[^']*+)'? | (?P<bare>[^{SPACE}>"'][^{SPACE}>]*+) )?+
    )?+
    """.replace(SPACE, r"\x20\t\n\f\r"),
    re.VERBOSE,
)
# Digits are bounded: Python refuses to read a number of five thousand.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,31};?)")
_CLOSED_REFERENCE = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,31};)")
# What neither a page nor PostgreSQL can hold: C0 and C1 controls save tab and newline, lone surrogates, non-characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")
_TEXT_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\xa0": "&nbsp;"}
_NEEDS_ESCAPE = re.compile("[&<>\xa0]")


def parse_attributes(raw: str) -> dict[str, str | None]:
    """Names in lower case with their decoded values; None where there is no value. The first of equal names counts."""
    found: dict[str, str | None] = {}
    for match in _ATTRIBUTE_PARTS.finditer(raw):
        value = match["double"] or match["single"] or match["bare"] or ""
        found.setdefault(match["name"].lower(), decode_closed(value) if match["equals"] else None)
    return found


def decode(text: str) -> str:
    """Character references as characters, also those without a semicolon, as in running text."""
    return printable(_REFERENCE.sub(_decode_one, text)) if "&" in text else printable(text)


def decode_closed(text: str) -> str:
    """As `decode`, but a named reference needs its semicolon: `?a=1&copy=2` in an address stays what it is."""
    return printable(_CLOSED_REFERENCE.sub(_decode_one, text)) if "&" in text else printable(text)


def _decode_one(match: re.Match[str]) -> str:
    return html.unescape(match[0])


def printable(text: str) -> str:
    """The text without control characters, lone surrogates and non-characters; line ends are newlines."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def escape(text: str) -> str:
    """Characters as HTML text, spelled as HTML serialisers spell them."""
    return _NEEDS_ESCAPE.sub(lambda match: _TEXT_ESCAPES[match[0]], text)
