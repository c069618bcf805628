"""The open beginning of a body: where it stops, and the HTML that a stranger may see. Knows nothing of who asks.

Works on what `sanitising.clean_body` returned, in time linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from articles import blocks, footnotes
from articles.sanitising import CUT_MARKER
from articles.sentences import CLOSED, FILLER, OPENED, count_words, sentence_ends

__all__ = ["MAX_PERCENT", "MAX_WORDS", "Teaser", "make_teaser", "without_cut"]

MAX_WORDS = 180
MAX_PERCENT = 40  # of the body's words
ELLIPSIS = " …"

VOID = {"br", "hr"}
INLINE = {"strong", "em", "a", "code", "sub", "sup", "br"}
UNCUT_INLINE = {"a", "code", "sub", "sup"}  # where a sentence ends inside one of these, the text is not cut
TITLES = {"h2", "h3", "h4", "caption", "thead"}  # a teaser does not end with one
WHOLE = {"li", "tr", "pre", "section"}  # the text is cut after one of these, never inside
HOLDS_NO_TEXT = {"ul", "ol", "table", "thead", "tbody", "tfoot", "tr", "div"}

_PIECE = re.compile(r"<(?P<slash>/?)(?P<name>[a-z][a-z0-9]*)[^>]*>|&(?P<reference>amp|lt|gt|quot|nbsp);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "nbsp": "\xa0"}


@dataclass(frozen=True, slots=True)
class Teaser:
    html: str
    words: int
    total_words: int
    continue_at: int  # where in the body's HTML, in characters, the teaser stopped: a <span> may stand there
    open_blocks: str = ""  # the HTML of what everybody may read behind the teaser
    open_words: int = 0
    has_subscribers_blocks: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    """Text between two tags of blocks, as long as the HTML of it: marks stand at the place of tags."""

    text: str
    begins: int
    inside: frozenset[str]  # names of the open blocks
    uncut: list[tuple[int, int]]  # from here to there the HTML is not cut


@dataclass(frozen=True, slots=True)
class _WholeEnd:
    """The end of an item, a row or a preformatted block."""

    name: str
    inside: frozenset[str]  # names of the blocks around it


@dataclass(slots=True)
class _Outline:
    total_words: int = 0
    text_ends: int = 0
    ends_with_title: bool = False
    places: list[tuple[int, int]] = field(default_factory=list)  # where the text may be cut, and the words before


def make_teaser(html: str) -> Teaser:
    """The part above the editor's cut marker, if there is text below it; else whole sentences.

    Of those, up to MAX_WORDS and MAX_PERCENT of the body. Without text if the first sentence alone is longer, if there
    are fewer than two, or if the marker stands on top. Footnotes belong to what costs, wherever their marks stand: they
    are neither counted nor shown, and a teaser has no mark of one. Blocks for subscribers are as if they were not
    there; an open block stands in the teaser as a whole, or behind it.
    """
    whole = footnotes.text_of(html)
    html = blocks.hidden(whole)
    masked = footnotes.masked(html.replace(blocks.HIDDEN, " "), FILLER)
    cut = html.find(CUT_MARKER)
    if cut >= 0 and (below := _outline(masked[cut:]).total_words):
        above = _outline(masked[:cut])
        shown = _closed(html, above.text_ends) if above.total_words else ""
        teaser = Teaser(shown, above.total_words, above.total_words + below, cut)
        position = cut
    else:
        teaser, position = _by_sentences(html, masked)
    if html is whole and not blocks.has_blocks(html):
        return teaser
    return _with_blocks(teaser, html, masked, position, has_subscribers_blocks=blocks.HIDDEN in html)


def _by_sentences(html: str, masked: str) -> tuple[Teaser, int]:
    """The teaser of a body without a cut, and where it ends."""
    outline = _outline(masked)
    allowed = min(MAX_WORDS, outline.total_words * MAX_PERCENT // 100)
    fitting = [place for place in outline.places if place[1] <= allowed]
    if not fitting:
        return Teaser("", 0, outline.total_words, 0), 0
    position, words = fitting[-1]
    return Teaser(_closed(html, position), words, outline.total_words, _resting_place(html, position)), position


def _with_blocks(teaser: Teaser, html: str, masked: str, position: int, *, has_subscribers_blocks: bool) -> Teaser:
    """With what else is open. Nothing in a teaser is marked: all of it is open."""
    behind = [block for block in blocks.blocks_of(html) if block.begins >= position]
    return replace(
        teaser,
        html=blocks.unmarked(teaser.html),
        open_blocks=footnotes.without_marks(blocks.open_blocks(html, position, is_begun=bool(teaser.html))),
        open_words=sum(_outline(masked[block.begins : block.ends]).total_words for block in behind),
        has_subscribers_blocks=has_subscribers_blocks,
    )


def without_cut(html: str) -> str:
    """The body as it is displayed: without the editor's mark."""
    return html.replace(CUT_MARKER + "\n", "").replace(CUT_MARKER, "")


