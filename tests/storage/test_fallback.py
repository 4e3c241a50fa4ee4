"""A database in trouble never stops a chat: it is named, the chat goes on in memory, and is saved when that works again."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.errors import ErrorInfo, UsageError
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import Provider
from nbchat.storage import FallbackStore, Place, SqliteStore
from nbchat.storage.migrations import LATEST
from tests.contracts.values import Asked, a_conversation, a_record, a_turn, end_of, finish_all
from tests.support.clock import ManualClock

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nbchat.db"


class Noted(FallbackStore):
    """A store that notes what it said, and does not wait long for locks."""

    def __init__(self, path: Path) -> None:
        self.said: list[ErrorInfo | None] = []
        clock = ManualClock()
        super().__init__(SqliteStore(Place(path), clock, busy_seconds=0.01), clock, self.said.append)


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program holds the write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


async def whole_turn(store: FallbackStore, conversation: Conversation, text: str, parent: str | None = None) -> Asked:
    asked = a_turn(conversation, parent=parent)
    record = await store.begin_turn(asked.record, asked.messages)
    assert await store.end_turn(record, end_of(asked, text), [a_record(asked)])
    return asked


async def saved(path: Path, conversation_id: str) -> list[Message]:
    """What is really in the file."""
    store = SqliteStore(Place(path), ManualClock())
    found = await store.messages(conversation_id)
    await store.aclose()
    return found


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
            if lock:
                with locked(path):
                    generations.append((await store.begin_turn(asked.record, asked.messages)).generation)
            else:
                generations.append((await store.begin_turn(asked.record, asked.messages)).generation)
        assert generations == [1, 2, 3, 4, 5]
        await store.aclose()

    finish_all(work())


def test_no_hole_in_a_partial(path: Path) -> None:
    """Checkpoints that could not be saved go along with the next that can: the stored partial has no hole."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        asked = a_turn(conversation)
        record = await store.begin_turn(asked.record, asked.messages)
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
        asked = a_turn(conversation)
        record = await store.begin_turn(asked.record, asked.messages)
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
        asked = a_turn(conversation)
        record = await store.begin_turn(asked.record, asked.messages)
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
            await store.delete_provider("lab")
            assert await store.settings() == {"a": 1, "c": 3}
            assert await store.providers() == [hub]
        await store.heartbeat()
        assert await store.settings() == {"a": 1, "c": 3}
        assert await store.providers() == [hub]
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


@pytest.mark.parametrize("trouble", ["corrupt", "newer", "foreign", "directory", "below a file"])
def test_what_cannot_be_opened(tmp_path: Path, trouble: str) -> None:
    """Damaged, newer, another program's, a directory, an impossible path: named, nothing overwritten, the chat works."""
    path = tmp_path / "nbchat.db"
    if trouble == "corrupt":
        path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    elif trouble == "newer":
        finish_all(SqliteStore(Place(path), ManualClock()).settings())
        with closing(sqlite3.connect(path)) as other:
            other.execute("INSERT INTO schema_version VALUES (?, '', 0)", (LATEST + 1,))
            other.commit()
    elif trouble == "foreign":
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE photos (id)")
            other.commit()
    elif trouble == "directory":
        path.mkdir()
    else:
        path.write_text("a file")
        path = path / "nbchat.db"
    before = path.read_bytes() if path.is_file() else b""

    async def work() -> None:
        store = Noted(path)
        assert await store.settings() == {}
        conversation = await store.create(a_conversation())
        await whole_turn(store, conversation, "fine")
        assert (await store.messages(conversation.id))[1].text == "fine"
        assert await store.recover() == []
        assert len(store.said) == 1
        assert store.said[0] is not None
        assert str(path) in store.said[0].text
        assert store.said[0].hint
        assert "failed:" not in store.said[0].text  # the generic text: every one of these has its own
        await store.aclose()

    finish_all(work())
    assert (path.read_bytes() if path.is_file() else b"") == before


