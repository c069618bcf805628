"""Footnotes of a body: marks in the text, notes at its end, numbered in the order of the marks, linked both ways.

Ids and roles are written here alone, from a closed list: what a source says of them is read as a number, or dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MOST = 999  # notes that a mark may lead to
MARK = "note-mark"  # stands for a mark while a body is written anew; it is never stored
NOTES = '<div role="doc-endnotes"><ol class="notes">'
BACK = "↩"

NOTE_IDS = frozenset(f"note-{number}" for number in range(1, MOST + 1))
MARK_IDS = frozenset(f"noteref-{number}" for number in range(1, MOST + 1))

# As the editor, an import or this module writes them. Bounded, and nowhere across a tag: a scan stays linear.
_LINK = r'<a(?=\s)[^<>]{0,300}?\shref="#%s-([1-9][0-9]{0,2})"[^<>]{0,300}>%s</a>'
_GIVEN_MARK = re.compile(rf'<sup class="note">{_LINK % ("note", r"[\[(]?[0-9*†‡]{1,4}[\])]?")}</sup>')
_GIVEN_BACK = re.compile(_LINK % ("noteref", r"[^<>\w]{1,8}"))
_MARK = re.compile(rf'<{MARK} n="([1-9][0-9]{{0,2}})">')
_STORED_MARK = re.compile(r'<sup class="note"><a [^<>]*>([0-9]{1,3})</a></sup>')
_STORED_BACK = re.compile(r' ?<a href="#noteref-[0-9]{1,3}" role="doc-backlink"[^<>]*>[^<>]*</a>')
_ITEM_TAG = re.compile(r'<li(?: id="note-([0-9]{1,3})")?>|</li>\n?')
_PARAGRAPH = re.compile(r"<p>((?:(?!</?(?:p|ul|ol|pre|blockquote|table|h[234])\b).)*)</p>\n?", re.DOTALL)


def with_marks(raw_html: str) -> str:
    """Each mark as one empty element, and without the links back, which are written anew."""
    if '"#note' not in raw_html:
        return raw_html
    return _GIVEN_BACK.sub("", _GIVEN_MARK.sub(rf'<{MARK} n="\1">', raw_html))


def known(notes: Iterable[tuple[int, str]]) -> frozenset[int]:
    """The numbers that marks may name; any other mark has to go before anything is written around it."""
    return frozenset(name for name, _text in notes if name)


def marked(html: str) -> frozenset[int]:
    """The numbers that the marks of the text name."""
    return frozenset(int(number) for number in _MARK.findall(html))


def numbered(html: str, notes: Iterable[tuple[int, str]]) -> str:
    """The text with its marks numbered and the notes at its end: those without a mark behind the others. Every mark has
    its note: see `known`.
    """
    given: dict[int, str] = {}
    unmarked: list[str] = []
    for name, text in notes:
        content = text.strip("\n")
        if single := _PARAGRAPH.fullmatch(content):
            content = single[1]
        if name and name not in given:
            given[name] = content
        else:
            unmarked.append(content)
    order: dict[int, int] = {}

    def written(match: re.Match[str]) -> str:
        name = int(match[1])
        is_first = name not in order
        number = order.setdefault(name, len(order) + 1)
        place = f' id="noteref-{number}"' if is_first else ""
        return f'<sup class="note"><a{place} href="#note-{number}" role="doc-noteref">{number}</a></sup>'

    text = _MARK.sub(written, html).rstrip("\n")
    items = [_item(given[name], number) for name, number in order.items()]
    behind = [*(content for name, content in given.items() if name not in order), *unmarked]
    items += [f"<li>{content}</li>\n" for content in behind]
    section = f"{NOTES}\n{''.join(items)}</ol>\n</div>" if items else ""
    return "\n".join(part for part in (text, section) if part)


def _item(content: str, number: int) -> str:
    back = f' <a href="#noteref-{number}" role="doc-backlink">{BACK}</a>'
    inside = content.removesuffix("</p>")
    ends = content[len(inside) :]
    return f'<li id="note-{number}">{inside}{back}{ends}</li>\n'


def text_of(html: str) -> str:
    """A stored body without its notes."""
    place = html.find(NOTES)
    return html if place < 0 else html[:place].rstrip("\n")


def masked(html: str, filler: str) -> str:
    """A stored text with each mark overwritten, so that every place stays what it was."""
    return _STORED_MARK.sub(lambda match: filler * len(match[0]), html)


def without_marks(html: str) -> str:
    return _STORED_MARK.sub("", html)


def only_marked(html: str) -> str:
    """A stored body of which parts were taken, with the notes that are still marked, numbered anew: what is left says
    nothing of the notes that went. A note that nothing marks may have been of any part, so it goes too.
    """
    if NOTES not in html:
        return html.rstrip("\n")
    text = text_of(html)
    present = {int(number) for number in _STORED_MARK.findall(text)}
    notes = [(name, note) for name, note in _stored_notes(html[len(text) :]) if name in present]
    given = known(notes)

    def as_mark(match: re.Match[str]) -> str:
        return f'<{MARK} n="{match[1]}">' if int(match[1]) in given else ""

    return numbered(_STORED_MARK.sub(as_mark, text), notes)


def _stored_notes(html: str) -> Iterator[tuple[int, str]]:
    """The notes of a stored section of notes, without their links back; 0 stands for one that nothing marks."""
    depth = begins = name = 0
    for tag in _ITEM_TAG.finditer(html):
        if not tag[0].startswith("</"):
            if depth == 0:
                begins, name = tag.end(), int(tag[1] or 0)
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                yield name, _STORED_BACK.sub("", html[begins : tag.start()])
