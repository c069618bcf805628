"""One way on: words, with a link."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NextStep:
    words: str
    label: str
    url: str
