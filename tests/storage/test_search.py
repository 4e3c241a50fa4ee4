"""The index and the scan that stands in for it find the same, whatever is said, typed, changed or missing."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbchat.core.ids import new_id
from nbchat.core.messages import Message, TextPart
from nbchat.storage import Place, SqliteStore, index
from nbchat.storage.codec import dump_parts
from nbchat.storage.database import Database
from nbchat.storage.index import catch_up
from nbchat.storage.search import search
from nbchat.storage.words import SNIPPET_LENGTH, Phrase, index_text, matches, phrases, snippets
from tests.contracts.values import a_conversation, a_message, a_turn, end_of, finish_all
from tests.storage.scenario import Noted, locked
from tests.support.clock import ManualClock

WORDS = ("ab", "abc", "b", "Größe", "grosse", "日本", "日", "本語", "e\u0301t", "été", "x_y", "ไทย", "\u00bd", "한국", "Ⅷ", "ǅ")
SAID = st.builds(str.join, st.sampled_from([" ", "\n", "-"]), st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=6))
SIGNS = ('"', "*", "(", "AND", "NEAR(", "-", ":")
TYPED = st.lists(st.sampled_from((*WORDS, *SIGNS)) | st.text(max_size=4), max_size=5).map(" ".join)


@pytest.fixture(scope="module")
def memory() -> Iterator[Database]:
    opened = Database(Place(None))
    yield opened
    opened.close()


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(SAID, min_size=1, max_size=5), typed=TYPED)
def test_the_index_finds_what_a_scan_finds(memory: Database, texts: list[str], typed: str) -> None:
    """FTS5's own reading of the query and of the words agrees with ours, for all text and all that people may type."""
    wanted = phrases(typed)
    for table in ("messages", "conversations"):
        memory.execute(f"DELETE FROM {table}")
    memory.execute("INSERT INTO conversations (id, name, created, updated) VALUES ('c', 'n', 0, 0)")
    for number, text in enumerate(texts):
        parts = dump_parts([TextPart(text)])
        memory.execute(
            "INSERT INTO messages (id, conversation_id, role, parts, status, created) VALUES (?, 'c', 'user', ?, 'complete', 0)",
            (str(number), parts),
        )
    while catch_up(memory) == "more":
        pass
    if wanted:
        hits = [search(memory, wanted, None, 50, 0, indexed=indexed) for indexed in (True, False)]
        assert hits[0] == hits[1]
        assert all(len(hit.snippet) <= SNIPPET_LENGTH and "\n" not in hit.snippet for hit in hits[0])


@given(SAID, st.integers(0, 400), st.sampled_from(["zebra", "ZEBRA crossing", "ze", '"zebra crossing"', "Größe"]))
def test_snippets_show_a_hit(said: str, before: int, typed: str) -> None:
    """What is around the hit is shown, one line, not too long, with a sign where something was left out."""
    text = f"{'x ' * before}{said} ZEBRA  Crossing Größe {'y ' * 300}"
    wanted = phrases(typed)
    found = snippets(wanted)(text)
    assert len(found) <= SNIPPET_LENGTH
    assert found == " ".join(found.split())
    if matches(text, wanted):
        assert any(matches(found, (Phrase(each.words, prefix=True),)) for each in wanted)


def test_a_short_message_is_its_own_snippet() -> None:
    """Nothing is added to what can be shown whole."""
    assert snippets(phrases("two"))("one\n two") == "one two"
    assert snippets(phrases("x"))("x" * SNIPPET_LENGTH) == "x" * SNIPPET_LENGTH
    assert snippets(phrases("x"))("x" * (SNIPPET_LENGTH + 1)) == "x" * (SNIPPET_LENGTH - 1) + "…"


def test_a_great_many_words(tmp_path: Path) -> None:
    """A whole page may be looked for: ten thousand words are no error."""

    async def work() -> None:
        store = SqliteStore(Place(tmp_path / "nbchat.db"), ManualClock())
        text = " ".join(f"w{number}" for number in range(10_000))
        await store.add_conversation(a_conversation(), [a_message("user", text), a_message("user", "w1 w2")])
        assert len(await store.search(text)) == 1
        assert len(await store.search(f'"{text}"')) == 1
        assert await store.search(f"{text} w10001") == []
        await store.aclose()

    finish_all(work())


