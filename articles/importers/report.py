"""What an import did, line by line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

KEPT_PROBLEMS = 1000  # in memory; all of them are told as they come


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    reason: str
    is_rejection: bool  # otherwise the article came in, but not all of it

    def __str__(self) -> str:
        return f"line {self.line}: {'rejected: ' if self.is_rejection else ''}{self.reason}"


@dataclass(slots=True)
class Report:
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    warnings: int = 0
    problems: list[Problem] = field(default_factory=list)  # the first KEPT_PROBLEMS
    tell: Callable[[Problem], None] | None = None  # gets every problem at once

    @property
    def lines(self) -> int:
        return self.created + self.changed + self.unchanged + self.rejected

    def reject(self, line: int, reason: str) -> None:
        self.rejected += 1
        self._note(Problem(line, reason, is_rejection=True))

    def warn(self, line: int, reason: str) -> None:
        self.warnings += 1
        self._note(Problem(line, reason, is_rejection=False))

    def _note(self, problem: Problem) -> None:
        if len(self.problems) < KEPT_PROBLEMS:
            self.problems.append(problem)
        if self.tell is not None:
            self.tell(problem)

    def __str__(self) -> str:
        counts = ("created", "changed", "unchanged", "rejected")
        told = ", ".join(f"{getattr(self, name):,} {name}" for name in counts)
        return f"{self.lines:,} {'line' if self.lines == 1 else 'lines'}: {told}"
