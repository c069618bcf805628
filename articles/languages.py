"""What is known of a language by its code: its English name, and where its lines begin."""

from __future__ import annotations

import re
from typing import Any

from django.conf.locale import LANG_INFO
from django.utils.html import strip_tags

RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he ks nqo ps sd syr ug ur yi".split())
CAP_LENGTH = 110  # characters that stand beside a capital three lines high, else it stands alone

# Letters that neither join nor stand in a square: Latin, Greek, Cyrillic, Armenian, Georgian.
_CAPITAL = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u052f\u0531-\u0587\u10a0-\u10ff\u1e00-\u1fff]")
_FIRST_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)


def info(code: str) -> dict[str, Any]:
    return LANG_INFO.get(code) or LANG_INFO.get(code.partition("-")[0]) or {}


def language_name(code: str) -> str:
    """In English, as far as Django knows the language; else its code."""
    return str(info(code).get("name", code))


def direction(code: str) -> str:
    """`rtl` or `ltr`, as the attribute `dir` says it."""
    return "rtl" if code.partition("-")[0] in RIGHT_TO_LEFT else "ltr"


def takes_drop_cap(teaser: str) -> bool:
    """Whether a text that begins like this can have a large first letter: it begins with a letter, not with a quotation
    mark or a number, and its first paragraph is long enough to stand beside.
    """
    first = _FIRST_PARAGRAPH.match(teaser)
    words = strip_tags(first[1]).strip() if first else ""
    return len(words) >= CAP_LENGTH and _CAPITAL.match(words) is not None
