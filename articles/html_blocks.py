"""Writes HTML anew as a shallow, balanced tree of blocks: paragraphs around loose text, cells inside rows, no wrappers.

What it writes is regular, not yet trusted: `sanitising` lets nh3 judge it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from articles.footnotes import MARK
from articles.html_attributes import PULL_QUOTE, allowed_address, classes, note_number, numbers
from articles.html_tokens import SPACE, decode, escape, parse_attributes

CUT = '<hr class="paywall-cut">'
MAX_DEPTH = 24  # of blocks; what is nested deeper is written on the last level
MAX_INLINE = 12  # of inline elements around one piece of text
MAX_TABLES = 99  # whose regions are named by their captions

RENAMED = {
    "h1": "h2", "h5": "h4", "h6": "h4", "b": "strong", "i": "em", "cite": "em", "dfn": "em", "var": "em", "tt": "code",
    "kbd": "code", "samp": "code", "dt": "p", "dd": "p", "figcaption": "p", "legend": "p", "listing": "pre",
}  # fmt: skip
HEADINGS = {"h2", "h3", "h4"}
LISTS = {"ul", "ol"}
CELLS = {"td", "th"}
TABLE_SECTIONS = {"thead", "tbody", "tfoot"}
TABLE_PARTS = {"caption", "tr", *TABLE_SECTIONS, *CELLS}
CONTAINERS = {"blockquote", "ul", "ol", "table", "pre"}
INLINE = {"strong", "em", "a", "code", "sub", "sup"}
EMPTY = {"br", "img", MARK}
# Elements without a meaning of their own that yet begin a new line.
BOUNDARIES = {
    "address", "article", "aside", "body", "center", "details", "dialog", "dir", "div", "dl", "fieldset", "figure",
    "footer", "form", "header", "hgroup", "html", "main", "menu", "nav", "search", "section", "summary",
}  # fmt: skip
LEAVES = {"p", "caption", "pre", *HEADINGS}  # hold text and inline elements alone
FLOW = {"li", "td", "th"}  # hold text, inline elements and blocks
KEPT_WHEN_EMPTY = CELLS

_BLANK = re.compile(rf"(?:<br>|&nbsp;|[{SPACE}])*+")


@dataclass(slots=True)
class _Block:
    name: str
    begins: int  # index of its tag among the pieces
    has_blocks: bool = False  # then loose text in it becomes a paragraph, too
    is_notes: bool = False  # the list of footnotes: its items are put aside, and itself, empty then, vanishes
    note: int = 0  # which of them this item is
    mark: str = ""  # of a section: whom it is for


@dataclass(slots=True)
class _Inline:
    name: str
    tag: str  # empty: written by an outer element already, or a link that leads nowhere
    depth: int  # of the block in which it began, and with which it ends


class BlockWriter:
    """Takes start tags, end tags and text in the order of the source; `finish` gives the regular HTML."""

    def __init__(self, known_notes: frozenset[int] | None = None) -> None:
        """With `known_notes` the marks of all others are left out."""
        self.images = 0
        self._known_notes = known_notes
        self.notes: list[tuple[int, str]] = []  # the footnotes, which stand nowhere in the text
        self.size = 0  # characters written so far
        self._pieces: list[str] = []
        self._blocks: list[_Block] = []
        self._wanted: list[_Inline] = []  # inline elements that hold now
        self._opened: list[str] = []  # those of them that are written: a beginning of `_wanted`
        self._at_edge = True  # nothing was written since the last block's tag
        self._after_image = False
        self._wants_paragraph = False
        self._has_cut = False
        self._tables, self._table_id = 0, "table"

    # --- what the source brings -------------------------------------------------------------------------------

    def text(self, raw: str) -> None:
        if raw:
            self._write_text(decode(raw))

    def start(self, name: str, attributes: str) -> None:
        name = RENAMED.get(name, name)
        if name in INLINE:
            self._start_inline(name, attributes)
        elif name in EMPTY:
            self._start_empty(name, attributes)
        elif self._current == "pre":
            return
        elif name == "hr":
            self._rule(attributes)
        elif name in BOUNDARIES or name == "p":
            self._paragraph(is_explicit=name == "p")
        elif name in HEADINGS or name in CONTAINERS:
            self._start_block(name, attributes)
        elif name == "li":
            self._start_item(attributes)
        elif name in TABLE_PARTS:
            self._start_table_part(name, attributes)

    def end(self, name: str) -> None:
        name = RENAMED.get(name, name)
        if name in INLINE:
            self._end_inline(name)
        elif name == "br":  # browsers read </br> as <br>
            self._break()
        elif name == "p" or name in BOUNDARIES:
            self._end_paragraph()
            self._wants_paragraph = self._wants_paragraph or name != "p"
        elif name in HEADINGS:
            if self._current in HEADINGS:
                self._pop()
        elif name in CONTAINERS or name == "li" or name in TABLE_PARTS:
            self._end_block(name)

    def finish(self) -> str:
        while self._blocks:
            self._pop()
        return "".join(self._pieces).rstrip("\n")

    def _start_empty(self, name: str, attributes: str) -> None:
        if name == "br":
            self._break()
        elif name == "img":
            self._image(parse_attributes(attributes).get("alt") or "")
        else:
            self._note_mark(attributes)

    # --- text and inline elements -----------------------------------------------------------------------------

    @property
    def _current(self) -> str:
        return self._blocks[-1].name if self._blocks else ""

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self.size += len(piece)

    def _write_text(self, text: str) -> None:
        is_verbatim = self._current == "pre"
        if self._at_edge:
            text = text.lstrip("\n" if is_verbatim else SPACE)
        if not text:
            return
        if self._at_edge or text.strip(SPACE):
            self._make_room_for_text()
            self._open_inlines()
        if self._after_image and text[0].isalnum():
            text = " " + text
        self._after_image = False
        self._write(escape(text))
        self._at_edge = False

    def _make_room_for_text(self) -> None:
        """Open the blocks that must stand around text in the current one."""
        current = self._current
        if current in LISTS:
            self._push("li")
        elif current == "table" or current in TABLE_SECTIONS or current == "tr":
            self._ensure_row()
            self._push("td")
        elif self._is_text_wrapped(current):
            self._push("p")
        self._wants_paragraph = False

    def _is_text_wrapped(self, current: str) -> bool:
        """Whether text right in this block must stand in a paragraph of its own."""
        if current in FLOW:
            return self._blocks[-1].has_blocks or (self._wants_paragraph and self._at_edge)
        return not current or current in ("blockquote", "section")

    def _start_inline(self, name: str, attributes: str) -> None:
        tag = f"<{name}>"
        if name == "a":
            address = allowed_address(parse_attributes(attributes).get("href") or "")
            tag = f'<a href="{escape(address)}">' if address else ""
        if len(self._wanted) >= MAX_INLINE:
            return
        if any(inline.tag and inline.name == name for inline in self._wanted):
            tag = ""
        self._wanted.append(_Inline(name, tag, len(self._blocks)))

    def _end_inline(self, name: str) -> None:
        for index in range(len(self._wanted) - 1, -1, -1):
            if self._wanted[index].name == name:
                kept = sum(1 for inline in self._wanted[:index] if inline.tag)
                if self._wanted[index].tag:
                    self._close_inlines(kept)
                del self._wanted[index]
                return

    def _open_inlines(self) -> None:
        written = [inline for inline in self._wanted if inline.tag]
        for inline in written[len(self._opened) :]:
            self._write(inline.tag)
            self._opened.append(inline.name)

    def _close_inlines(self, kept: int = 0) -> None:
        while len(self._opened) > kept:
            self._write(f"</{self._opened.pop()}>")

    def _break(self) -> None:
        if self._at_edge:
            return
        self._write("\n" if self._current == "pre" else "<br>")

    def _image(self, alternative: str) -> None:
        self.images += 1
        words = " ".join(alternative.split())
        if not words:
            return
        if not self._at_edge and self._pieces[-1][-1:].isalnum():
            words = " " + words
        self._write_text(words)
        self._after_image = True

    def _note_mark(self, attributes: str) -> None:
        number = numbers(attributes, "n")
        is_known = bool(number) and (self._known_notes is None or int(number[4:-1]) in self._known_notes)
        is_in_link = any(inline.name == "a" and inline.tag for inline in self._wanted)
        if not is_known or is_in_link or self._current == "pre" or (self._blocks and self._blocks[0].is_notes):
            return
        self._make_room_for_text()
        self._open_inlines()
        self._write(f"<{MARK}{number}>")
        self._at_edge = self._after_image = False

    # --- blocks -----------------------------------------------------------------------------------------------

    def _push(self, name: str, attributes: str = "") -> None:
        if self._blocks:
            self._blocks[-1].has_blocks = True
        self._blocks.append(_Block(name, len(self._pieces)))
        self._write(f"<{name}{attributes}>")
        self._at_edge = True
        self._after_image = False
        self._wants_paragraph = False

    def _pop(self) -> None:
        """Close the current block; one without content vanishes."""
        self._close_inlines()
        block = self._blocks.pop()
        self._wanted = [inline for inline in self._wanted if inline.depth <= len(self._blocks)]
        if block.name != "pre":
            self._strip_end(block.begins + 1)
        if len(self._pieces) == block.begins + 1 and block.name not in KEPT_WHEN_EMPTY:
            self.size -= len(self._pieces.pop())
        else:
            self._write(f"</{block.name}>\n")
            if block.name == "table" and self._current in ("", "section"):
                self._make_region(block.begins)
            elif self._blocks and self._blocks[-1].is_notes:
                self.notes.append((block.note, "".join(self._pieces[block.begins + 1 : -1])))
                del self._pieces[block.begins :]
        self._at_edge = True
        self._after_image = False

    def _make_region(self, begins: int) -> None:
        """Around a table, which may be wider than a telephone: it scrolls by itself, also by keyboard."""
        self._tables += 1
        name = ""
        if self._pieces[begins + 1] == "<caption>" and self._tables <= MAX_TABLES:
            self._pieces[begins + 1] = f'<caption id="{self._table_id}-{self._tables}">'
            name = f' role="region" aria-labelledby="{self._table_id}-{self._tables}"'
        self._pieces[begins] = f'<div class="table" tabindex="0"{name}><table>'
        self._write("</div>\n")

    def _strip_end(self, first: int) -> None:
        """Take white space and line breaks off the end of what was written since `first`."""
        while len(self._pieces) > first and _BLANK.fullmatch(self._pieces[-1]):
            self.size -= len(self._pieces.pop())
        if len(self._pieces) > first and not self._pieces[-1].startswith("<"):
            before = len(self._pieces[-1])
            self._pieces[-1] = self._pieces[-1].rstrip(SPACE)
            self.size -= before - len(self._pieces[-1])

    def _end_paragraph(self) -> None:
        if self._current == "p":
            self._pop()

    def _leave_text(self) -> None:
        """End the run of text that stands here, before a block begins."""
        self._close_inlines()
        if self._current in LEAVES:
            self._pop()
        elif self._blocks and not self._at_edge:
            self._strip_end(self._blocks[-1].begins + 1)
            self._at_edge = True

    def _paragraph(self, *, is_explicit: bool) -> None:
        if self._current in HEADINGS or self._current == "caption":
            return
        self._leave_text()
        self._wants_paragraph = True
        if is_explicit:
            self._make_room_for_text()
            if self._current != "p":
                self._push("p")

    def _start_block(self, name: str, attributes: str) -> None:
        self._leave_text()
        if len(self._blocks) >= MAX_DEPTH:
            return
        if self._current in LISTS:
            self._push("li")
        elif self._current == "table" or self._current in TABLE_SECTIONS or self._current == "tr":
            self._ensure_row()
            self._push("td")
        if name == "ol" and not self._blocks and "notes" in classes(attributes):
            self._push(name)
            self._blocks[-1].is_notes = True
        elif name == "blockquote" and classes(attributes) & PULL_QUOTE:
            self._push(name, ' class="pull"')
        else:
            self._push(name, numbers(attributes, "start") if name == "ol" else "")

    def _rule(self, attributes: str) -> None:
        self._leave_text()
        is_cut = self._is_cut(attributes)
        if is_cut and (self._has_cut or self._blocks):
            return
        if self._current in LISTS or self._current == "table" or self._current in TABLE_PARTS - CELLS:
            return
        self._has_cut = self._has_cut or is_cut
        if self._blocks:
            self._blocks[-1].has_blocks = True
        self._write(f"{CUT if is_cut else '<hr>'}\n")
        self._at_edge = True

    @staticmethod
    def _is_cut(attributes: str) -> bool:
        return "paywall-cut" in classes(attributes)

    def _nearest(self, names: set[str], stop: set[str]) -> int | None:
        """The index of the innermost open block of these names, unless one of `stop` lies between."""
        for index in range(len(self._blocks) - 1, -1, -1):
            if self._blocks[index].name in names:
                return index
            if self._blocks[index].name in stop:
                return None
        return None

    def _pop_to(self, depth: int) -> None:
        while len(self._blocks) > depth:
            self._pop()

    def _end_block(self, name: str) -> None:
        is_of_table = name == "table" or name in TABLE_PARTS
        found = self._nearest({name}, {"table"} if is_of_table else {"table", *TABLE_PARTS})
        if found is not None:
            self._close_inlines()
            self._pop_to(found)

    def _start_item(self, attributes: str) -> None:
        self._close_inlines()
        found = self._nearest(LISTS, {"table", *TABLE_PARTS})
        if found is None:
            self._paragraph(is_explicit=False)
            return
        self._pop_to(found + 1)
        self._push("li")
        self._blocks[-1].note = note_number(attributes)

    # --- tables -----------------------------------------------------------------------------------------------

    def _start_table_part(self, name: str, attributes: str) -> None:
        self._close_inlines()
        found = self._nearest({"table"}, set())
        if found is None:
            self._paragraph(is_explicit=False)
            return
        if name in CELLS:
            row = self._nearest({"tr", "table"}, set())
            self._pop_to((found if row is None else row) + 1)
            self._ensure_row()
            self._push(name, numbers(attributes, "colspan", "rowspan"))
        elif name == "tr":
            section = self._nearest({"table", *TABLE_SECTIONS}, set())
            self._pop_to((found if section is None else section) + 1)
            self._ensure_row()
        else:
            self._pop_to(found + 1)
            if name != "caption" or not self._blocks[-1].has_blocks:
                self._push(name)

    def _ensure_row(self) -> None:
        if self._current == "caption":
            self._pop()
        if self._current == "table":
            self._push("tbody")
        if self._current in TABLE_SECTIONS:
            self._push("tr")
