"""The twelve troubles of a database, each by its name: it is named to people, the chat goes on in memory with everything that
it can do, nothing in the file is overwritten, and all is saved when the trouble is over."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nbchat.core.messages import TextPart
from nbchat.storage import database
from nbchat.storage.migrations import LATEST
from tests.contracts.values import a_conversation, a_record, end_of, finish_all
from tests.storage.processes import in_a_forked_child, in_process, on_a_failing_disk
from tests.storage.scenario import Noted, begun, chat, heal, locked, saved, whole_turn

unix = pytest.mark.skipif(sys.platform == "win32", reason="no modes, limits and forks there")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nbchat.db"


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory for a child that gives up root's rights: pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        if os.getuid() == 0:
            os.chown(home, 65534, 65534)
        yield home
        home.chmod(0o755)


async def make(path: Path, *answers: str) -> str:
    """A database with one conversation; returns its id."""
    store = Noted(path)
    conversation = await store.create(a_conversation("old"))
    for answer in answers:
        await whole_turn(store, conversation, answer)
    await store.aclose()
    assert store.said == []
    return conversation.id


# ---------------------------------------------------------------- what goes over


def test_1_busy(path: Path) -> None:
    """Another program keeps the database locked."""

    async def work() -> None:
        old = await make(path, "before")
        store = Noted(path)
        with locked(path):
            kept = await chat(store)
            assert "locked" in store.told().text
            assert [message.text for message in await store.messages(old)] == ["hi?", "before"]
        await heal(store, path, kept)
        assert [message.text for message in await saved(path, old)] == ["hi?", "before"]

    finish_all(work())


@unix
def test_2_a_read_only_file(home: Path) -> None:
    """The file may be read, not written: what is in it can be seen and found."""
    script = """
    if os.getuid() == 0:
        os.setuid(65534)
    old = await store.create(a_conversation("old"))
    await whole_turn(store, old, "before")
    await store.aclose()
    path.chmod(0o444)
    store = Noted(path)
    assert [message.text for message in await store.messages(old.id)] == ["hi?", "before"]
    assert [hit.snippet for hit in await store.search("befo")] == ["before"]
    before = path.read_bytes()
    kept = await chat(store)
    print(store.told().text)
    assert path.read_bytes() == before
    path.chmod(0o644)
    await heal(store, path, kept)
    assert len(await saved(path, old.id)) == 2
    """
    assert "cannot be written" in in_process(script, home / "nbchat.db")


@unix
@pytest.mark.parametrize("exists", [False, True])
def test_3_a_read_only_directory(home: Path, exists: bool) -> None:
    """Nothing may be made in the directory, with or without a database in it."""
    script = """
    if os.getuid() == 0:
        os.setuid(65534)
    if arguments:
        old = await store.create(a_conversation("old"))
        await whole_turn(store, old, "before")
    await store.aclose()
    path.parent.chmod(0o555)
    store = Noted(path)
    if arguments:
        assert [message.text for message in await store.messages(old.id)] == ["hi?", "before"]
    kept = await chat(store)
    print(store.told().text, store.told().hint)
    path.parent.chmod(0o755)
    await heal(store, path, kept)
    """
    said = in_process(script, home / "nbchat.db", *(["exists"] if exists else []))
    assert "cannot be" in said
    assert "NBCHAT_HOME" in said


@unix
def test_4_a_full_quota(path: Path) -> None:
    """No file may grow any more, in mid-answer: the answer is whole in memory."""
    script = """
    conversation = await store.create(a_conversation())
    asked = a_turn(conversation)
    record = await store.begin_turn(asked.record, asked.messages)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    text = "x" * 500_000
    await store.checkpoint(record, [TextPart(text)])
    print(store.told().text)
    assert await store.end_turn(record, end_of(asked, text), [])
    assert (await store.messages(conversation.id))[1].text == text
    kept = await chat(store)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await heal(store, path, kept)
    assert [message.text for message in await saved(path, conversation.id)] == ["hi?", text]
    """
    assert "failed" in in_process(script, path)


def test_4_a_full_disk(path: Path) -> None:
    """No room: each write to the database's files is answered with ENOSPC, until it is not."""
    assert "no room left" in on_a_failing_disk(path, "ENOSPC")


def test_5_an_input_output_error(path: Path) -> None:
    """The disk fails: each write to the database's files is answered with EIO, until it is not."""
    assert "reading or writing" in on_a_failing_disk(path, "EIO")


# ---------------------------------------------------------------- what is over when the file is moved away


