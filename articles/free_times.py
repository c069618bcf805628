"""Which articles are free for everybody for a time. The app that decides it is above this one and hands it in; it is
for telling readers so, and opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

type FreeTimes = Callable[[datetime], Mapping[int, datetime]]

sources: list[FreeTimes] = []


def add_free_times(source: FreeTimes) -> FreeTimes:
    """Let an upper app name the articles that are free at a moment (UTC), each by its number and with the end of that
    time. The ends have to be among the moments of `caching.add_moments`, and a change has to purge `article-12`.
    """
    if source not in sources:
        sources.append(source)
    return source


def free_ends(now: datetime) -> dict[int, datetime]:
    """The articles that are free at `now` whatever their tier, with the end (UTC, exclusive) of that."""
    return {pk: end for source in sources for pk, end in source(now).items() if now < end}
