"""Database: one SQLite connection with its transactions. Lives on the writer's thread and never leaves it.

Owns pragmas, the durability of each commit and the check that the file is still the one that was opened. Must not know
what is stored. sqlite3 is imported here when a connection is made, so that importing the package does not load it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nbchat.core.errors import StorageError
from nbchat.core.texts import well_formed
from nbchat.machine.filesystem import is_network, prepare
from nbchat.machine.patience import patiently
from nbchat.storage.migrations import LATEST, check, migrate
from nbchat.storage.place import Place
from nbchat.storage.trouble import cannot_write, is_busy

if TYPE_CHECKING:
    import sqlite3

__all__ = ["BUSY_SECONDS", "Database"]

T = TypeVar("T")

BUSY_SECONDS = 10.0
"""How long a statement waits for another process; a commit holds the lock for some milliseconds."""

_opened: dict[str, int] = {}
"""Real path -> process that has it open. SQLite's locks are per process and its record of them is inherited by a fork: a
connection opened there would believe that it holds locks that it does not, so it is refused."""


class Database:
    """An open, migrated database. Raises StorageError when it is newer or not ours, sqlite3.Error or OSError otherwise."""

    def __init__(self, place: Place, *, busy_seconds: float = BUSY_SECONDS) -> None:
        import sqlite3

        self.place = place
        self._busy_seconds = busy_seconds
        self._level = ""
        self._file: tuple[int, int] | None = None
        self._beside: dict[str, tuple[int, int] | None] = {}
        self._key = ""
        self._path = target = ":memory:" if place.path is None else str(place.path)
        if place.path is not None:
            self._refuse_fork()
            prepare(place.path)
        self.sql: sqlite3.Connection = sqlite3.connect(target, timeout=busy_seconds, isolation_level=None)
        try:
            self._set_up()
        except BaseException as error:
            self.sql.close()
            if place.path is None or not cannot_write(error) or not self._open_to_read(place.path):
                raise

    def _open_to_read(self, path: Path) -> bool:
        """Open what can be read but not written, so that old chats are there; the first write says what is wrong.

        Without its -shm file a WAL database can only be read as immutable, which is right when nobody has it open.
        """
        import sqlite3

        modes = ["mode=ro"] if Path(f"{path}-wal").exists() else ["mode=ro", "immutable=1"]
        for mode in modes:
            self.sql = sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True, timeout=self._busy_seconds, isolation_level=None)
            try:
                if check(self) == LATEST:
                    self._add_functions()
                    self.journal_mode = "read-only"
                    return True
            except (sqlite3.Error, StorageError):
                pass
            self.sql.close()
        return False

    def _refuse_fork(self) -> None:
        self._key = os.path.realpath(str(self.place.path))
        if _opened.get(self._key, os.getpid()) != os.getpid():
            raise StorageError(
                "this process was forked from one that has the database open, so it cannot save chats.",
                hint='Start the process with the "spawn" method instead.',
            )

    def _set_up(self) -> None:
        self._add_functions()
        self.execute("PRAGMA foreign_keys = ON")
        self.patiently(lambda: check(self))
        self.journal_mode = self.patiently(self._set_journal)
        migrate(self)
        if self.place.path is not None:
            self._file = _identity(self._path)
            self._beside = {path: _identity(path) for path in (f"{self._path}-wal", f"{self._path}-shm")}
            _opened[self._key] = os.getpid()

    def _add_functions(self) -> None:
        self.sql.create_function("casefold", 1, lambda text: str(text or "").casefold(), deterministic=True)

    def _set_journal(self) -> str:
        if self.place.path is None:
            return "memory"
        wanted = "delete" if is_network(self.place.path) else "wal"
        (current,) = self.row("PRAGMA journal_mode") or ("",)
        if current != wanted:
            (current,) = self.row(f"PRAGMA journal_mode = {wanted}") or ("",)
        return str(current)

    def patiently(self, work: Callable[[], T]) -> T:
        """Run `work` again while the database is busy."""
        return patiently(work, self._busy_seconds, is_busy)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement; lone surrogates in its parameters become U+FFFD, since UTF-8 has no form for them."""
        try:
            return self.sql.execute(sql, parameters)
        except UnicodeEncodeError:
            return self.sql.execute(sql, [well_formed(value) if isinstance(value, str) else value for value in parameters])

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        found: tuple[Any, ...] | None = self.execute(sql, parameters).fetchone()
        return found

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return self.execute(sql, parameters).fetchall()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """Write in one transaction. Durable ones survive a power cut (synchronous FULL); the others survive the
        process's death alone (NORMAL), at a hundredth of the price.

        BEGIN IMMEDIATE, because a read that becomes a write fails at once when somebody else wrote in between.
        """
        self._prepare(durable)
        self.patiently(lambda: self.sql.execute("BEGIN IMMEDIATE"))
        try:
            yield
            self.sql.execute("COMMIT")
        except BaseException:
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")
            raise

    def append(self, sql: str, parameters: Sequence[Any]) -> None:
        """Run one statement as a transaction of its own, not durable: half the price of `transaction`."""
        self._prepare(durable=False)
        self.patiently(lambda: self.execute(sql, parameters))

    def _prepare(self, durable: bool) -> None:
        self._same_file()
        level = "FULL" if durable or self.journal_mode == "delete" else "NORMAL"
        if level != self._level:
            self.sql.execute(f"PRAGMA synchronous = {level}")
            self._level = level

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read several things as of one moment."""
        self._same_file()
        self.sql.execute("BEGIN")
        try:
            yield
        finally:
            if self.sql.in_transaction:
                self.sql.execute("COMMIT")

    def _same_file(self) -> None:
        # Writes to a file that was deleted or replaced succeed silently and are lost.
        if self._file is not None and _identity(self._path) != self._file:
            self._let_go()
            raise StorageError(
                f"the database {self.place} was moved or deleted while it was in use.",
                hint="Put it back; else the next turn starts a new one there.",
            )

    def _let_go(self) -> None:
        """Finish the file where it is now, and take away what lies beside its old name: SQLite would take that log for the
        log of whatever file has the name next, and write it over that file's pages."""
        with suppress(Exception):  # what is in trouble is lost with its file
            self.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for path, identity in self._beside.items():
            if identity is not None and _identity(path) == identity:
                with suppress(OSError):
                    Path(path).unlink()

    def close(self) -> None:
        """Close the connection."""
        _opened.pop(self._key, None)
        self.sql.close()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino
