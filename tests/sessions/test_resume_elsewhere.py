"""Resume beside others: what other kernels left, what they and people do to an answer meanwhile, a database in trouble."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from nbchat.core.errors import UsageError
from nbchat.core.events import TurnStart
from nbchat.core.messages import Message
from nbchat.sessions.ports import TurnRecord
from nbchat.testing import Reply, Request
from tests.support.house import House, answer, eventually, live
from tests.support.resuming import house_of, opened, stopped


def test_a_resumed_answer_survives_a_crash_in_the_store() -> None:
    """Its checkpoints are appended to what it had: an owner that dies leaves the old text and the new."""
    first, second = opened(1), opened(1)

    async def test(house: House) -> None:
        session = await house.session()
        await stopped(session, first, "one ")
        turn = session.resume()
        await eventually(lambda: turn.content.text == "one two ")

        async def saved() -> bool:
            return (await house.store.messages(session.id))[-1].text == "one two "

        await eventually(saved)
        assert (await house.store.messages(session.id))[-1].status == "streaming"
        await house.manager.close(session)
        found = (await house.store.messages(session.id))[-1]
        assert (found.status, found.text) == ("interrupted", "one two ")

    live(test, Reply.text(tokens=["one ", "x"], gate=first), Reply.text(tokens=["two ", "y"], gate=second))


def test_an_answer_that_a_dead_kernel_left_is_gone_on_with(tmp_path: Path) -> None:
    """This kernel had read it while the other one received it; now it is resumed here, as soon as the other has died."""
    gate = opened(1)

    async def test(house: House) -> None:
        session = await house.session("shared")
        turn = session.submit("count")
        await eventually(lambda: turn.content.text == "one ")

        async def saved() -> bool:
            return (await house.store.messages(session.id))[-1].text == "one "

        await eventually(saved)
        async with house_of(tmp_path, house) as other:
            reader = await other.session("shared")
            assert reader.path[-1].status == "streaming"
            turn = reader.resume()
            await asyncio.sleep(0.3)
            assert turn.status == "queued"
            with closing(sqlite3.connect(tmp_path / "nbchat.db")) as db, db:
                db.execute("UPDATE turns SET owner = 'elsewhere', lease = 0")  # what a kernel that died leaves
            whole = await answer(turn)
            assert (whole.text, whole.status, whole.id) == ("one two", "complete", session.path[-1].id)
        await session.stop()

    def reply(request: Request) -> Reply:
        return Reply.text(tokens=["one ", "x"], gate=gate) if len(request.json["messages"]) == 1 else Reply.text("two")

    live(test, reply, reply, place=str(tmp_path / "nbchat.db"))  # type: ignore[arg-type]


def test_two_who_resume_at_once_are_given_one_rest() -> None:
    """Two views press Continue: the second turn finds the answer whole, asks for nothing and ends with it."""
    gate = opened(2)

    async def test(house: House) -> None:
        session = await house.session()
        partial = await stopped(session, gate, "one two ")
        first, second = session.resume(partial.id), session.resume(partial.id)
        assert (await answer(first)).text == "one two three"
        assert await answer(second) == await answer(first) == session.path[-1]
        assert session.state.status == "idle"
        assert len(await house.store.records(session.id)) == 2

    server = live(test, Reply.text(tokens=["one ", "two ", "x"], gate=gate), Reply.text("three"))
    assert len(server.chats) == 2


def test_an_answer_that_another_kernel_went_on_with_is_not_overwritten(tmp_path: Path) -> None:
    """This kernel knows the partial alone; it looks before it writes, and finds the whole answer, or a longer partial."""
    gate, longer = opened(1), opened(1)

    async def test(house: House) -> None:
        session = await house.session("shared")
        partial = await stopped(session, gate, "one ")
        async with house_of(tmp_path, house) as other:
            there = await other.session("shared")
            turn = there.resume()
            await eventually(lambda: turn.content.text == "one two ")
            waiting = session.resume(partial.id)
            await asyncio.sleep(0.3)
            assert waiting.status == "queued"
            await there.stop()
            gone_on = await answer(waiting)
            assert (gone_on.id, gone_on.text, gone_on.status) == (partial.id, "one two three", "complete")
            with pytest.raises(UsageError):
                session.resume(partial.id)
            assert (await answer(there.resume())).text == "one two three"  # it knew the longer partial alone
            assert [m.text for m in there.path] == ["count", "one two three"]
        assert [m.text for m in await house.store.messages(session.id)] == ["count", "one two three"]

    server = live(
        test,
        Reply.text(tokens=["one ", "x"], gate=gate),
        Reply.text(tokens=["two ", "x"], gate=longer),
        Reply.text("three"),
        place=str(tmp_path / "nbchat.db"),
    )
    assert len(server.chats) == 3


def test_a_deletion_at_the_moment_of_a_resume_is_known_to_all_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is deleted while its turn is being saved: the tree and the database agree, and an undo brings all of it."""
    gate = opened(1)

    async def test(house: House) -> None:
        session = await house.session()
        partial = await stopped(session, gate, "one ")
        begin, gone = house.store.begin_turn, list[str]()

        async def begin_and_delete(record: TurnRecord, messages: Sequence[Message]) -> TurnRecord:
            begun = await begin(record, messages)
            gone.extend(await session.delete(partial.id))
            return begun

        monkeypatch.setattr(house.store, "begin_turn", begin_and_delete)
        turn = session.resume(partial.id)
        assert (await answer(turn)).text == "one two"
        assert [m.deleted for m in session.messages] == [False, True]
        assert await house.store.messages(session.id) == list(session.messages)
        entries = await house.ports.log.read(turn.id, turn.generation, 0)
        assert entries is not None
        start = entries[0].events[0]
        assert isinstance(start, TurnStart)
        assert [m.text for m in start.messages] == ["count", "one "]
        await session.restore(gone)
        assert [m.text for m in session.path] == ["count", "one two"]

    live(test, Reply.text(tokens=["one ", "x"], gate=gate), Reply.text("two"))


