"""A database in trouble never stops a chat: it is named, the chat goes on in memory, and is saved when that works again."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.errors import ErrorInfo, StorageError, UsageError
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import Provider
from nbchat.storage import FallbackStore, Place, SqliteStore
from tests.contracts.values import a_conversation, a_message, a_record, a_turn, end_of, finish_all
from tests.storage.scenario import Noted, begun, locked, saved, whole_turn
from tests.support.clock import ManualClock

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nbchat.db"


def test_through_a_lock(path: Path) -> None:
    """Locked in mid-conversation: said once, old and new messages readable; unlocked: everything is in the file, in order."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        first = await whole_turn(store, conversation, "one")
        assert store.said == []
        with locked(path):
            second = await whole_turn(store, conversation, "two", first.answer.id)
            await store.update(conversation.id, title="T")
            (said,) = store.said
            assert said is not None
            assert said.kind == "storage"
            assert "locked" in said.text
            assert "memory" in said.text
            assert said.hint
            assert store.trouble == said
            texts = [message.text for message in await store.messages(conversation.id)]
            assert texts == ["hi?", "one", "hi?", "two"]
            found = await store.get(conversation.id)
            assert found is not None
            assert (found.title, found.head) == ("T", second.answer.id)
            assert len(await store.records(conversation.id)) == 2
            assert store.unsaved == 3
            assert len(await saved(path, conversation.id)) == 2
        third = await whole_turn(store, conversation, "three", second.answer.id)
        assert store.said == [said, None]
        assert store.unsaved == 0
        live = await store.messages(conversation.id)
        assert [message.text for message in live] == ["hi?", "one", "hi?", "two", "hi?", "three"]
        assert live[-1].id == third.answer.id
        assert await saved(path, conversation.id) == live
        assert [row.turn for row in await store.records()] == [each.record.id for each in (first, second, third)]
        await store.aclose()

    finish_all(work())


def test_generations_go_on(path: Path) -> None:
    """Generations rise through trouble and after it: a reader never sees one twice."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        generations = []
        for lock in (False, True, True, False, False):
            asked = a_turn(conversation)
            with locked(path) if lock else nullcontext():
                record = await store.begin_turn(asked.record, asked.messages)
                await store.end_turn(record, end_of(asked), [])
            generations.append(record.generation)
        assert generations == [1, 2, 3, 4, 5]
        await store.aclose()

    finish_all(work())


def test_no_hole_in_a_partial(path: Path) -> None:
    """Checkpoints that could not be saved go along with the next that can: the stored partial has no hole."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        asked, record = await begun(store, conversation)
        await store.checkpoint(record, [TextPart("one ")])
        with locked(path):
            await store.checkpoint(record, [TextPart("two ")])
            await store.checkpoint(record, [TextPart("three ")])
            assert (await store.messages(conversation.id))[1].status == "streaming"
        await store.heartbeat()
        assert store.trouble is None
        await store.checkpoint(record, [TextPart("four")])
        assert (await store.messages(conversation.id))[1].text == "one two three four"
        await store.end_turn(record, end_of(asked, "one two three four"), [])
        assert (await saved(path, conversation.id))[1].status == "complete"
        await store.aclose()

    finish_all(work())


def test_the_partial_is_readable_in_trouble(path: Path) -> None:
    """What a running answer had in the file and what came since are read as one while nothing can be saved."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        asked, record = await begun(store, conversation)
        await store.checkpoint(record, [TextPart("one ")])
        with locked(path):
            await store.checkpoint(record, [TextPart("two ")])
            await store.update(conversation.id, title="T")
            await store.checkpoint(record, [TextPart("three")])
            assert (await store.messages(conversation.id))[1].text == "one two three"
            assert await store.end_turn(record, end_of(asked, "all"), [])
            assert not await store.end_turn(record, end_of(asked, "again"), [])
            assert (await store.messages(conversation.id))[1].text == "all"
        await store.aclose()
        assert (await saved(path, conversation.id))[1].text == "all"

    finish_all(work())


def test_a_deleted_file(path: Path) -> None:
    """A file that is deleted in mid-turn is noticed; the turn, with its question, is saved in a new one."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        asked, record = await begun(store, conversation)
        path.unlink()  # noqa: ASYNC240 (one system call, in a test)
        await store.checkpoint(record, [TextPart("ans")])
        (said,) = store.said
        assert said is not None
        assert "deleted" in said.text
        assert await store.end_turn(record, end_of(asked), [a_record(asked)])
        assert store.said == [said, None]
        question, answer = await saved(path, conversation.id)
        assert (question, answer) == (asked.question, end_of(asked))
        assert await store.records() == [a_record(asked)]
        await store.aclose()

    finish_all(work())


