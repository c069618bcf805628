"""Footnotes of a body: marks in the text, notes at its end, numbered in the order of the marks, linked both ways.

Ids and roles are written here alone, from a closed list: what a source says of them is read as a number, or dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

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
_STORED_MARK = re.compile(r'<sup class="note"><a [^<>]*>[0-9]{1,3}</a></sup>')
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
