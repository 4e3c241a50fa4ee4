"""Schema: the tables of jobs and logs, and whether a file has them. There are no migrations: what is older is made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["APPLICATION", "VERSION", "create", "version_of"]

VERSION = 1
APPLICATION = int.from_bytes(b"nbch", "big")
"""SQLite's application id of these files: bytes 68 to 71 of each."""

_STATEMENTS = (
    # The machine's clock: `origin` is the time of day at which the steady clock of this boot stood at zero, as its first kernel
    # saw it. All times in the tables are steady time + origin: one scale for all kernels, which no jump of the time of day moves.
    "CREATE TABLE clocks (boot TEXT PRIMARY KEY, origin REAL NOT NULL)",
    # Counts what watchers are told of.
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT INTO counters VALUES ('changes', 0)",
    # `body` is the whole job; beside it stands what is searched for. `active` is the last update, `renewed` the last sign of
    # life, `changed` the count of changes at its last one.
    """
    CREATE TABLE jobs (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        user TEXT NOT NULL,
        stream_id TEXT NOT NULL,
        conversation_id TEXT NOT NULL,
        generation INTEGER NOT NULL,
        status TEXT NOT NULL,
        active REAL NOT NULL,
        renewed REAL NOT NULL,
        changed INTEGER NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (user, stream_id)
    )
    """,
    "CREATE INDEX jobs_by_status ON jobs (user, status)",
    "CREATE INDEX jobs_by_change ON jobs (user, changed)",
    # `entries` and `size` (characters) are those of the tail; `active` is the last entry: a sign of life of the job, too.
    """
    CREATE TABLE logs (
        id INTEGER PRIMARY KEY,
        user TEXT NOT NULL,
        stream_id TEXT NOT NULL,
        generation INTEGER NOT NULL,
        seq INTEGER NOT NULL DEFAULT 0,
        entries INTEGER NOT NULL DEFAULT 0,
        size INTEGER NOT NULL DEFAULT 0,
        ended INTEGER NOT NULL DEFAULT 0,
        active REAL NOT NULL,
        UNIQUE (user, stream_id)
    )
    """,
    # Level 0 is the tail, as it was written; what is older was joined, higher levels from more rows.
    """
    CREATE TABLE entries (
        log INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        after INTEGER NOT NULL,
        level INTEGER NOT NULL,
        size INTEGER NOT NULL,
        events TEXT NOT NULL,
        PRIMARY KEY (log, seq)
    )
    """,
    "CREATE INDEX entries_by_level ON entries (log, level, seq)",
    # How many subscriptions a log ever had, and how often the last one left.
    """
    CREATE TABLE readers (
        user TEXT NOT NULL,
        stream_id TEXT NOT NULL,
        made INTEGER NOT NULL DEFAULT 0,
        emptied INTEGER NOT NULL DEFAULT 0,
        active REAL NOT NULL,
        PRIMARY KEY (user, stream_id)
    ) WITHOUT ROWID
    """,
    # How many a kernel has open; `owner` is its process.
    """
    CREATE TABLE subscriptions (
        user TEXT NOT NULL,
        stream_id TEXT NOT NULL,
        kernel TEXT NOT NULL,
        owner TEXT NOT NULL,
        open INTEGER NOT NULL,
        renewed REAL NOT NULL,
        PRIMARY KEY (user, stream_id, kernel)
    ) WITHOUT ROWID
    """,
)


def version_of(sql: sqlite3.Connection) -> int:
    """Return the version of a file's tables, 0 for an empty file, -1 for somebody else's. Raises sqlite3.Error."""
    (application,) = sql.execute("PRAGMA application_id").fetchone()
    (version,) = sql.execute("PRAGMA user_version").fetchone()
    (tables,) = sql.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    return int(version) if application == APPLICATION else -1 if tables else 0


def create(sql: sqlite3.Connection) -> None:
    """Make the tables, within the caller's transaction."""
    for statement in _STATEMENTS:
        sql.execute(statement)
    sql.execute(f"PRAGMA application_id = {APPLICATION}")
    sql.execute(f"PRAGMA user_version = {VERSION}")