def test_the_index_follows_every_change(tmp_path: Path) -> None:
    """After any changes the index holds exactly what an index made anew holds: no word too many, none too few."""
    path = tmp_path / "nbchat.db"
    chance = random.Random(20261127)

    async def work() -> None:
        store = SqliteStore(Place(path), ManualClock())
        for step in range(120):
            await change(store, chance, step)
            if step % 10 == 0:
                await store.search("anything")
        await store.aclose()  # which interrupts what was left running
        store = SqliteStore(Place(path), ManualClock())
        await store.search("anything")
        await store.aclose()

    finish_all(work())
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT COUNT(*) FROM unindexed").fetchone() == (0,)
        expected = [
            (position, index_text(index.shown_text(parts)))
            for position, parts in db.execute("SELECT position, parts FROM messages WHERE status <> 'streaming'")
        ]
        assert len(expected) > 20
        db.execute("CREATE VIRTUAL TABLE temp.anew USING fts5(text, content='', tokenize='ascii')")
        db.executemany("INSERT INTO anew (rowid, text) VALUES (?, ?)", expected)
        for name, schema in (("message_index", "main"), ("anew", "temp")):
            db.execute(f"CREATE VIRTUAL TABLE temp.words_{name} USING fts5vocab({schema}, {name}, instance)")
        words = [db.execute(f'SELECT term, doc, "offset" FROM words_{name}').fetchall() for name in ("message_index", "anew")]
    assert sorted(words[0]) == sorted(words[1])


async def change(store: SqliteStore, chance: random.Random, step: int) -> None:
    """One of the things that people do to what was said."""
    rows = await store.summaries(archived=None)
    kind = chance.choice(("new", "ask", "ask", "resume", "mark", "purge", "delete", "leave", "import"))
    row = chance.choice(rows) if rows else None
    if row is None or kind == "new" or (row.running and kind in ("ask", "leave", "resume")):
        await store.create(a_conversation(f"n{step}"))
        return
    conversation = row.conversation
    messages = await store.messages(conversation.id)
    text = " ".join(chance.choices(("zebra", "quagga", "Größe", "日本語", "okapi"), k=4))
    answers = [message for message in messages if message.role == "assistant" and message.status == "complete"]
    if kind in ("ask", "leave"):
        asked = a_turn(conversation, text=text)
        record = await store.begin_turn(asked.record, asked.messages)
        await store.checkpoint(record, [TextPart(text)])
        if kind == "ask":
            await store.end_turn(record, end_of(asked, text), [])
    elif kind == "resume" and answers:
        await resume(store, conversation.id, chance.choice(answers), text)
    elif kind == "mark" and messages:
        await store.mark(conversation.id, [chance.choice(messages).id], deleted=True)
    elif kind == "purge":
        await store.purge(0.0)
    elif kind == "delete" and len(rows) > 3:
        await store.delete(conversation.id)
    elif kind == "import":
        await store.add_conversation(a_conversation("copy"), [replace(message, id=new_id()) for message in messages])


async def resume(store: SqliteStore, conversation_id: str, answer: Message, text: str) -> None:
    record = replace(a_turn(a_conversation(id=conversation_id)).record, assistant_message=answer.id)
    record = await store.begin_turn(record, [replace(answer, status="streaming")])
    await store.end_turn(record, replace(answer, parts=(*answer.parts, TextPart(text))), [])


