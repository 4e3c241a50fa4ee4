"""Databases of older schemas: opened, brought up to date whole or not at all, nothing lost, everything found."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from nbchat.core.errors import ErrorInfo, StorageError
from nbchat.core.messages import ReasoningPart, TextPart
from nbchat.core.models import KeyPlace, Provider
from nbchat.storage import Place, SqliteStore, database
from nbchat.storage.database import Database
from nbchat.storage.migrations import LATEST, MIGRATIONS, Migration, check, migrate
from tests.contracts.values import a_conversation, a_turn, finish_all
from tests.storage.scenario import Noted, chat
from tests.support.clock import ManualClock

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
LATER = 1764009000.0
"""After the lease of the turn that an older nbchat left running."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database as schema 1 left it: its literal statements and rows, never made by today's code."""
    path = tmp_path / "nbchat.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(Path(__file__).with_name("schema_1.sql").read_text(encoding="utf-8"))
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    return path


def with_store(path: Path, work: Callable[[SqliteStore], Awaitable[T]]) -> T:
    async def main() -> T:
        store = SqliteStore(Place(path), ManualClock(LATER))
        try:
            return await work(store)
        finally:
            await store.aclose()

    return finish_all(main())


def content(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables that schema 1 had, by the columns that it had."""
    old = sqlite3.connect(":memory:")
    old.executescript(Path(__file__).with_name("schema_1.sql").read_text(encoding="utf-8"))
    names = [name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_version'")]
    columns = {name: [row[1] for row in old.execute(f"PRAGMA table_info({name})")] for name in names}
    old.close()
    with closing(sqlite3.connect(path)) as db:
        return {name: db.execute(f"SELECT {', '.join(columns[name])} FROM {name} ORDER BY 1, 2").fetchall() for name in names}


def test_schema_1_is_what_was_released() -> None:
    """The first migration still makes what the fixture has: a migration is never edited."""
    with closing(sqlite3.connect(":memory:")) as then, closing(sqlite3.connect(":memory:")) as now:
        then.executescript(Path(__file__).with_name("schema_1.sql").read_text(encoding="utf-8"))
        for statement in MIGRATIONS[0].statements:
            now.execute(statement)
        schemas = [
            set(db.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '%schema_version'"))
            for db in (then, now)
        ]
    assert schemas[0] == schemas[1]


def test_nothing_is_lost(path: Path) -> None:
    """Every row and column of schema 1 is there after the migration, as it was."""
    before = content(path)
    assert all(before.values())
    Database(Place(path)).close()
    assert content(path) == before
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT MAX(version) FROM schema_version").fetchone() == (LATEST,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_was_saved_is_read(path: Path) -> None:
    """Conversations, branches, a leftover of a dead kernel, ledger, settings and providers come back as they were said."""

    async def work(store: SqliteStore) -> None:
        rows = await store.summaries()
        assert [(row.conversation.name, row.messages, row.running) for row in rows] == [
            ("thesis.ipynb", 6, False),
            ("旅行", 2, False),
            ("empty", 0, False),
        ]
        first = rows[0].conversation
        assert (first.title, first.parameters, first.head) == ("Größe der Stichprobe", {"temperature": 0.2}, "m6")
        assert (first.titled, first.archived) == (False, False)
        found = {message.id: message for message in await store.messages("c1")}
        assert [message.parent for message in found.values()] == [None, "m1", "m1", "m2", "m4", "m4"]
        assert found["m2"].parts[0] == ReasoningPart("Let me think.", 1.5)
        assert found["m2"].cost is not None
        assert found["m2"].cost.amount == Decimal("0.000123")
        assert (found["m2"].parameters, found["m2"].seconds, found["m2"].hidden, found["m2"].deleted) == (
            None,
            None,
            False,
            False,
        )
        assert found["m5"].error == ErrorInfo("network", "The connection was cut.", "Ask again.")
        assert (found["m6"].status, found["m6"].text) == ("interrupted", "A zebra needs more than ")
        assert await store.recover() == ["m6"]
        assert [(row.id, row.cost.amount) for row in await store.records()] == [
            ("r-t1", Decimal("0.000123")),
            ("r-old", Decimal("0.5")),
            ("r-t4", None),
            ("r-t3", None),
        ]
        assert await store.settings() == {"model": "lab/tiny"}
        lab = Provider("lab", "http://127.0.0.1:8000/v1", "openai", "Lab", KeyPlace("env", "LAB_KEY"), (("X-Team", "a"),), True)
        (provider,) = await store.providers()
        assert (provider.id, provider.key, provider.headers, provider.insecure) == (lab.id, lab.key, lab.headers, lab.insecure)
        cell = await store.turn_of_cell("c1", "cell-1")
        assert cell is not None
        assert cell.id == "t1"

    with_store(path, work)


def test_what_was_saved_is_found(path: Path) -> None:
    """What was said before there was a search is found, and the leftover of a dead kernel once it is settled."""

    async def work(store: SqliteStore) -> None:
        async def ids(text: str) -> list[str]:
            return [hit.message for hit in await store.search(text)]

        assert await ids("zebra") == ["m8", "m4"]
        assert await ids("quagga") == ["m2"]
        assert await ids("think") == []
        assert await ids("東京") == ["m7"]
        assert await ids("渋") == ["m8"]
        await store.recover()
        assert await ids("zebra") == ["m8", "m6", "m4"]
        await store.delete("c2")
        assert await ids("zebra") == ["m6", "m4"]

    with_store(path, work)


@pytest.mark.parametrize("at", range(len(MIGRATIONS[1].statements)))
def test_a_crash_half_way(path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """A migration that fails at any of its statements leaves schema 1 whole, and the next start can do it."""
    before = content(path), schema(path)
    second = MIGRATIONS[1]
    broken = Migration(2, second.name, (*second.statements[:at], "INSERT INTO nowhere VALUES (1)", *second.statements[at:]))
    monkeypatch.setattr(database, "migrate", lambda db: migrate(db, (MIGRATIONS[0], broken)))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        Database(Place(path))
    assert (content(path), schema(path)) == before
    monkeypatch.undo()
    with closing(Database(Place(path))) as db:
        assert check(db) == LATEST


def test_killed_half_way(path: Path) -> None:
    """A process that dies within a migration leaves schema 1 whole."""
    before = content(path), schema(path)
    script = """
import os, sys
from pathlib import Path
from nbchat.storage import Place
from nbchat.storage.database import Database
execute = Database.execute
def dying(self, sql, parameters=()):
    if sql.startswith("CREATE TRIGGER messages_changed"):
        os.kill(os.getpid(), 9)
    return execute(self, sql, parameters)
Database.execute = dying
Database(Place(Path(sys.argv[1])))
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert (content(path), schema(path)) == before
    Database(Place(path)).close()
    assert content(path) == before[0]


def schema(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


def test_two_processes_at_once(path: Path) -> None:
    """Processes that open an old database at the same moment all get the new one; the step is done once."""
    before = content(path)
    script = """
import sys
from pathlib import Path
from nbchat.storage import Place
from nbchat.storage.database import Database
sys.stdin.readline()
db = Database(Place(Path(sys.argv[1])))
print(db.row("SELECT COUNT(*) FROM unindexed"), db.row("SELECT COUNT(*) FROM schema_version"))
db.close()
"""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", script, str(path)]
    children = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) for _ in range(4)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        assert child.communicate() == (f"(7,) ({LATEST},)\n", "")
    assert content(path) == before


def test_an_older_nbchat_goes_on(path: Path) -> None:
    """A kernel that still runs an older nbchat, with the file open, keeps saving; what it saves is found."""
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.execute("PRAGMA foreign_keys = ON")
        older.execute("SELECT * FROM messages").fetchone()

        async def work(store: SqliteStore) -> None:
            assert len(await store.search("zebra")) == 2
            older.execute(
                "INSERT INTO messages (id, conversation_id, parent_id, role, parts, status, generation, created) "
                "VALUES ('m9', 'c2', 'm8', 'user', '[{\"text\":\"another zebra\",\"type\":\"text\"}]', 'complete', 2, 1764000400)"
            )
            assert [hit.message for hit in await store.search("zebra")] == ["m9", "m8", "m4"]
            older.execute('UPDATE messages SET parts = \'[{"text":"an okapi","type":"text"}]\' WHERE id = \'m4\'')
            assert [hit.message for hit in await store.search("zebra")] == ["m9", "m8"]
            older.execute("DELETE FROM conversations WHERE id = 'c2'")
            assert await store.search("zebra") == []
            assert [hit.message for hit in await store.search("okapi")] == ["m4"]
            assert await store.messages("c2") == []

        with_store(path, work)


def test_a_newer_schema(path: Path) -> None:
    """A database of a newer nbchat is refused readably and stays as it is, byte for byte, while the chat goes on in memory."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO schema_version VALUES (?, 'from the future', 0)", (LATEST + 1,))
        db.execute("ALTER TABLE messages ADD COLUMN mood TEXT NOT NULL DEFAULT 'good'")
        db.commit()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=f"newer nbchat .schema {LATEST + 1}; this one knows {LATEST}") as caught:
        Database(Place(path))
    assert "Upgrade" in caught.value.hint
    assert "Nothing was changed" in caught.value.hint

    async def work() -> None:
        store = Noted(path)
        await chat(store)
        assert "newer nbchat" in store.told().text
        await store.aclose()

    finish_all(work())
    assert path.read_bytes() == before


def test_going_on_with_an_old_conversation(path: Path) -> None:
    """A conversation of schema 1 is gone on with: its generations rise, its answers may be resumed."""

    async def work(store: SqliteStore) -> None:
        await store.recover()
        found = {message.id: message for message in await store.messages("c1")}
        record = replace(a_turn(a_conversation(id="c1")).record, user_message="m4", assistant_message="m6")
        begun = await store.begin_turn(record, [found["m4"], replace(found["m6"], status="streaming", error=None)])
        assert begun.generation == 4
        await store.checkpoint(begun, [TextPart("thirty.")])
        assert (await store.messages("c1"))[5].text == "A zebra needs more than thirty."

    with_store(path, work)
