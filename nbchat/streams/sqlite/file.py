"""StreamsFile: one connection to the file of jobs and logs, with its transactions and its clock. Lives on one thread.

Owns how the file is opened, put aside when it cannot be read, and known to be gone. sqlite3 is imported here when a connection is
made. Nothing is synchronised to the disk: what a power cut takes with it ended with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nbchat.machine.filesystem import is_network, prepare
from nbchat.machine.owner import this_process
from nbchat.machine.patience import patiently
from nbchat.sessions.ports import Clock
from nbchat.streams.sqlite import schema
from nbchat.streams.sqlite.trouble import foreign, forked, is_busy, is_damage, newer

if TYPE_CHECKING:
    import sqlite3

__all__ = ["BUSY_SECONDS", "NAME", "StreamsFile"]

T = TypeVar("T")

NAME = "streams.db"
"""How the file is called in its default place: beside the database of conversations."""
BUSY_SECONDS = 1.0
"""How long a statement waits for another process; a commit holds the lock for some milliseconds."""

_opened: dict[str, int] = {}
"""Real path -> process that has it open. SQLite's locks are per process and its record of them is inherited by a fork: a
connection opened there would believe that it holds locks that it does not, so it is refused."""


class StreamsFile:
    """An open file with its tables; the one that was found `damaged` is put aside first. Raises StreamsError when newer kernels
    use it or it is not ours, else what sqlite3 and the system raise."""

    def __init__(
        self, path: Path, clock: Clock, *, damaged: tuple[int, int] | None = None, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self.path = path
        self._clock = clock
        self._busy_seconds = busy_seconds
        self._real = os.path.realpath(path)
        if _opened.get(self._real, os.getpid()) != os.getpid():
            raise forked()
        if damaged is not None:
            self._put_aside(damaged)
        try:
            self.sql = self._connect()
        except Exception as error:
            if not isinstance(error, _OtherVersionError) and not is_damage(error):
                raise
            self._put_aside(self._found)
            self.sql = self._connect()
        _opened[self._real] = os.getpid()
        self.identity = _identity(path)
        self._beside = {beside: _identity(beside) for beside in _beside(path)}
        self._version = self._data_version()
        self.wrote = False
        """Whether a transaction committed since somebody set this to False."""

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        prepare(self.path)
        self._found = _identity(self.path)
        sql = sqlite3.connect(str(self.path), timeout=self._busy_seconds, isolation_level=None)
        try:
            self._patiently(lambda: self._set_up(sql))
        except BaseException:
            sql.close()
            raise
        return sql

    def _set_up(self, sql: sqlite3.Connection) -> None:
        version = schema.version_of(sql)
        if version not in (0, schema.VERSION):
            self._check_unused(sql)
            raise _OtherVersionError
        wanted = "delete" if is_network(self.path) else "wal"
        (mode,) = sql.execute("PRAGMA journal_mode").fetchone()
        if mode != wanted:
            sql.execute(f"PRAGMA journal_mode = {wanted}")
        sql.execute("PRAGMA synchronous = OFF")
        sql.execute("PRAGMA secure_delete = ON")  # text that has expired does not stay in free pages
        sql.execute("BEGIN IMMEDIATE")
        try:
            if schema.version_of(sql) == 0:
                schema.create(sql)
            self._origin = self._find_origin(sql)
            sql.execute("COMMIT")
        except BaseException:
            if sql.in_transaction:  # else SQLite has rolled back itself, and the cause is what is to be told
                sql.execute("ROLLBACK")
            raise

    def _check_unused(self, sql: sqlite3.Connection) -> None:
        """Raise StreamsError if somebody uses the file: then its journal mode cannot be changed."""
        try:
            sql.execute("PRAGMA journal_mode = delete")
        except Exception as error:
            if is_busy(error):
                raise newer(str(self.path)) from error
            raise

    def _put_aside(self, found: tuple[int, int] | None) -> None:
        """Move the file out of the way, if it still is the one that was found; the one before it is overwritten. Raises
        StreamsError for one that is not known to be ours."""
        if found is None or _identity(self.path) != found:
            return
        if self.path.name != NAME and _application_of(self.path) != schema.APPLICATION:
            raise foreign(str(self.path))
        for beside in _beside(self.path):
            beside.unlink(missing_ok=True)
        self.path.replace(self.path.with_name(self.path.name + ".damaged"))

    def _find_origin(self, sql: sqlite3.Connection) -> float:
        """Return the time of day at which this boot's steady clock stood at zero, as all kernels have it."""
        boot, origin = this_process().boot, self._clock.time() - self._clock.monotonic()
        known = sql.execute("SELECT origin FROM clocks WHERE boot = ?", (boot,)).fetchone()
        (latest,) = sql.execute("SELECT MAX(renewed) FROM jobs").fetchone()
        # Where the system does not name its boots, a time that is still to come tells that there was another one.
        if known is None or (not boot and latest is not None and latest > self._clock.monotonic() + known[0] + 1):
            sql.execute("INSERT OR REPLACE INTO clocks VALUES (?, ?)", (boot, origin))
            return origin
        return float(known[0])

    def _patiently(self, work: Callable[[], T]) -> T:
        return patiently(work, self._busy_seconds, is_busy)

    def now(self) -> float:
        """The time of the machine's steady clock, in seconds, as all its kernels have it."""
        return self._clock.monotonic() + self._origin

    def row(self, sql: str, *parameters: Any) -> Any:
        """Return the first row, or None."""
        return self.sql.execute(sql, parameters).fetchone()

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        """Return all rows."""
        return self.sql.execute(sql, parameters).fetchall()

    def do(self, sql: str, *parameters: Any) -> int:
        """Run a statement; returns how many rows it changed."""
        return self.sql.execute(sql, parameters).rowcount

    def many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of these."""
        self.sql.executemany(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write in one transaction, whole or not at all."""
        with self._within("BEGIN IMMEDIATE"):
            yield
        self.wrote = True

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read several things as of one moment."""
        with self._within("BEGIN"):
            yield

    @contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        self._patiently(lambda: self.sql.execute(begin))
        try:
            yield
            self.sql.execute("COMMIT")
        except BaseException:
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")
            raise

    def changed(self) -> bool:
        """Whether another connection has committed since this was asked last."""
        version, self._version = self._version, self._data_version()
        return version != self._version

    def _data_version(self) -> int:
        return int(self.sql.execute("PRAGMA data_version").fetchone()[0])

    def moved(self) -> bool:
        """Whether the file was deleted or replaced: what is written to it then is lost, and nobody says so."""
        return _identity(self.path) != self.identity

    def close(self) -> None:
        """Close the connection. Of a file that was moved, what lies beside its old name is taken away: SQLite would take that log
        for the log of whatever file has the name next, and write it over that file's pages."""
        if self.moved():
            for path, identity in self._beside.items():
                if identity is not None and _identity(path) == identity:
                    with suppress(OSError):
                        path.unlink()
        _opened.pop(self._real, None)
        with suppress(Exception):  # what is in trouble is given up
            self.sql.close()


class _OtherVersionError(Exception):
    """The file was made by another version, and nobody uses it."""


def _application_of(path: Path) -> int:
    with path.open("rb") as file:
        return int.from_bytes(file.read(72)[68:], "big")


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal")]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:  # a part of its path may be gone, or forbidden: as far as can be seen there is no file
        return None
    return stat.st_dev, stat.st_ino