def test_a_database_in_trouble_takes_nothing_from_the_tree(tmp_path: Path) -> None:
    """A resume looks into a database that cannot be read: what is known stays, and the answer is gone on with in memory."""
    gate = opened(1)

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("first"))
        partial = await stopped(session, gate, "one ")
        (tmp_path / "nbchat.db").unlink()
        (tmp_path / "nbchat.db").mkdir()
        whole = await answer(session.resume(partial.id))
        assert (whole.text, whole.status) == ("one two", "complete")
        assert [m.text for m in session.path] == ["first", "fine", "count", "one two"]

    replies = (Reply.text("fine"), Reply.text(tokens=["one ", "x"], gate=gate), Reply.text("two"))
    live(test, *replies, place=str(tmp_path / "nbchat.db"))


def test_what_follows_an_answer_is_there_again_after_a_crash_in_its_resume() -> None:
    """While an answer goes on it is the end of the path; a kernel that dies then leaves the head there."""

    async def test(house: House) -> None:
        session = await house.session()
        for question in ("one", "two"):
            await answer(session.submit(question))
        await house.store.update(session.id, head=session.path[1].id)
        await house.manager.close(session)
        again = await house.session()
        assert [m.text for m in again.path] == ["one", "1", "two", "2"]

    live(test, Reply.text("1"), Reply.text("2"))


def test_what_people_change_while_an_answer_is_looked_up_stays() -> None:
    """Reading the store takes time: a title or a mark of that moment is not overwritten with what was read before it."""
    gate = opened(1)

    async def test(house: House) -> None:
        session = await house.session()
        await stopped(session, gate, "one ")
        store, question = house.ports.store, session.path[0]
        read, changed = store.messages, asyncio.Event()

        async def messages(conversation_id: str) -> list[Message]:
            found = await read(conversation_id)
            if not changed.is_set():
                changed.set()
                await session.hide(session.path[1].id, False)
                await session.edit_reply(session.path[1].id, "by hand")
                await session.set_title("Mine")
            return found

        store.messages = messages  # type: ignore[method-assign]
        await answer(session.resume(session.path[1].id))
        store.messages = read  # type: ignore[method-assign]
        assert session.conversation.title == "Mine"
        assert [m.text for m in await read(session.id)] == [m.text for m in session.messages]
        assert session.siblings(session.path[1].id)[1].text == "by hand"
        assert question.id == session.path[0].id

    live(test, Reply.text(tokens=["one ", "x"], gate=gate), Reply.text("two"))
