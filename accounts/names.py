"""Names that people give themselves or others, where strangers see them: on pages and in mails. Whose name it is, is
nobody's business here.
"""

from __future__ import annotations

import unicodedata

LONGEST = 60  # characters
MOST_MARKS = 3  # in a row
MOST_DIGITS = 4  # a year, or the number of a house; a telephone and a code have more
BESIDE_LETTERS = frozenset(" .,-'’·&")


class NameRefused(Exception):
    """It is no name: it could be an address, a number to call, or hide one."""


def cleaned_name(typed: str) -> str:
    """A name as it may stand on a page: letters, marks, a few digits and what stands between them in names. Raises
    NameRefused.
    """
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    kinds = [unicodedata.category(sign)[0] for sign in name]
    if any(kind not in "LMN" and sign not in BESIDE_LETTERS for sign, kind in zip(name, kinds, strict=True)):
        raise NameRefused
    is_domain = any(len(after.split(" ")[0]) > 1 for after in name.split(".")[1:])
    if is_domain or len(name) > LONGEST or is_stacked(kinds) or kinds.count("N") > MOST_DIGITS:
        raise NameRefused
    if name and "L" not in kinds:
        raise NameRefused
    return name


def is_stacked(kinds: list[str]) -> bool:
    """Whether more marks in a row stand on one letter than any script writes: they would cover what is around them."""
    return "M" * (MOST_MARKS + 1) in "".join(kinds)