@pytest.mark.parametrize(("intact", "said"), [(16, "is not a database"), (4096, "damaged")])
def test_6_corrupt(path: Path, intact: int, said: str) -> None:
    """The database is damaged, all of it or the pages of its tables."""
    finish_all(make(path, *("x" * 3000 for _ in range(20))))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(intact)
        file.write(b"\xff" * (size - intact))
    assert said in in_the_way(path)


def test_7_not_a_database(path: Path) -> None:
    """Some other file."""
    path.write_bytes(b"Dear diary, this must stay as it is. " * 100)
    assert "is not a database" in in_the_way(path)


def test_7_another_programs_database(path: Path) -> None:
    """A database with other tables."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE photos (id)")
        other.commit()
    assert "another program" in in_the_way(path)


def test_8_a_newer_schema(path: Path) -> None:
    """A newer nbchat made it."""
    finish_all(make(path, "before"))
    with closing(sqlite3.connect(path)) as other:
        other.execute("INSERT INTO schema_version VALUES (?, '', 0)", (LATEST + 1,))
        other.commit()
    assert "newer nbchat" in in_the_way(path)


def test_directories_in_the_way(tmp_path: Path) -> None:
    """The path is a directory, or goes through a file."""
    directory = tmp_path / "a.db"
    directory.mkdir()
    assert "cannot be opened" in in_the_way(directory)
    file = tmp_path / "file"
    file.write_text("a file")
    assert "cannot be opened" in in_the_way(file / "nbchat.db", file)


def in_the_way(path: Path, obstacle: Path | None = None) -> str:
    """Chat with this at the database's place, then move it away; returns what was said."""
    obstacle = obstacle or path
    before = obstacle.read_bytes() if obstacle.is_file() else b""

    async def work() -> str:
        store = Noted(path)
        kept = await chat(store)
        assert await store.recover() == []
        said = store.told().text
        assert str(path) in said
        assert "failed:" not in said  # the generic text: every one of these has its own
        assert (obstacle.read_bytes() if obstacle.is_file() else b"") == before
        move_away(obstacle)
        await heal(store, path, kept)
        return said

    return finish_all(work())


def move_away(path: Path) -> None:
    path.rename(path.with_suffix(".aside"))
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)


# ---------------------------------------------------------------- what happens to a file that is open


def test_9_unlinked(path: Path) -> None:
    """The file is deleted in mid-answer: a new one has the conversation, the question and the whole answer."""

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation())
        _, record = await begun(store, conversation)
        await store.checkpoint(record, [TextPart("one ")])
        path.unlink()  # noqa: ASYNC240 (one system call, in a test)
        await store.checkpoint(record, [TextPart("two ")])
        assert "deleted" in store.told().text
        await store.heartbeat()
        assert store.said[1:] == [None]
        assert (await store.messages(conversation.id))[1].text == "one two "
        await store.checkpoint(record, [TextPart("three")])
        assert [message.text for message in await saved(path, conversation.id)] == ["hi?", "one two three"]
        await store.aclose()

    finish_all(work())


def test_10_replaced(path: Path) -> None:
    """Another file is put in its place (a backup, say): what that holds stays, the running answer goes there whole."""

    async def work() -> None:
        old = await make(path, "before")
        backup = path.with_name("backup.db")
        shutil.copyfile(path, backup)
        store = Noted(path)
        conversation = await store.get(old)
        assert conversation is not None
        await whole_turn(store, conversation, "only in the file that is gone")
        asked, record = await begun(store, conversation)
        await store.checkpoint(record, [TextPart("one ")])
        backup.replace(path)
        await store.checkpoint(record, [TextPart("two ")])
        assert "moved or deleted" in store.told().text
        await store.heartbeat()
        assert store.said[1:] == [None]
        assert [message.text for message in await saved(path, old)] == ["hi?", "before", "hi?", "one two "]
        assert await store.end_turn(record, end_of(asked, "one two three"), [a_record(asked)])
        assert [message.text for message in await saved(path, old)] == ["hi?", "before", "hi?", "one two three"]
        await store.aclose()

    finish_all(work())


@unix
def test_11_a_forked_process(path: Path) -> None:
    """A child that was forked never uses the parent's database: it goes on in memory; the parent notices nothing."""
    in_a_forked_child(path)


def test_12_a_network_file_system(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network file system has no memory that processes share: no WAL there, everything else is the same, in trouble too."""
    monkeypatch.setattr(database, "is_network", lambda _: True)

    async def work() -> None:
        old = await make(path, "before")
        store = Noted(path)
        assert await store.journal_mode() == "delete"
        assert not path.with_name("nbchat.db-wal").exists()
        with locked(path):
            kept = await chat(store)
            assert "locked" in store.told().text
        await heal(store, path, kept)
        assert len(await saved(path, old)) == 2

    finish_all(work())
