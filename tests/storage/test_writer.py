"""The writer's thread: order, failures, closing, and when sqlite3 is loaded."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nbchat.core.errors import StorageError, UsageError
from nbchat.storage import Place
from nbchat.storage.database import Database
from nbchat.storage.trouble import explain
from nbchat.storage.writer import Writer
from tests.contracts.values import finish_all


def raising(error: BaseException) -> object:
    def work(_: Database) -> None:
        raise error

    return work


def test_sqlite3_is_loaded_by_the_first_job() -> None:
    """Importing the room and making a store load no sqlite3: the kernel's main thread never pays for it."""
    script = """
import asyncio, sys
from nbchat.runtime.clock import SystemClock
from nbchat.storage import open_store
store = open_store("memory:", clock=SystemClock())
print("sqlite3" in sys.modules)
async def use():
    await store.settings()
    await store.aclose()
asyncio.run(use())
print("sqlite3" in sys.modules)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.split() == ["False", "True"]


def test_one_thread_in_order() -> None:
    """Jobs run one after the other, in the order of their coming, on one thread that is not the caller's."""

    async def work() -> None:
        writer = Writer(Place(None))
        seen: list[tuple[int, int]] = []

        def job(number: int) -> None:
            seen.append((number, threading.get_ident()))

        await asyncio.gather(*(writer.run(lambda _, number=number: job(number)) for number in range(50)))  # type: ignore[misc]
        assert [number for number, _ in seen] == list(range(50))
        assert len({thread for _, thread in seen}) == 1
        assert threading.get_ident() != seen[0][1]
        await writer.aclose()

    finish_all(work())


def test_callers_faults_pass_unchanged() -> None:
    """A caller's own error keeps its class; SQLite's and the system's become a StorageError that keeps its cause."""

    async def work() -> None:
        writer = Writer(Place(None))
        for error in (UsageError("x"), KeyError("x"), ValueError("x")):
            with pytest.raises(type(error)):
                await writer.run(raising(error))  # type: ignore[arg-type]
        for trouble in (sqlite3.OperationalError("database is locked"), OSError(28, "No space left on device")):
            with pytest.raises(StorageError) as caught:
                await writer.run(raising(trouble))  # type: ignore[arg-type]
            assert caught.value.__cause__ is trouble
        assert await writer.run(lambda db: db.row("SELECT 1")) == (1,)
        await writer.aclose()

    finish_all(work())


def test_memory_survives_trouble() -> None:
    """A failure never costs a database in memory its contents."""

    async def work() -> None:
        writer = Writer(Place(None))
        await writer.run(lambda db: db.execute("INSERT INTO settings VALUES ('a', '1')").rowcount)
        with pytest.raises(StorageError):
            await writer.run(raising(sqlite3.DatabaseError("disk I/O error")))  # type: ignore[arg-type]
        assert await writer.run(lambda db: db.row("SELECT value FROM settings")) == ("1",)
        await writer.aclose()

    finish_all(work())


def test_a_new_connection_after_trouble(tmp_path: Path) -> None:
    """After an error that may lie in the connection the next job gets a new one; after a lock it keeps the old."""

    async def work() -> None:
        opened: list[Database] = []

        def connect(place: Place) -> Database:
            opened.append(Database(place))
            return opened[-1]

        writer = Writer(Place(tmp_path / "a.db"), connect)
        await writer.run(lambda db: db.row("SELECT 1"))
        for trouble, connections in (("database is locked", 1), ("disk I/O error", 2)):
            with pytest.raises(StorageError):
                await writer.run(raising(sqlite3.OperationalError(trouble)))  # type: ignore[arg-type]
            await writer.run(lambda db: db.row("SELECT 1"))
            assert len(opened) == connections
        await writer.aclose()

    finish_all(work())


def test_closing() -> None:
    """Closing finishes what was handed over, is idempotent, works unopened, and refuses later jobs readably."""

    async def work() -> None:
        writer = Writer(Place(None))
        futures = [writer.submit(lambda db: db.row("SELECT 1")) for _ in range(20)]
        await writer.aclose()
        await writer.aclose()
        assert [future.result(0) for future in futures] == [(1,)] * 20
        with pytest.raises(StorageError, match="closed"):
            await writer.run(lambda db: db.row("SELECT 1"))
        await Writer(Place(None)).aclose()

    finish_all(work())


def test_a_failed_transaction_is_undone() -> None:
    """A job that fails in mid-transaction leaves nothing behind, and the next one works."""

    async def work() -> None:
        writer = Writer(Place(None))

        def half(db: Database) -> None:
            with db.transaction():
                db.execute("INSERT INTO settings VALUES ('a', '1')")
                raise UsageError("no")

        with pytest.raises(UsageError):
            await writer.run(half)
        assert await writer.run(lambda db: db.rows("SELECT * FROM settings")) == []
        await writer.aclose()

    finish_all(work())


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("database is locked", "locked"),
        ("attempt to write a readonly database", "cannot be written"),
        ("database or disk is full", "no room left"),
        ("[Errno 28] No space left on device", "no room left"),
        ("file is not a database", "is not a database"),
        ("database disk image is malformed", "damaged"),
        ("disk I/O error", "failed"),
        ("unable to open database file", "cannot be opened"),
        ("something new", "something new"),
    ],
)
def test_what_people_read(message: str, expected: str) -> None:
    """Every known trouble has a sentence that names the file and a hint; an unknown one is quoted."""
    error = explain(sqlite3.OperationalError(message), "/data/nbchat.db")
    assert expected in error.text
    assert "/data/nbchat.db" in error.text
    assert error.hint
