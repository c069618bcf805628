"""Writes the marked blocks of a body: sections that stand between the other blocks, never inside one or one another.

A mark for subscribers counts wherever it stands, and until its own end, or else the end of the text. A mark for
everybody counts only where nothing is in doubt: it stands between blocks, it is closed, and no other mark is in it.
"""

from __future__ import annotations

from articles.blocks import OPEN, STARTS, SUBSCRIBERS
from articles.html_attributes import classes
from articles.html_blocks import CUT, BlockWriter

TABLE_OF_SUBSCRIBERS = "block-table"
TAGS = {kind: tag for tag, kind in STARTS.items()}


class BodyWriter(BlockWriter):
    def __init__(self, known_notes: frozenset[int] | None = None) -> None:
        super().__init__(known_notes)
        self.has_misplaced_cut = False  # it stood in a marked block, and stands before it now
        self.has_dropped_mark = False  # for everybody, where it was in doubt
        self._tables_of_subscribers = 0
        self._sections: list[bool] = []  # of the source, open now: whether its end is that of the block being written

    def start(self, name: str, attributes: str) -> None:
        if name != "section":
            super().start(name, attributes)
            return
        kind = self._kind(attributes)
        begins = bool(kind) and self._begin(kind)
        self._sections.append(begins)
        if not begins:
            super().start(name, attributes)

    def end(self, name: str) -> None:
        if name != "section":
            super().end(name)
        elif self._sections and self._sections.pop() and self._marked:
            self._pop_to(0)
        else:
            super().end(name)

    def finish(self) -> str:
        if self._marked == OPEN:
            self._take_mark_back()
        return super().finish()

    @property
    def _marked(self) -> str:
        """What the block that is being written is marked as."""
        return self._blocks[0].mark if self._blocks else ""

    def _kind(self, attributes: str) -> str:
        named = classes(attributes)
        if any(name.lower() == SUBSCRIBERS for name in named):
            return SUBSCRIBERS
        return OPEN if OPEN in named else ""

    def _begin(self, kind: str) -> bool:
        """Whether a block begins here that ends with the section."""
        if kind == OPEN:
            self._leave_text()
            if self._marked == OPEN:
                self._take_mark_back()
            if self._blocks:
                self.has_dropped_mark = True
                return False
        elif self._marked == SUBSCRIBERS:
            return False
        elif self._marked == OPEN:
            self._take_mark_back()
        self._leave_text()
        self._pop_to(0)
        self._push("section", TAGS[kind].removeprefix("<section").removesuffix(">"))
        self._blocks[-1].mark = kind
        return True

    def _take_mark_back(self) -> None:
        """The block that is being written is none for everybody; what it holds stays."""
        self.has_dropped_mark = True
        self._pop_to(1)
        self._close_inlines()
        block = self._blocks.pop()
        self._wanted = [inline for inline in self._wanted if not inline.depth]
        self._replace(block.begins, self._pieces[block.begins].removesuffix(TAGS[OPEN]))

    def _make_region(self, begins: int) -> None:
        """Those of subscribers are counted by themselves: the numbers of the others must not tell how many they are."""
        outside = (self._tables, self._table_id)
        if self._marked == SUBSCRIBERS:
            self._tables, self._table_id = self._tables_of_subscribers, TABLE_OF_SUBSCRIBERS
        super()._make_region(begins)
        if self._marked == SUBSCRIBERS:
            self._tables_of_subscribers = self._tables
            self._tables, self._table_id = outside

    def _rule(self, attributes: str) -> None:
        """A cut inside of a marked block stands before it: the block is open, or closed, as a whole."""
        if not self._marked or not self._is_cut(attributes):
            super()._rule(attributes)
        elif not self._has_cut:
            self._leave_text()
            self._has_cut = self.has_misplaced_cut = True
            self._replace(self._blocks[0].begins, f"{CUT}\n{self._pieces[self._blocks[0].begins]}")

    def _pop(self) -> None:
        """A marked block without content vanishes, but not the cut that was moved before it."""
        begins = self._blocks[0].begins if len(self._blocks) == 1 and self._marked else None
        before = len(self._pieces)
        tag = self._pieces[begins] if begins is not None else ""
        super()._pop()
        if begins is not None and tag.startswith(CUT) and len(self._pieces) == begins < before:
            self._write(f"{CUT}\n")

    def _replace(self, index: int, piece: str) -> None:
        self.size += len(piece) - len(self._pieces[index])
        self._pieces[index] = piece
