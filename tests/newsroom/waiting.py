"""Waiting for what another process does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def eventually(is_so: Callable[[], bool], *, within: float = 10.0) -> bool:
    """Whether it becomes so within that many seconds."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not is_so():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.02)
    return True
