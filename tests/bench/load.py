"""How many requests a second an address takes, by wrk, in rounds that alternate with those of the other addresses."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import Answer

SCRIPT = Path(__file__).parent / "rounds.lua"
THREADS, CONNECTIONS = 2, 16
SIZE_TOLERANCE = 0.03  # wrk sees nothing of a page but its status and its size


class NotMeasured(Exception):
    """A figure would mean nothing; the message says why."""


@dataclass(slots=True)
class Target:
    """Pages of one kind, asked for in turn. `check` raises NotMeasured for an answer that is not what it should be."""

    name: str
    origin: str
    paths: Sequence[str]
    headers: Mapping[str, str]
    get: Callable[[str, Mapping[str, str]], Answer]
    check: Callable[[str, Answer], None]
    rounds: list[Round] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests a second, the median of the rounds."""
        return statistics.median(each.rate for each in self.rounds)

    def verify(self, more: Mapping[str, str] | None = None) -> list[Answer]:
        """Ask for each page once and check it."""
        answers = []
        for path in self.paths:
            answer = self.get(path, {**self.headers, **(more or {})})
            if answer.status != 200:
                raise NotMeasured(f"{self.name}: {path} answered {answer.status}")
            self.check(path, answer)
            answers.append(answer)
        return answers

    def size(self) -> float:
        """Bytes of an answer in the middle, with its headers."""
        return statistics.mean(
            len(answer.body) + sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) + 19
            for answer in self.verify()
        )


@dataclass(frozen=True, slots=True)
class Round:
    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def alternate(targets: Sequence[Target], rounds: int, seconds: int) -> None:
    """Measure all targets in turn, so many times. Every page is checked before and after.

    Raises NotMeasured for any answer that is not 200, not the page, or not of its size.
    """
    sizes = {target.name: target.size() for target in targets}
    for _ in range(rounds):
        for target in targets:
            target.rounds.append(run(target, seconds, sizes[target.name]))
    for target in targets:
        target.verify()


def warm_up(target: Target, seconds: int) -> None:
    """Have every process make the pages; what takes long the first time is no matter here."""
    ask(target, seconds)


def run(target: Target, seconds: int, size: float) -> Round:
    """One round. Raises NotMeasured unless every answer is a success of this size."""
    seen = ask(target, seconds)
    if seen["errors"] or not seen["requests"]:
        raise NotMeasured(f"{target.name}: {seen['errors']} of {seen['requests']} requests failed")
    each = seen["bytes"] / seen["requests"]
    if abs(each / size - 1) > SIZE_TOLERANCE:
        raise NotMeasured(f"{target.name}: answers of {each:.0f} bytes, where a page has {size:.0f}")
    return Round(seen["requests"], seen["microseconds"] / 1e6, seen["p50"] / 1000, seen["p99"] / 1000)


def ask(target: Target, seconds: int) -> dict[str, int]:
    """What `rounds.lua` tells of so many seconds. Raises NotMeasured if wrk did not run."""
    if shutil.which("wrk") is None:
        raise NotMeasured("wrk is not installed: apt-get install wrk")
    headers = [part for name, value in target.headers.items() for part in ("-H", f"{name}: {value}")]
    strength = ["-t", str(THREADS), "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", str(SCRIPT)]
    command = ["wrk", *strength, *headers, target.origin, "--", *target.paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"{target.name}: wrk ended with {done.returncode}: {done.stderr or done.stdout}")
    seen: dict[str, int] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return seen
