"""Reads JSON lines, plain or gzip, one at a time: never more than one line in memory, whatever the file holds."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

LONGEST_LINE = 8 * 1024 * 1024  # bytes
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a line that holds no record."""

    reason: str


def read_json_lines(path: Path, progress: Callable[[int], None] | None = None) -> Iterator[tuple[int, object]]:
    """Line numbers from 1 with what the line holds, or Unreadable. Blank lines are left out. Raises OSError.

    `progress` is told after each line how many bytes of the file were read.
    """
    with path.open("rb") as file:
        is_packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        lines = cast("IO[bytes]", gzip.GzipFile(fileobj=file) if is_packed else file)
        for number, line in _split(lines):
            if isinstance(line, Unreadable):
                yield number, line
            elif line.strip():
                yield number, _parse(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
            if progress is not None:
                progress(file.tell())


def _split(stream: IO[bytes]) -> Iterator[tuple[int, bytes | Unreadable]]:
    number = 0
    try:
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) <= LONGEST_LINE:
                yield number, line
                continue
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_LINE)
            yield number, Unreadable(f"longer than {LONGEST_LINE // 1024**2} MiB")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield number + 1, Unreadable(f"the packed file is damaged here, and what follows cannot be read: {error}")


def _parse(line: bytes) -> object:
    try:
        return json.loads(line.decode())
    except UnicodeDecodeError as error:
        return Unreadable(f"not UTF-8 (byte {error.start + 1} of the line)")
    except RecursionError:
        return Unreadable("not JSON that can be read: nested too deeply")
    except ValueError as error:
        return Unreadable(f"not JSON: {error}")
