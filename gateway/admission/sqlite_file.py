"""A SQLite file shared by the workers of a host: opened at first use, reopened after an error.

SQLite never switches greenlets, so only real threads wait for the lock.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.write_ahead_log import write_ahead

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WAL_BYTES_KEPT = 4_194_304
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFSOCK: "socket"}


class EmbeddedUnavailable(Exception):
    """``reason`` is for logs only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """``application_id`` marks our files, ``version`` their schema."""

    application_id: int
    version: int
    schema: str


class Transaction:
    """A class, since a generator's context manager costs three times as much."""

    __slots__ = ("_database", "_wait_seconds", "_writes")

    def __init__(self, database: EmbeddedDatabase, wait_seconds: float, *, writes: bool) -> None:
        self._database = database
        self._wait_seconds = wait_seconds
        self._writes = writes

    def __enter__(self) -> sqlite3.Connection:
        return self._database.begin(self._wait_seconds, writes=self._writes)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._database.end(error)


class EmbeddedDatabase:
    """One connection per process, behind one lock. ``max_bytes`` bounds the file without its WAL; 0: no bound.

    What is committed outlives any process. What it raises is ``unavailable``, made of a reason.
    Synced: a power cut may cost the last commits, never the file.
    Not synced: nothing waits for the disk, but a power cut may cost the file.
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        *,
        max_bytes: int = 0,
        is_synced: bool = True,
        busy_seconds: float = 0.5,
        unavailable: Callable[[str], Exception] = EmbeddedUnavailable,
    ) -> None:
        self._path = path
        self._name = str(path)
        self._unavailable = unavailable
        self._layout = layout
        self._max_bytes = max_bytes
        self._synchronous = "NORMAL" if is_synced else "OFF"
        self._busy_seconds = busy_seconds
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._owner_pid = 0
        self._identity: tuple[int, int] | None = None
        self._wait_seconds = busy_seconds

    def transaction(self, *, waits: bool = True, writes: bool = True) -> Transaction:
        """Rolled back where the block raises. Raises ``unavailable``.

        It waits at most ``busy_seconds`` for others, or not at all.
        One that does not write sees what was committed before it, and neither waits for a writer nor holds one up.
        """
        return Transaction(self, self._busy_seconds if waits else 0.0, writes=writes)

    def begin(self, wait_seconds: float, *, writes: bool) -> sqlite3.Connection:
        """Whoever calls it ends it with ``end``, unless it raises ``unavailable``."""
        self._lock.acquire()
        try:
            connection = self._connected()
            self._begin(connection, wait_seconds, writes=writes)
        except BaseException as exc:
            self.end(exc)
            raise
        return connection

    def end(self, error: BaseException | None) -> None:
        """Commits where there is no ``error``. Raises ``unavailable``."""
        try:
            if error is None and self._connection is not None:
                self._connection.execute("COMMIT")
        except sqlite3.Error as exc:
            error = exc
        try:
            if error is not None:
                self._give_up(error)
        finally:
            self._lock.release()

    def _give_up(self, error: BaseException) -> None:
        """Raises ``unavailable`` where the file is at fault."""
        if isinstance(error, sqlite3.Error):
            self._disconnect()
            raise self._unavailable(f"{_reason(error)}; {_standing(self._path)}") from error
        if isinstance(error, OSError):
            code = errno.errorcode.get(error.errno or 0, type(error).__name__)
            raise self._unavailable(f"{code} ({error.strerror}); {_standing(self._path)}") from error
        self._rollback()

    def _begin(self, connection: sqlite3.Connection, wait_seconds: float, *, writes: bool) -> None:
        if wait_seconds != self._wait_seconds:
            connection.execute(f"PRAGMA busy_timeout = {round(1000 * wait_seconds)}")
            self._wait_seconds = wait_seconds
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _connected(self) -> sqlite3.Connection:
        # A connection must not cross a fork. The child leaves its parent's unclosed and opens its own.
        if self._connection is None or self._owner_pid != os.getpid():
            self._connection, self._wait_seconds = self._open(), self._busy_seconds
            self._owner_pid = os.getpid()
        elif _identity(self._name) != self._identity:
            # Writes to a removed file would succeed, and no other worker would see them.
            self._disconnect()
            return self._connected()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        self._secure()
        # Before it is opened: one that takes its place meanwhile is noticed by the next step.
        self._identity = _identity(self._name)
        connection = sqlite3.connect(
            self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _secure(self) -> None:
        """Other users are denied the file. Its WAL inherits the mode."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        status = self._path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise self._unavailable(f"EPERM (not a file of this user); {_standing(self._path)}")
        if status.st_mode & 0o077:
            self._path.chmod(0o600)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if not self._is_ours(connection):
            write_ahead(connection, self._busy_seconds)
            self._create(connection)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
        if self._max_bytes:
            page_size = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {self._max_bytes // page_size}")

    def _create(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        if not self._is_ours(connection):  # Another worker may have been faster.
            for statement in self._layout.schema.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {self._layout.application_id}")
            connection.execute(f"PRAGMA user_version = {self._layout.version}")
        connection.execute("COMMIT")

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        """False for an empty file. Raises ``unavailable`` for another layout."""
        application_id, version, tables = connection.execute(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
            " FROM pragma_application_id, pragma_user_version"
        ).fetchone()
        if (application_id, version) == (self._layout.application_id, self._layout.version):
            return True
        if (application_id, version, tables) == (0, 0, 0):
            return False
        raise self._unavailable(f"another program's file, or another version's: {self._path}")

    def _rollback(self) -> None:
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None and self._owner_pid == os.getpid():
            self._connection.close()  # Closing rolls an open transaction back.
        self._connection = None


def _reason(error: sqlite3.Error) -> str:
    return f"{getattr(error, 'sqlite_errorname', type(error).__name__)}: {error}"


def _identity(path: str) -> tuple[int, int] | None:
    """Device and inode."""
    try:
        status = os.stat(path)  # noqa: PTH116 -- by each step: a Path takes twice as long
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _standing(path: Path) -> str:
    """For the log: file and folder, owners, modes and our user."""
    who = os.geteuid()
    return ", ".join([*(_described(each) for each in (path.parent, path)), f"used as user {who}"])


def _described(path: Path) -> str:
    try:
        status = path.lstat()
    except OSError as exc:
        return f"{path}: {exc.strerror}"
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no plain file")
    return f"{kind} {path} of user {status.st_uid}, mode {stat.S_IMODE(status.st_mode):04o}"