def _outline(html: str) -> _Outline:
    outline = _Outline()
    for part in _parts(html):
        if isinstance(part, _Run):
            _add_run(outline, part)
        elif _may_cut_after(part, outline) and outline.total_words > (outline.places[-1][1] if outline.places else 0):
            outline.places.append((outline.text_ends, outline.total_words))
    return outline


def _add_run(outline: _Outline, run: _Run) -> None:
    may_cut = not run.inside & (TITLES | WHOLE)
    last = 0
    # Far below the place where a teaser may stop, words need only be counted.
    for end in sentence_ends(run.text) if outline.total_words <= MAX_WORDS else (len(run.text),):
        words = count_words(run.text[last:end])
        last = end
        if not words:
            continue
        outline.total_words += words
        outline.ends_with_title = bool(run.inside & TITLES)
        position = run.begins + len(run.text[:end].rstrip())
        if may_cut and not any(first < position < behind for first, behind in run.uncut):
            outline.places.append((position, outline.total_words))
    outline.text_ends = run.begins + len(run.text.rstrip())


def _may_cut_after(part: _WholeEnd, outline: _Outline) -> bool:
    """Lists are cut between items, tables between rows; what stands inside an item or a row of the other is not, nor
    anything in a marked block.
    """
    barrier = {"tr", "thead", "section"} if part.name == "li" else {"li", "tr", "thead", "section"}
    return not part.inside & barrier and not (part.name == "section" and outline.ends_with_title)


def _parts(html: str) -> Iterator[_Run | _WholeEnd]:
    around: list[str] = []
    flat: list[str] = []
    uncut: list[tuple[int, int]] = []
    opened: list[int] = []
    begins = position = 0
    for match in _PIECE.finditer(html):
        flat.append(html[position : match.start()])
        position, name = match.end(), match["name"]
        if name is None or name in INLINE:
            flat.append(_flat(match))
            if name in UNCUT_INLINE and match["slash"]:
                uncut.append((opened.pop(), position))
            elif name in UNCUT_INLINE:
                opened.append(match.start())
            continue
        yield from _runs("".join(flat), begins, around, uncut)
        flat, uncut, begins = [], [], position
        if match["slash"]:
            around.pop()
            if name in WHOLE:
                yield _WholeEnd(name, frozenset(around))
        elif name not in VOID:
            around.append(name)
    yield from _runs("".join(flat) + html[position:], begins, around, uncut)


def _runs(text: str, begins: int, around: list[str], uncut: list[tuple[int, int]]) -> Iterator[_Run]:
    if text.strip():
        yield _Run(text, begins, frozenset(around), uncut)


def _flat(match: re.Match[str]) -> str:
    """What stands in a run for an inline tag or a character reference: as long as it."""
    length = len(match[0])
    if match["reference"]:
        return _CHARACTERS[match["reference"]].ljust(length, FILLER)
    if match["name"] == "br":
        return " " * length
    return (CLOSED if match["slash"] else OPENED) * length


def _open_tags(html: str, position: int) -> list[str]:
    """The names of the elements that are open at `position`, from the outside in."""
    names: list[str] = []
    for match in _PIECE.finditer(html, 0, position):
        if match["slash"]:
            names.pop()
        elif match["name"] and match["name"] not in VOID:
            names.append(match["name"])
    return names


def _closed(html: str, position: int) -> str:
    """The HTML up to `position` with an ellipsis in the last block and everything closed."""
    names = _open_tags(html, position)
    number = next((index for index, name in enumerate(names) if name in INLINE), len(names))
    inline, around = ("".join(f"</{name}>" for name in reversed(part)) for part in (names[number:], names[:number]))
    return f"{blocks.seen(footnotes.without_marks(html[:position]))}{inline}{ELLIPSIS}{around}"


def _resting_place(html: str, position: int) -> int:
    """The nearest place from `position` on where a <span> may stand, without a word between: not between rows."""
    names = _open_tags(html, position)
    place = position
    while match := _PIECE.search(html, place):
        is_inside = not names or names[-1] not in HOLDS_NO_TEXT
        if html[place : match.start()].strip() or not match["name"] or (is_inside and not match["slash"]):
            break
        if match["slash"]:
            names.pop()
        else:
            names.append(match["name"])
        place = match.end()
    return place
