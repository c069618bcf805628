"""How long a call of a function takes, beside one of a function that does nothing."""

from __future__ import annotations

import timeit
from collections.abc import Callable

ROUNDS, CALLS = 7, 20_000


def seconds(call: Callable[[], object]) -> float:
    """Of one call: the best of several rounds, since whatever else the machine does only adds."""
    return min(timeit.repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS


def empty() -> None:
    pass
