"""The schema: migrations, refusals, the file's mode, the append-only ledger, and no key anywhere."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from nbchat.core.errors import StorageError
from nbchat.core.models import KeyPlace, Provider
from nbchat.storage import Place, SqliteStore, database, ledger
from nbchat.storage.database import Database
from nbchat.storage.migrations import LATEST, MIGRATIONS, Migration, check, migrate
from tests.contracts.values import a_conversation, a_record, a_turn, end_of
from tests.support.clock import ManualClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "nbchat.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    opened = Database(Place(path))
    yield opened
    opened.close()


def dump(path: Path) -> str:
    with closing(sqlite3.connect(path)) as other:
        return "\n".join(other.iterdump())


def test_numbers() -> None:
    """Migrations are numbered from 1 without a gap."""
    assert [step.number for step in MIGRATIONS] == list(range(1, LATEST + 1))


def test_modes(db: Database, path: Path) -> None:
    """The directory is 0700; the database and what SQLite lays beside it are 0600."""
    with db.transaction():
        db.execute("INSERT INTO settings VALUES ('a', '1')")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["nbchat.db", "nbchat.db-shm", "nbchat.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_existing_directories_keep_their_mode(tmp_path: Path) -> None:
    """A directory that was there is the user's own matter."""
    tmp_path.chmod(0o755)
    Database(Place(tmp_path / "nbchat.db")).close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_pragmas(db: Database) -> None:
    """WAL, foreign keys, FULL for what must survive a power cut and NORMAL for checkpoints."""
    assert db.row("PRAGMA journal_mode") == ("wal",)
    assert db.row("PRAGMA foreign_keys") == (1,)
    for durable, level in ((True, 2), (False, 1), (True, 2)):
        with db.transaction(durable=durable):
            assert db.row("PRAGMA synchronous") == (level,)


def test_network_file_system(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network file system the journal is a rollback journal, always FULL; an existing WAL database is changed."""
    Database(Place(path)).close()
    monkeypatch.setattr(database, "is_network", lambda _: True)
    with closing(Database(Place(path))) as db:
        assert (db.journal_mode, db.row("PRAGMA journal_mode")) == ("delete", ("delete",))
        with db.transaction(durable=False):
            assert db.row("PRAGMA synchronous") == (2,)


def test_reopening_changes_nothing(path: Path) -> None:
    """Opening a current database migrates nothing."""
    Database(Place(path)).close()
    before = dump(path)
    Database(Place(path)).close()
    assert dump(path) == before


def test_a_newer_schema_is_refused(path: Path) -> None:
    """A database of a newer nbchat is named as such and stays as it is, byte for byte."""
    Database(Place(path)).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("INSERT INTO schema_version VALUES (?, 'from the future', 0)", (LATEST + 1,))
        other.commit()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="newer nbchat") as caught:
        Database(Place(path))
    assert "Upgrade" in caught.value.hint
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(path: Path) -> None:
    """A SQLite file that is not ours is not touched."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE photos (id)")
        other.commit()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        Database(Place(path))
    assert path.read_bytes() == before


def test_a_failed_step_leaves_the_old_schema(db: Database) -> None:
    """A step that fails half-way is undone whole, and the next start can try again."""
    broken = Migration(LATEST + 1, "broken", ("CREATE TABLE half (id)", "CREATE TABLE conversations (id)"))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(db, (*MIGRATIONS, broken))
    assert check(db) == LATEST
    assert db.row("SELECT name FROM sqlite_master WHERE name = 'half'") is None


def test_a_later_step_keeps_the_data(db: Database) -> None:
    """A further step runs once, on the data that is there, and is recorded."""
    with db.transaction():
        db.execute("INSERT INTO settings VALUES ('a', '1')")
    step = Migration(LATEST + 1, "twice", ("UPDATE settings SET value = value + 1",))
    for _ in range(2):
        migrate(db, (*MIGRATIONS, step))
    assert db.row("SELECT value FROM settings") == ("2",)
    assert db.row("SELECT name FROM schema_version WHERE version = ?", (LATEST + 1,)) == ("twice",)


def test_many_open_at_once(path: Path) -> None:
    """Connections that open a new file at the same moment all succeed, and the schema is made once."""

    def open_and_write(number: int) -> None:
        with closing(Database(Place(path))) as db, db.transaction():
            db.execute("INSERT INTO settings VALUES (?, '1')", (str(number),))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_and_write, range(24)))
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT COUNT(*) FROM settings").fetchone() == (24,)
        assert other.execute("SELECT COUNT(*) FROM schema_version").fetchone() == (LATEST,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE requests SET cost_amount = '0'",
        "DELETE FROM requests",
        "DELETE FROM requests WHERE id = 'r'",
    ],
)
def test_the_ledger_is_append_only(path: Path, statement: str) -> None:
    """The database itself refuses to change or remove a ledger row."""
    ledger_of(path)
    with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)


def test_the_ledger_is_not_replaced(path: Path) -> None:
    """INSERT OR REPLACE, which fires no delete trigger, leaves the first row."""
    ledger_of(path)
    with closing(sqlite3.connect(path)) as other:
        names = [row[1] for row in other.execute("PRAGMA table_info(requests)")]
        values = [0 if name != "id" else "r" for name in names]
        other.execute(f"INSERT OR REPLACE INTO requests VALUES ({', '.join('?' * len(names))})", [99, *values[1:]])
        assert other.execute("SELECT id, model, cost_amount, typeof(cost_amount) FROM requests").fetchall() == [
            ("r", "tiny", "0.000012300000000000000001", "text")
        ]


def ledger_of(path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(Place(path), ManualClock())
        await store.settle(a_record(a_turn(a_conversation()), id="r"))
        await store.aclose()

    asyncio.run(work())


def test_a_models_newest_requests_are_found_along_an_index(db: Database) -> None:
    """An estimate after Stop has a tenth of a second: a ledger of years is not read through."""
    asked: list[str] = []
    db.sql.set_trace_callback(asked.append)
    ledger.calibration(db, "lab", "tiny")
    db.sql.set_trace_callback(None)
    [plan] = db.rows(f"EXPLAIN QUERY PLAN {asked[-1]}")
    assert "USING INDEX requests_by_model (provider=? AND model=?)" in plan[3]


def test_only_the_place_of_a_key_is_saved(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider's row has no column that could hold a key; the files name its place and do not contain it."""
    canary = "sk-CANARY-0123456789"
    monkeypatch.setenv("LAB_KEY", canary)

    async def work() -> None:
        store = SqliteStore(Place(path), ManualClock())
        await store.save_provider(Provider("lab", "http://127.0.0.1/v1", key=KeyPlace("env", "LAB_KEY")))
        asked = a_turn(await store.create(a_conversation()))
        await store.begin_turn(asked.record, asked.messages)
        await store.end_turn(asked.record, end_of(asked), [a_record(asked)])
        await store.aclose()

    asyncio.run(work())
    with closing(sqlite3.connect(path)) as other:
        columns = {row[1] for row in other.execute("PRAGMA table_info(providers)")}
    assert {name for name in columns if "key" in name} == {"key_kind", "key_name"}
    written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"LAB_KEY" in written
    assert canary.encode() not in written