def test_a_name_that_was_taken_meanwhile(path: Path) -> None:
    """A conversation made in trouble whose name somebody else took is saved under a numbered name."""

    async def work() -> None:
        store = Noted(path)
        await store.summaries()
        with locked(path) as other:
            conversation = await store.create(a_conversation("notes"))
            await whole_turn(store, conversation, "mine")
            other.execute("INSERT INTO conversations (id, name, created, updated) VALUES ('theirs', 'notes', 1, 1)")
            other.execute("COMMIT")
        await store.heartbeat()
        assert store.trouble is None
        mine = await store.get(conversation.id)
        assert mine is not None
        assert mine.name == "notes (2)"
        assert [message.text for message in await saved(path, conversation.id)] == ["hi?", "mine"]
        await store.aclose()

    finish_all(work())


def test_settings_in_trouble(path: Path) -> None:
    """Settings and providers are readable in trouble, change in memory, and are saved later."""

    async def work() -> None:
        store = Noted(path)
        lab, hub = Provider("lab", "http://127.0.0.1/v1"), Provider("hub", "https://hub.test/v1")
        await store.set("a", 1)
        await store.set("b", 2)
        await store.save_provider(lab)
        with locked(path):
            await store.set("b", None)
            await store.set("c", 3)
            await store.save_provider(hub)
            await store.update_provider("hub", enabled=False)
            await store.delete_provider("lab")
            assert await store.settings() == {"a": 1, "c": 3}
            assert await store.providers() == [replace(hub, enabled=False)]
        await store.heartbeat()
        assert await store.settings() == {"a": 1, "c": 3}
        assert await store.providers() == [replace(hub, enabled=False)]
        await store.aclose()

    finish_all(work())


def test_listing_and_deleting_in_trouble(path: Path) -> None:
    """A listing in trouble has what the file has and what memory has; what was deleted is gone, now and later."""

    async def work() -> None:
        store = Noted(path)
        old = await store.create(a_conversation("old", updated=1.0))
        gone = await store.create(a_conversation("gone", updated=2.0))
        with locked(path):
            await store.create(a_conversation("new", updated=3.0))
            await store.delete(gone.id)
            assert (await store.create(a_conversation("old"))).id == old.id
            assert [row.conversation.name for row in await store.summaries()] == ["new", "old"]
            assert [row.conversation.name for row in await store.summaries(limit=1, offset=1)] == ["old"]
            assert await store.get(gone.id) is None
            assert await store.find("gone") is None
            assert await store.messages(gone.id) == []
        await store.heartbeat()
        assert [row.conversation.name for row in await store.summaries()] == ["new", "old"]
        await store.aclose()

    finish_all(work())


def test_marks_and_archives_in_trouble(path: Path) -> None:
    """What is changed in memory of a conversation that is in the file is seen at once, and is in the file afterwards."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        asked = await whole_turn(store, conversation, "a zebra")
        with locked(path):
            await store.mark(conversation.id, [asked.answer.id], deleted=True)
            await store.update(conversation.id, archived=True)
            assert await store.search("zebra") == []
            assert await store.summaries() == []
            assert [row.messages for row in await store.summaries(archived=True)] == [1]
        await store.heartbeat()
        assert await store.search("zebra") == []
        assert [row.messages for row in await store.summaries(archived=True)] == [1]
        assert [message.deleted for message in await saved(path, conversation.id)] == [False, True]
        await store.aclose()

    finish_all(work())


def test_the_order_of_what_was_said_in_trouble(path: Path) -> None:
    """Turns that ended in trouble come before the one that still runs, in the file too, and the head is where that one is."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        before = a_turn(conversation)
        await store.begin_turn(before.record, before.messages)
        with locked(path):
            await store.end_turn(before.record, end_of(before, "zero"), [])
            await whole_turn(store, conversation, "one")
            running = a_turn(conversation)
            record = await store.begin_turn(running.record, running.messages)
            await store.checkpoint(record, [TextPart("two ")])
            live = await store.messages(conversation.id)
            assert [message.text for message in live] == ["hi?", "zero", "hi?", "one", "hi?", "two "]
        await store.checkpoint(record, [TextPart("and three")])
        await store.heartbeat()
        found = await saved(path, conversation.id)
        assert [message.text for message in found] == ["hi?", "zero", "hi?", "one", "hi?", "two and three"]
        assert [message.id for message in found] == [message.id for message in live]
        after = await store.get(conversation.id)
        assert after is not None
        assert after.head == running.answer.id
        await store.aclose()

    finish_all(work())


