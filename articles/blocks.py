"""The marked blocks of a stored body: where they stand, and the text without those that a reader may not have. Knows
nothing of who asks. What it cannot read without a doubt it takes for a part that nobody may have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from articles import footnotes

OPEN, SUBSCRIBERS = "block-open", "block-subscribers"
OPEN_START = f'<section class="{OPEN}">'
SUBSCRIBERS_START = f'<section class="{SUBSCRIBERS}">'
STARTS = {OPEN_START: OPEN, SUBSCRIBERS_START: SUBSCRIBERS}
END = "</section>"
GAP = '<hr class="left-out">'  # stands between open blocks for what is left out
HIDDEN = "\x00"  # of which no stored text has any: overwrites what must not be seen, so that every place stays

VOID = {"br", "hr"}
_TAG = re.compile(r"<(?P<slash>/?)(?P<name>[a-z][a-z0-9]*)(?=[\s/>])[^<>]*>", re.IGNORECASE)
_SECTION = re.compile(r"</?section", re.IGNORECASE)
_OPEN_BLOCK = re.compile(f"{OPEN_START}(.*?){END}", re.DOTALL)
_MARKS = re.compile(rf'<section class="(?:{OPEN}|{SUBSCRIBERS})">|{END}\n?')


class BlocksInDoubt(Exception):
    """The marks are not as `sanitising.clean_body` writes them."""


@dataclass(frozen=True, slots=True)
class Block:
    """One marked block, with its tags."""

    kind: str
    begins: int
    ends: int


def has_blocks(html: str) -> bool:
    lower = html.lower()  # ten times as fast as an expression that minds no case
    return "<section" in lower or "</section" in lower


def blocks_of(html: str) -> list[Block]:
    """The marked blocks in their order: none inside another or inside anything else. Raises BlocksInDoubt."""
    if not has_blocks(html):
        return []
    found = list(_read(html))
    if 2 * len(found) != len(_SECTION.findall(html)):
        raise BlocksInDoubt
    return found


def _read(html: str) -> Iterator[Block]:
    """Tags have to be balanced by number: a mark that stands inside of something, or ends inside, is in doubt."""
    depth, kind, begins = 0, "", 0
    for tag in _TAG.finditer(html):
        name = tag["name"].lower()
        if name in VOID:
            continue
        depth += -1 if tag["slash"] else 1
        if depth < 0:
            raise BlocksInDoubt
        if name != "section":
            continue
        if tag["slash"]:
            if depth or not kind or tag[0] != END:
                raise BlocksInDoubt
            yield Block(kind, begins, tag.end())
            kind = ""
        else:
            if depth != 1 or tag[0] not in STARTS:
                raise BlocksInDoubt
            kind, begins = STARTS[tag[0]], tag.start()
    if depth:
        raise BlocksInDoubt


def hidden(html: str) -> str:
    """As long as `html`, with each block for subscribers overwritten; with everything where the marks are in doubt."""
    try:
        found = blocks_of(html)
    except BlocksInDoubt:
        return HIDDEN * len(html)
    return _with_each(html, found, lambda block: HIDDEN * (block.ends - block.begins))


def _with_each(html: str, found: list[Block], written: Callable[[Block], str]) -> str:
    """The text with something else in the place of each block for subscribers."""
    pieces, end = [], 0
    for block in found:
        if block.kind == SUBSCRIBERS:
            pieces += [html[end : block.begins], written(block)]
            end = block.ends
    return "".join([*pieces, html[end:]]) if pieces else html


def seen(html: str) -> str:
    """What `hidden` has left."""
    return html.replace(HIDDEN, "")


def without_subscribers(html: str, instead: str) -> str:
    """The body for who may not read the blocks for subscribers: `instead` stands in the place of each, the notes that
    the rest does not mark are gone, and the others are numbered anew. Nothing but `instead` where marks are in doubt.
    """
    try:
        rest = _with_each(html, blocks_of(html), lambda _block: instead)
    except BlocksInDoubt:
        return instead
    return html if rest is html else footnotes.only_marked(rest)


def unmarked(html: str) -> str:
    """The text as if nothing in it were marked: for where all of it is open."""
    return _MARKS.sub("", html)


def shown(html: str) -> str:
    """As it stands on a page: a part of a text that has no name of its own is no section there."""
    return _OPEN_BLOCK.sub(rf'<div class="{OPEN}">\1</div>', html) if OPEN_START in html else html


def open_blocks(html: str, place: int, *, is_begun: bool) -> str:
    """The open blocks from `place` on, each as it stands, with GAP where text is left out; `html` is what `hidden`
    returned. `is_begun`: a teaser says already that something is left out behind it.
    """
    pieces: list[str] = []
    for block in blocks_of(html):
        if block.kind != OPEN or block.begins < place:
            continue
        if (pieces or not is_begun) and has_text(html[place : block.begins]):
            pieces.append(GAP)
        pieces.append(html[block.begins : block.ends])
        place = block.ends
    if pieces and has_text(html[place:]):
        pieces.append(GAP)
    return "\n".join(pieces)


def has_text(html: str) -> bool:
    return bool(_TAG.sub("", seen(html)).strip())