FULL = """
import asyncio, resource, sys
from pathlib import Path
from nbchat.core.messages import TextPart
from nbchat.runtime.clock import SystemClock
from nbchat.storage import Place, SqliteStore, open_store
from tests.contracts.values import a_conversation, a_turn, end_of

async def main(path):
    said = []
    store = open_store(path, clock=SystemClock(), on_trouble=said.append)
    conversation = await store.create(a_conversation())
    asked = a_turn(conversation)
    record = await store.begin_turn(asked.record, asked.messages)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    text = "x" * 500_000
    await store.checkpoint(record, [TextPart(text)])
    assert len(said) == 1 and said[0].kind == "storage", said
    print(said[0].text)
    assert await store.end_turn(record, end_of(asked, text), [])
    assert (await store.messages(conversation.id))[1].text == text
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    later = a_turn(conversation)
    record = await store.begin_turn(later.record, later.messages)
    assert said[1:] == [None], said
    await store.end_turn(record, end_of(later, "small"), [])
    await store.aclose()
    bare = SqliteStore(Place(Path(path)), SystemClock())
    assert [message.text for message in await bare.messages(conversation.id)] == ["hi?", text, "hi?", "small"]
    await bare.aclose()

asyncio.run(main(sys.argv[1]))
"""

READ_ONLY = """
import asyncio, os, sqlite3, sys
from nbchat.runtime.clock import SystemClock
from nbchat.storage import open_store
from tests.contracts.values import a_conversation, a_turn, end_of

if os.getuid() == 0:
    os.setuid(65534)

async def main(path):
    said = []
    store = open_store(path, clock=SystemClock(), on_trouble=said.append)
    old = await store.find("notes")
    texts = [] if old is None else [message.text for message in await store.messages(old.id)]
    assert texts == sys.argv[2:], texts
    conversation = await store.create(a_conversation())
    asked = a_turn(conversation)
    record = await store.begin_turn(asked.record, asked.messages)
    assert await store.end_turn(record, end_of(asked, "fine"), [])
    assert [message.text for message in await store.messages(conversation.id)] == [*texts, "hi?", "fine"]
    assert len(said) == 1, said
    print(said[0].text, said[0].hint)
    await store.aclose()

asyncio.run(main(sys.argv[1]))
"""


def in_process(script: str, path: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", script, str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits there")
def test_a_full_disk(path: Path) -> None:
    """No room in mid-answer: said, the answer is whole in memory, and all of it is saved when there is room again."""
    assert "in memory" in in_process(FULL, path)


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
@pytest.mark.parametrize("exists", [False, True])
def test_a_read_only_directory(tmp_path: Path, exists: bool) -> None:
    """A directory that cannot be written, with or without a database in it: what is there can be read, the trouble is
    said with what to do, and the chat works."""
    home = tmp_path / "home"
    home.mkdir()
    if exists:
        finish_all(make_and_close(home / "nbchat.db"))
        (home / "nbchat.db").chmod(0o444)
    home.chmod(0o555)
    if os.getuid() == 0:  # the child gives up root's rights, and pytest's directories are for their owner alone
        for parent in (tmp_path, *tmp_path.parents):
            if parent.is_relative_to(tempfile.gettempdir()) and parent != Path(tempfile.gettempdir()):
                parent.chmod(0o755)
    try:
        said = in_process(READ_ONLY, home / "nbchat.db", *(["hi?", "old"] if exists else []))
    finally:
        home.chmod(0o755)
    assert "cannot be" in said
    assert "NBCHAT_HOME" in said


async def make_and_close(path: Path) -> None:
    store = FallbackStore(SqliteStore(Place(path), ManualClock()), ManualClock())
    await whole_turn(store, await store.create(a_conversation()), "old")
    await store.aclose()


def test_quiet_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A healthy day logs nothing above DEBUG."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        await asyncio.gather(*(whole_turn(store, conversation, f"{number}") for number in range(5)))
        await store.aclose()

    with caplog.at_level(logging.INFO):
        finish_all(work())
    assert caplog.records == []
