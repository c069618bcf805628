"""Tables to be opened in a spreadsheet, as CSV (RFC 4180). A cell never becomes a formula there."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from django.http import StreamingHttpResponse

# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
BYTE_ORDER_MARK = "\ufeff"  # without it some spreadsheets do not read the file as UTF-8


class Echo:
    """What the writer of the standard library writes to: it hands each line on."""

    def write(self, line: str) -> str:
        return line


def cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def csv_answer(file_name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """The table as a file to be kept; `rows` may be of any number."""
    response = StreamingHttpResponse(stream(head, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def stream(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield BYTE_ORDER_MARK
    # In quotes, so that a program that takes another sign for the end of a cell does not find one within.
    writer = csv.writer(Echo(), quoting=csv.QUOTE_ALL)
    for row in chain([head], rows):
        yield writer.writerow([cell(value) for value in row])
