"""Style sheets name sides by the direction of reading, so that pages in Arabic or Hebrew are mirrored by themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SHEETS = sorted((Path(__file__).resolve().parent.parent / "static" / "css").glob("*.css"))
PHYSICAL = re.compile(
    r"(?:^|[\s;{])((?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)[\w-]*\s*:"
    r"|(?:left|right)\s*:|(?:text-align|float|clear|justify-\w+)\s*:\s*(?:left|right)\b)",
    re.MULTILINE,
)
# A gradient knows no start and end: each has its mirror image for right to left beside it. The half disc that marks
# what registered readers may read is a sign, the same in every language.
TURNED = re.compile(r"to (?:left|right)\b(?!, \w+ 50%, transparent 50%)")


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_style_sheet_names_left_or_right(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert PHYSICAL.findall(text) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_gradient_to_a_side_has_its_mirror_image(sheet: Path) -> None:
    sides = TURNED.findall(sheet.read_text(encoding="utf-8"))
    assert sides.count("to right") == sides.count("to left")


def test_the_check_finds_what_it_is_for() -> None:
    for wrong in ("margin-left: 1px", "a { right: 0 }", "text-align: left", "border-right-color: red"):
        assert PHYSICAL.findall(wrong), wrong
    for right in ("margin-inline-start: 1px", "inset-inline-end: 0", "text-align: start", "padding-block: 1px"):
        assert not PHYSICAL.findall(right), right
