"""The PostgreSQL that comes with a clone: where it lives, how it is started, joined and stopped.

Must not import Django, nor know what is stored. `home` and `socket_dir` follow from the path of the project alone, so
that the settings can name the socket without starting anything.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from newsroom import processes
from newsroom.postgres_binaries import (
    MAJOR_VERSION,
    Account,
    EmbeddedPostgresError,
    EmbeddedPostgresFailed,
    EmbeddedPostgresUnavailable,
    binaries,
    reachable_binaries,
    run_tool,
    server_account,
)

__all__ = ["Cluster", "EmbeddedPostgresError", "EmbeddedPostgresFailed", "EmbeddedPostgresUnavailable"]

PORT = 5432  # part of the socket's name; nothing listens on TCP
SUPERUSER = "postgres"
DEFAULT_DATABASE = "newsroom"
SOCKET_NAME = f".s.PGSQL.{PORT}"
SOCKET_PATH_LIMIT = 103  # bytes; macOS has room for 104 with the closing zero, Linux for 108

# Fixed rather than taken from TMPDIR: two commands with different environments must find the same server. The home
# that root needs must outlive a restart of the machine, a socket need not.
LASTING_TEMPORARY_FOLDER = Path("/var/tmp")  # noqa: S108 - made private, and refused if somebody else made it
TEMPORARY_FOLDER = Path("/tmp")  # noqa: S108 - likewise

START_LIMIT = 60  # seconds
LOG_LIMIT = 10_000_000  # bytes; a longer log is set aside at the next start
NO_PROCESS = 2**31 - 1  # beyond the highest process id of any system

SETTINGS = f"""\
listen_addresses = ''
port = {PORT}
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 64MB
io_method = sync
max_wal_size = 256MB
log_checkpoints = off
log_timezone = 'UTC'
timezone = 'UTC'
"""
# For what is thrown away. The site's own cluster commits synchronously: otherwise a kill -9 loses acknowledged rows.
THROWAWAY_SETTINGS = """\
fsync = off
synchronous_commit = off
full_page_writes = off
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One server with its data: the site's own or, with a name, another one that gives up durability for speed."""

    project: Path
    name: str = ""

    @property
    def home(self) -> Path:
        if os.geteuid() == 0:  # the server runs as another user, who may not reach the project
            return LASTING_TEMPORARY_FOLDER / f"newsroom-{self._digest()}"
        return self._path() / (f".postgres-{self.name}" if self.name else ".postgres")

    @property
    def socket_dir(self) -> Path:
        """The HOST for libpq: the home, or a short folder where a socket address or a list of hosts cannot hold it."""
        home = self.home
        is_plain = re.fullmatch(r"[A-Za-z0-9_./ -]+", str(home)) is not None
        if is_plain and len(os.fsencode(home / SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
            return home
        return TEMPORARY_FOLDER / f"newsroom-{os.geteuid()}-{self._digest()}"

    def answers(self) -> bool:
        """Whether anything listens on the socket. Cheap enough to ask several times a second."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self.socket_dir / SOCKET_NAME))
            except (BlockingIOError, TimeoutError):  # its backlog is full: busy, but alive
                return True
            except OSError:
                return False
        return True

    def is_running(self) -> bool:
        """Whether the server accepts connections. Never judged by the pid file."""
        if not self.answers():
            return False
        address = ("-h", str(self.socket_dir), "-p", str(PORT), "-U", SUPERUSER, "-d", "postgres")
        status, _ = run_tool(binaries() / "pg_isready", "-q", *address)
        return status == 0

    def start(self) -> bool:
        """Make sure that the server runs: True if this call started it, False if it ran already."""
        if self._is_of_this_clone() and self.is_running():
            return False
        account = server_account(self.home)
        _make_private(self.home, account)
        with self._lock():
            if not self._is_of_this_clone():
                self._begin_anew(account)
            elif self.is_running() or self._settles(account):
                return False
            _make_private(self.socket_dir, account)
            tools = reachable_binaries(self.home, account)
            self._initialise(tools, account)
            self._configure(account)
            self._disarm_stale_pid(account)
            self._launch(tools, account)
        return True

    def stop(self) -> bool:
        """Stop the server, ending its connections: True if there was one to stop."""
        if not self.home.is_dir():
            return False
        with self._lock():
            if self._server_pid() is None:
                return False
            self._end(server_account(self.home))
        return True

    def remove(self) -> None:
        """Stop the server and delete all of its data."""
        self.stop()
        for folder in (self.home, self.socket_dir):
            if folder.is_dir():
                shutil.rmtree(folder)
        self._mark().unlink(missing_ok=True)

    def ensure_database(self, name: str = DEFAULT_DATABASE) -> bool:
        """Create the database if it is missing: True if it was.

        To be called before Django connects, whose pool waits 10 seconds for a database that is not there.
        """
        host = str(self.socket_dir)
        with psycopg.connect(host=host, port=PORT, user=SUPERUSER, dbname="postgres", autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return False
            create = psycopg.sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0")
            try:
                connection.execute(create.format(psycopg.sql.Identifier(name)))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):  # another process was faster
                return False
        return True

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines that the server logged, if any."""
        try:
            text = self._log().read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        return text.splitlines()[-lines:]

    def _path(self) -> Path:
        return Path(os.path.realpath(self.project))

    def _digest(self) -> str:
        return hashlib.sha256(os.fsencode(self._path()) + b"\0" + self.name.encode()).hexdigest()[:12]

    def _data(self) -> Path:
        return self.home / "data"

    def _log(self) -> Path:
        return self.home / "log"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One process at a time starts or stops this cluster. The kernel releases the lock when its holder dies."""
        handle = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _mark(self) -> Path:
        return self._path() / (f".postgres-mark-{self.name}" if self.name else ".postgres-mark")

    def _is_of_this_clone(self) -> bool:
        """Whether the home belongs to the clone that stands here now, not to one that was deleted since.

        Inside the clone it does. Outside, a mark in the clone is compared with its copy in the home.
        """
        if self.home.is_relative_to(self._path()):
            return True
        try:
            return self._mark().read_text(encoding="ascii") == (self.home / "clone").read_text(encoding="ascii")
        except OSError:
            return False

    def _begin_anew(self, account: Account | None) -> None:
        """Delete what a deleted clone left, as would have happened to data inside of it, and mark the home as ours."""
        if self._server_pid() is not None:
            self._end(account)
        if self._data().exists():
            shutil.rmtree(self._data())
        mark = secrets.token_hex(16)
        self._mark().write_text(mark, encoding="ascii")
        _replace_file(self.home / "clone", mark, account)

    def _initialise(self, tools: Path, account: Account | None) -> None:
        """Make the data folder if it is missing; renamed when complete: an interruption leaves no half cluster."""
        data = self._data()
        if data.exists():
            version = (data / "PG_VERSION").read_text(encoding="ascii").strip()
            if version != MAJOR_VERSION:
                raise EmbeddedPostgresUnavailable(
                    f"{data} was made by PostgreSQL {version}, but version {MAJOR_VERSION} is installed. "
                    "Move it away to begin with an empty database, or set DATABASE_URL."
                )
            return
        unfinished = self.home / "data.tmp"
        shutil.rmtree(unfinished, ignore_errors=True)
        encoding = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = ["-U", SUPERUSER, "--auth=trust", *encoding, "--no-sync", "--no-instructions"]
        status, output = run_tool(tools / "initdb", "-D", unfinished, *options, account=account)
        if status:
            raise EmbeddedPostgresFailed(f"PostgreSQL could not make its data folder:\n{output}")
        handle = os.open(unfinished / "postgresql.conf", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        with os.fdopen(handle, "a", encoding="utf-8") as configuration:
            configuration.write("\ninclude 'dev.conf'  # written anew at each start; lines of your own go below\n")
        unfinished.rename(data)

    def _configure(self, account: Account | None) -> None:
        socket_dir = str(self.socket_dir).replace("'", "''")
        text = f"{SETTINGS}unix_socket_directories = '{socket_dir}'\n"
        _replace_file(self._data() / "dev.conf", text + (THROWAWAY_SETTINGS if self.name else ""), account)
        if self._log().exists() and self._log().stat().st_size > LOG_LIMIT:
            self._log().replace(self.home / "log.old")

    def _server_pid(self) -> int | None:
        """The process of the pid file, if it is a server on this data; a killed one's file may name an innocent."""
        try:
            first = (self._data() / "postmaster.pid").read_text(encoding="utf-8").partition("\n")[0].strip()
        except OSError:
            return None
        process = processes.running().get(int(first)) if first.isdigit() else None
        if process is None:
            return None
        program, _, rest = process.command.partition(" -D ")
        return process.pid if program.endswith("/postgres") and rest.startswith(str(self._data())) else None

    def _settles(self, account: Account | None) -> bool:
        """Whether a live server that does not answer yet comes to it; one that has lost its socket is ended."""
        deadline = time.monotonic() + START_LIMIT / 4
        while self._server_pid() is not None:
            if self.is_running():
                return True
            if time.monotonic() > deadline:
                self._end(account)
                return False
            time.sleep(0.1)
        return False

    def _disarm_stale_pid(self, account: Account | None) -> None:
        """Let PostgreSQL start over a pid file that names some live process.

        The file stays: its later lines let the server find what a killed one may have left in shared memory.
        """
        pid_file = self._data() / "postmaster.pid"
        if not pid_file.exists():
            return
        first, newline, rest = pid_file.read_text(encoding="utf-8").partition("\n")
        if first.strip().isdigit():
            _replace_file(pid_file, f"{NO_PROCESS}{newline}{rest}", account)
        else:  # cut short by a full disk, say; the server would refuse it
            pid_file.unlink()
        (self.socket_dir / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)

    def _launch(self, tools: Path, account: Account | None) -> None:
        options = ("-D", self._data(), "-l", self._log(), "-s", "-w", "-t", str(START_LIMIT))
        deadline = time.monotonic() + 10
        while True:
            status, output = run_tool(tools / "pg_ctl", *options, "start", account=account)
            if status == 0:
                return
            tail = "\n".join(self.log_tail(8))
            # The children of a killed server need a moment to notice, and hold its memory until then.
            if "shared memory block" not in tail or time.monotonic() > deadline:
                raise EmbeddedPostgresFailed(f"PostgreSQL did not start: {output}\n{tail}")
            time.sleep(0.25)

    def _end(self, account: Account | None) -> None:
        tools = reachable_binaries(self.home, account)
        options = ("-D", self._data(), "-m", "fast", "-s", "-w", "-t", str(START_LIMIT))
        status, output = run_tool(tools / "pg_ctl", *options, "stop", account=account)
        if status and self._server_pid() is not None:
            raise EmbeddedPostgresFailed(f"PostgreSQL did not stop: {output}")


def _make_private(folder: Path, account: Account | None) -> None:
    """A folder for the server alone. Temporary folders are open to all, so what others made there is refused."""
    if re.search(r'["$`\\\n]', str(folder)):  # pg_ctl hands it to a shell
        raise EmbeddedPostgresUnavailable(
            f"PostgreSQL cannot live in {folder}: "
            "move the project to a path without quotes, dollar signs or backslashes, or set DATABASE_URL."
        )
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        message = f"PostgreSQL needs the folder {folder}: {error.strerror}. Make it possible, or set DATABASE_URL."
        raise EmbeddedPostgresUnavailable(message) from error
    found = folder.lstat()
    owners = {os.geteuid()} if account is None else {os.geteuid(), account.uid}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        raise EmbeddedPostgresUnavailable(f"{folder} belongs to somebody else: remove it, or set DATABASE_URL.")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    if account is not None and found.st_uid != account.uid:  # made just now, by us or by another command that starts
        os.chown(folder, account.uid, account.gid)


def _replace_file(path: Path, text: str, account: Account | None) -> None:
    """Write by replacing the folder's entry, so that root never writes through a link which the server's user made."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if account is not None:
            os.fchown(file.fileno(), account.uid, account.gid)
        file.write(text)
    fresh.replace(path)
