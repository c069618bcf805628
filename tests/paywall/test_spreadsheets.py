"""Tables for a spreadsheet: no cell becomes a formula, whatever sign parts the cells there."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.spreadsheets import csv_answer


def written(*cells: object) -> str:
    response: Any = csv_answer("table.csv", ["head"], [cells])
    return b"".join(response.streaming_content).decode("utf-8-sig").split("\r\n")[1]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("plain", '"plain"'),
        (12, '"12"'),
        (-12, '"-12"'),
        (None, '""'),
        ('say "this", then', '"say ""this"", then"'),
        ("=1+1", '"\'=1+1"'),
        ("+1", '"\'+1"'),
        ("-1", '"\'-1"'),
        ("@SUM(A1)", '"\'@SUM(A1)"'),
        ("x;=1+1", '"x;=1+1"'),
    ],
)
def test_a_cell_is_quoted_and_never_a_formula(value: object, line: str) -> None:
    assert written(value) == line
