"""What a check finds, and the failure that names all of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple


class Problem(NamedTuple):
    path: str
    reason: str
    word: str | None = None  # the value outside an enumeration, so that a test may allow that one word

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class ContractViolation(AssertionError):
    """Carries every problem with its path, such as `items.data[0].price: missing`."""

    def __init__(self, subject: str, problems: list[Problem]) -> None:
        self.subject = subject
        self.problems = [str(problem) for problem in problems]
        super().__init__(f"{subject}\n  " + "\n  ".join(self.problems))


def refuse(subject: str, problems: list[Problem], allowing: Collection[str] = ()) -> None:
    """Raise for what is left when the words that the test itself brought in are allowed."""
    left = [problem for problem in problems if problem.word is None or problem.word not in allowing]
    if left:
        raise ContractViolation(subject, left)