def test_an_import_whose_commit_failed_after_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that was done although it was said to have failed is not an import that is there already."""
    add = SqliteStore.add_conversation

    async def fails_afterwards(store: SqliteStore, conversation: Conversation, messages: list[Message]) -> Conversation:
        await add(store, conversation, messages)
        raise StorageError("reading or writing the database failed.")

    monkeypatch.setattr(SqliteStore, "add_conversation", fails_afterwards)

    async def work() -> None:
        store = Noted(path)
        given = a_conversation()
        tree = [a_message("user", "a zebra")]
        assert await store.add_conversation(given, tree) == given
        assert [info is None for info in store.said] == [False, True]
        assert await saved(path, given.id) == tree
        assert len(await store.summaries()) == 1
        await store.aclose()

    finish_all(work())


def test_an_answer_that_goes_on_in_trouble(path: Path) -> None:
    """An answer in the file is gone on with in memory, in its place in the tree, and is whole in the file afterwards."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        asked = await whole_turn(store, conversation, "one ")
        await whole_turn(store, conversation, "later")
        again = replace(asked.record, id="again", request_id="again")
        with locked(path):
            record = await store.begin_turn(again, [asked.question, replace(end_of(asked, "one "), status="streaming")])
            await store.checkpoint(record, [TextPart("two ")])
            texts = [message.text for message in await store.messages(conversation.id)]
            assert texts == ["hi?", "one two ", "hi?", "later"]
        await store.heartbeat()
        assert [message.text for message in await saved(path, conversation.id)] == texts
        await store.checkpoint(record, [TextPart("three")])
        assert await store.end_turn(record, end_of(asked, "one two three"), [])
        assert (await saved(path, conversation.id))[1] == end_of(asked, "one two three")
        await store.aclose()

    finish_all(work())


def test_callers_faults_are_no_trouble(path: Path) -> None:
    """A name in use or an unknown conversation is the caller's error, in trouble too, and not the database's."""

    async def work() -> None:
        store = Noted(path)
        await store.create(a_conversation("one"))
        two = await store.create(a_conversation("two"))
        for lock in (False, True):
            with locked(path) if lock else closing(sqlite3.connect(":memory:")):
                if lock:
                    await store.set("x", 1)
                    await store.update((await store.find("one") or two).id, title="in memory now")
                with pytest.raises(UsageError):
                    await store.update(two.id, name="one")
                with pytest.raises(KeyError):
                    await store.update("nobody", title="x")
        await store.aclose()

    finish_all(work())


def test_closing_in_trouble(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Closing tries once more; what cannot be saved even then is said in the log."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        with locked(path):
            await whole_turn(store, conversation, "lost")
            await store.aclose()

    finish_all(work())
    assert "2 changes could not be saved" in caplog.text


def test_a_listener_that_fails(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A listener's own failure is logged and stops nothing."""
    path.write_bytes(b"no database at all")

    def fail(_: ErrorInfo | None) -> None:
        raise RuntimeError("listener's bug")

    async def work() -> None:
        clock = ManualClock()
        store = FallbackStore(SqliteStore(Place(path), clock), clock, fail)
        conversation = await store.create(a_conversation())
        await whole_turn(store, conversation, "fine")
        await store.aclose()

    finish_all(work())
    assert "listener's bug" in caplog.text


def test_quiet_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A healthy day logs nothing above DEBUG."""

    async def work() -> None:
        store = Noted(path)
        conversations = [await store.create(a_conversation(f"{number}")) for number in range(5)]
        await asyncio.gather(*(whole_turn(store, conversation, "fine") for conversation in conversations))
        await store.aclose()

    with caplog.at_level(logging.INFO):
        finish_all(work())
    assert caplog.records == []