def test_without_fts5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python whose SQLite has no FTS5 searches by reading, writes and deletes as ever, and leaves the rest to one that has."""
    path = tmp_path / "nbchat.db"
    monkeypatch.setattr(index, "_CREATE", index._CREATE.replace("USING fts5", "USING fts_that_nobody_has"))

    async def work() -> None:
        store = SqliteStore(Place(path), ManualClock())
        kept = await store.add_conversation(a_conversation("kept"), [a_message("user", "a zebra")])
        gone = await store.add_conversation(a_conversation("gone"), [a_message("user", "a zebra")])
        assert len(await store.search("zebra")) == 2
        await store.delete(gone.id)
        assert [hit.conversation for hit in await store.search("zebra")] == [kept]
        await store.aclose()
        monkeypatch.undo()
        store = SqliteStore(Place(path), ManualClock())
        assert [hit.conversation for hit in await store.search("zebra")] == [kept]
        await store.aclose()

    finish_all(work())
    assert names(path, "message_index")


def test_fts5_that_was_there_and_is_not(tmp_path: Path) -> None:
    """An index that another Python made cannot be read here: search reads the messages, and nothing that is saved fails."""
    path = tmp_path / "nbchat.db"

    async def before() -> list[str]:
        store = SqliteStore(Place(path), ManualClock())
        made = [
            await store.add_conversation(a_conversation(name), [a_message("user", f"a zebra in {name}")])
            for name in ("one", "two")
        ]
        assert len(await store.search("zebra")) == 2
        await store.aclose()
        return [conversation.id for conversation in made]

    async def without(ids: list[str]) -> None:
        store = SqliteStore(Place(path), ManualClock())
        await store.add_conversation(a_conversation("three"), [a_message("user", "a zebra in three")])
        assert len(await store.search("zebra")) == 3
        await store.delete(ids[0])
        assert await store.purge(0.0) == 0
        assert [hit.snippet for hit in await store.search("zebra")] == ["a zebra in three", "a zebra in two"]
        await store.aclose()

    async def afterwards() -> None:
        store = SqliteStore(Place(path), ManualClock())
        assert [hit.snippet for hit in await store.search("zebra")] == ["a zebra in three", "a zebra in two"]
        await store.aclose()

    ids = finish_all(before())
    rename_module(path, "fts5", "fts9")
    finish_all(without(ids))
    rename_module(path, "fts9", "fts5")
    finish_all(afterwards())
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT COUNT(*) FROM unindexed").fetchone() == (0,)


def rename_module(path: Path, old: str, new: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'message_index'", (f"USING {old}(", f"USING {new}(")
        )
        db.commit()


def names(path: Path, name: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchall()


def test_nothing_of_what_was_deleted_is_noted(tmp_path: Path) -> None:
    """Deleting and purging take what was said out of the index at once, without a search: no copy of it waits anywhere."""
    path = tmp_path / "nbchat.db"

    async def work() -> None:
        store = SqliteStore(Place(path), ManualClock())
        first = await store.add_conversation(a_conversation("one"), [a_message("user", "a zebra")])
        marked = a_message("user", "a quagga")
        second = await store.add_conversation(a_conversation("two", updated=9.0), [marked])
        third = await store.add_conversation(a_conversation("three", updated=1.0), [a_message("user", "an okapi")])
        assert len(await store.search("a")) == 3
        await store.mark(second.id, [marked.id], deleted=True)
        await store.delete(first.id)
        assert await store.purge(5.0) == 1
        assert await store.get(third.id) is None
        await store.aclose()

    finish_all(work())
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM unindexed").fetchall() == []
        db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, message_index, instance)")
        assert db.execute("SELECT * FROM words").fetchall() == []


def test_while_another_writes(tmp_path: Path) -> None:
    """A search never waits for the write lock to be right: what is not indexed yet is read."""
    path = tmp_path / "nbchat.db"

    async def work() -> None:
        store = Noted(path)
        await store.add_conversation(a_conversation(), [a_message("user", "a zebra")])
        with locked(path):
            assert len(await store.search("zebra")) == 1
        assert store.said == []
        await store.aclose()

    finish_all(work())


def test_others_are_let_in_between(tmp_path: Path) -> None:
    """A long history is indexed in steps: what is saved meanwhile does not wait for the last of them."""
    path = tmp_path / "nbchat.db"

    async def work() -> None:
        store = SqliteStore(Place(path), ManualClock())
        await store.add_conversation(a_conversation("long"), [a_message("user", f"zebra {number}") for number in range(1500)])
        order: list[str] = []
        searching = asyncio.create_task(store.search("zebra", limit=2000))
        searching.add_done_callback(lambda _: order.append("searched"))
        await asyncio.sleep(0)
        await store.set("a", 1)
        order.append("saved")
        assert len(await searching) == 1500
        assert order == ["saved", "searched"]
        await store.aclose()

    finish_all(work())
