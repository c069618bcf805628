"""What the operating system says of the processes that run now, read from /proc or, where there is none, from ps.

Only looks: ending a process is the caller's business.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PS_COLUMNS = "pid=,pgid=,lstart=,command="
LSTART_WORDS = 5  # "Mon Nov 23 07:15:00 2026"


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    group: int
    started: str  # opaque: equal for the same process, as long as the machine is not started again
    command: str  # the arguments joined by blanks; empty for a process that has ended but was not collected


def running() -> dict[int, Process]:
    """Every process that this user may see, by its id."""
    found = _from_proc() if (PROC / "self" / "stat").exists() else _from_ps()
    return {process.pid: process for process in found}


def _from_proc() -> list[Process]:
    found = []
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # the second field is the name in parentheses, which may itself hold blanks and parentheses
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            command = (folder / "cmdline").read_text(errors="replace").rstrip("\0").replace("\0", " ")
        except OSError:  # it ended meanwhile, or is hidden from us
            continue
        found.append(Process(int(folder.name), int(fields[2]), fields[19], command))
    return found


def _from_ps() -> list[Process]:
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", PS_COLUMNS], capture_output=True, text=True, errors="replace", check=True
    )
    found = []
    for line in listing.stdout.splitlines():
        words = line.split(maxsplit=2 + LSTART_WORDS)
        if len(words) > 2 + LSTART_WORDS:
            found.append(Process(int(words[0]), int(words[1]), " ".join(words[2 : 2 + LSTART_WORDS]), words[-1]))
    return found
