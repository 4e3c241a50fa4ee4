"""Questions beside other kernels: one request at a time, in one order for all; how many answers may run at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from nbchat.core.errors import BusyError
from nbchat.core.messages import Message
from nbchat.sessions.ports import Standing, TurnRecord
from nbchat.sessions.session import Session
from nbchat.sessions.turn import Turn
from nbchat.testing import Gate, Reply
from tests.support.house import answer, eventually
from tests.support.two_kernels import Two, between, texts


def opened(tokens: int) -> Gate:
    gate = Gate()
    gate.release(tokens)
    return gate


@pytest.mark.parametrize("alone", [False, True])
def test_a_question_waits_for_the_other_kernels_answer(tmp_path: Path, alone: bool) -> None:
    """It stays in the queue, and what was said elsewhere is before it; without shared streams too."""
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        first = mine.submit("one")
        await eventually(lambda: first.content.text == "1")
        second, removed = theirs.submit("two"), theirs.submit("never")
        await asyncio.sleep(0.4)
        assert [turn.status for turn in (second, removed)] == ["queued", "queued"]
        assert theirs.queue == (second, removed)
        if alone:
            await theirs.stop()  # nothing runs here, and what waits goes on waiting
        await theirs.stop(removed)
        assert removed.future.cancelled()
        assert len(two.server.chats) == 1
        gate.open()
        assert (await answer(second)).text == "2"
        assert texts(theirs) == ["one", "1!", "two", "2"]
        await answer(mine.submit("three"))
        assert texts(mine) == ["one", "1!", "two", "2", "three", "3"]

    server = between(tmp_path, test, Reply.text(tokens=["1", "!"], gate=gate), Reply.text("2"), Reply.text("3"), alone=alone)
    assert [message["content"] for message in server.chats[1].json["messages"]] == ["one", "1!", "two"]


@pytest.mark.parametrize("alone", [False, True])
def test_two_who_ask_at_once_are_answered_one_after_the_other(tmp_path: Path, alone: bool) -> None:
    """Neither is refused; both kernels end with the same path, and no two requests overlap."""

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        asked = [session.submit(f"{name}{number}") for number in range(3) for name, session in (("a", mine), ("b", theirs))]
        assert [message.status for message in await asyncio.gather(*map(answer, asked))] == ["complete"] * 6
        stored = [message.text for message in await two.a.store.messages(mine.id)]
        assert [text for text in stored if text.startswith("a")] == ["a0", "a1", "a2"]
        assert [text for text in stored if text.startswith("b")] == ["b0", "b1", "b2"]
        last = await answer(mine.submit("last"))
        assert last.status == "complete"
        assert texts(mine)[:-2] == stored

    server = between(tmp_path, test, *(Reply.text("x", delay=0.01) for _ in range(7)), alone=alone)
    assert [len(chat.json["messages"]) for chat in server.chats] == [1, 3, 5, 7, 9, 11, 13]


def test_what_is_asked_elsewhere_in_the_last_moment_stands_before_it(tmp_path: Path) -> None:
    """A whole turn of another kernel, from its question to its answer, between a look and a beginning: it is seen, and the one
    that was about to begin comes behind it, not beside it."""

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        begin = two.a.store.begin_turn

        async def late(record: TurnRecord, messages: Sequence[Message]) -> TurnRecord:
            two.a.store.begin_turn = begin  # type: ignore[method-assign]
            await answer(theirs.submit("theirs"))
            return await begin(record, messages)

        two.a.store.begin_turn = late  # type: ignore[method-assign,assignment]
        await answer(mine.submit("mine"))
        assert texts(mine) == ["theirs", "1", "mine", "2"]

    server = between(tmp_path, test, Reply.text("1"), Reply.text("2"), alone=True)
    assert [len(chat.messages) for chat in server.chats] == [1, 3]


def test_the_same_request_attaches(tmp_path: Path) -> None:
    """A request id that another kernel is answering is not paid for twice: the turn ends with that answer."""
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        first = mine.submit("one", request_id="same")
        await eventually(lambda: first.content.text == "1")
        again = theirs.submit("one", request_id="same")
        gate.open()
        assert await answer(again) == await answer(first)
        assert texts(theirs) == texts(mine) == ["one", "1!"]

    assert len(between(tmp_path, test, Reply.text(tokens=["1", "!"], gate=gate)).chats) == 1


@pytest.mark.parametrize("alone", [False, True])
def test_who_does_not_want_to_wait_is_told(tmp_path: Path, alone: bool) -> None:
    """Busy is who answers, in whichever kernel."""
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        first = await mine.submit_now("one")
        await eventually(lambda: first.content.text == "1")
        for session in (mine, theirs):
            with pytest.raises(BusyError):
                await session.submit_now("two")
        assert not theirs.queue
        gate.open()
        await answer(first)
        if not alone:  # it is shown there too, perhaps late
            await eventually(lambda: texts(theirs) == ["one", "1!"])
        await eventually(lambda: not theirs.busy)
        assert (await answer(await theirs.submit_now("two"))).text == "2"

    between(tmp_path, test, Reply.text(tokens=["1", "!"], gate=gate), Reply.text("2"), alone=alone)


def test_changes_made_elsewhere_are_known_by_the_next_turn(tmp_path: Path) -> None:
    """Hidden and deleted messages, other words, titles, the system prompt."""

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        await answer(mine.submit("one"))
        await answer(mine.submit("two"))
        await eventually(lambda: texts(theirs) == ["one", "1", "two", "2"])
        one, _, two_asked, _ = mine.path
        await mine.hide(one.id)
        await mine.delete(two_asked.id)
        await mine.set_title("Mine")
        await mine.set_system("Be brief.")
        await answer(theirs.submit("three"))
        assert texts(theirs) == ["one", "1", "three", "3"]
        assert theirs.conversation.title == "Mine"

    server = between(tmp_path, test, *(Reply.text(str(n)) for n in (1, 2, 3)))
    assert [message["content"] for message in server.chats[-1].json["messages"]] == ["Be brief.", "1", "three"]


def test_so_many_answers_run_at_once(tmp_path: Path) -> None:
    """In all kernels and conversations together; one more waits in its queue until a place is free."""
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.a.session("mine"), await two.b.session("theirs")
        first = mine.submit("one")
        await eventually(lambda: first.content.text == "1")
        second = theirs.submit("two")
        with pytest.raises(BusyError, match="max_running"):
            await (await two.b.session("third")).submit_now("three")
        await asyncio.sleep(0.2)
        assert theirs.queue == (second,)
        assert len(two.server.chats) == 1
        gate.open()
        assert (await answer(second)).text == "2"
        assert [await answer(turn) for turn in (first, second)]
        await eventually(lambda: two.shared.jobs._jobs[second.id].status != "running")

    between(tmp_path, test, Reply.text(tokens=["1", "!"], gate=gate), Reply.text("2"), max_running=lambda: 1)


@pytest.mark.parametrize("way", ["stopped", "failed", "removed", "closed"])
def test_a_place_is_given_back_by_every_way_out(tmp_path: Path, way: str) -> None:
    """Whatever becomes of a turn, the next one gets its place."""
    gate = opened(1)

    async def test(two: Two) -> None:
        session = await two.a.session("notes")
        turn: Turn = session.submit("one")
        if way == "removed":
            session.unqueue(turn.id)
        elif way == "failed":
            await answer(turn)
        else:
            await eventually(lambda: turn.content.text == "1")
            await (session.stop() if way == "stopped" else two.a.manager.close(session))
        other = await two.b.session("other")
        assert (await answer(other.submit("two"))).status == "complete"

    first = Reply.error(400, "no") if way == "failed" else Reply.text(tokens=["1", "!"], gate=gate)
    replies = [Reply.text("2")] if way == "removed" else [first, Reply.text("2")]
    between(tmp_path, test, *replies, max_running=lambda: 1)


def test_a_request_that_is_made_twice_takes_one_place(tmp_path: Path) -> None:
    """Whoever comes second and does not want to wait gets the first one's turn, and no place is kept for it."""

    async def test(two: Two) -> None:
        session = await two.a.session("notes")
        first, second = await asyncio.gather(*(session.submit_now("one", request_id="same") for _ in range(2)))
        assert first is second
        await answer(first)
        assert not await two.a.ports.jobs.get_running_jobs()

    between(tmp_path, test, Reply.text("1"), max_running=lambda: 3)


def test_places_that_are_taken_in_the_same_moment(tmp_path: Path) -> None:
    """Each is given back, in whichever order."""

    async def test(two: Two) -> None:
        session = await two.a.session("notes")
        for turn_id in ("one", "two"):
            await session._worker.reserve(turn_id)
        for turn_id in ("one", "two"):
            await session._worker.reservation.release(turn_id)
        assert not await two.a.ports.jobs.get_running_jobs()

    between(tmp_path, test, max_running=lambda: 3)


@pytest.mark.parametrize("first", ["internal", None])
def test_a_look_that_fails_does_not_end_the_queue(tmp_path: Path, first: str | None) -> None:
    """Whatever the store raises when it is asked how the conversation stands: the turn that was to begin says so, and the next
    one is answered; what was saved elsewhere is looked at again."""

    async def test(two: Two) -> None:
        session = await two.a.session("notes")
        standing = two.a.store.standing

        async def fails(conversation_id: str) -> Standing:
            two.a.store.standing = standing  # type: ignore[method-assign]
            raise RuntimeError("no")

        two.a.store.standing = fails  # type: ignore[method-assign]
        if first is None:
            session.catch_up()
        answers = [await answer(session.submit(text)) for text in ("one", "two")]
        assert [message.error and message.error.kind for message in answers] == [first, None]

    between(tmp_path, test, *(Reply.text("fine") for _ in range(2 if first is None else 1)))


async def coming(session: Session, turn: Turn) -> None:
    """Wait until it is found out whether this turn can begin: a moment, which comes again with each look."""
    end = asyncio.get_running_loop().time() + 30
    while session._worker.coming is not turn:
        assert asyncio.get_running_loop().time() < end, "it never came"
        await asyncio.sleep(0)


@pytest.mark.parametrize("everything", [False, True])
def test_a_stop_in_the_moment_of_a_look_is_what_it_is_at_any_other(tmp_path: Path, everything: bool) -> None:
    """What waits for another kernel's answer goes on waiting, unless the queue is to be emptied."""
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        first = mine.submit("one")
        await eventually(lambda: first.content.text == "1")
        second = theirs.submit("two")
        for _ in range(1 if everything else 3):
            await coming(theirs, second)
            await asyncio.wait_for(theirs.stop(queue=everything), 30)
        assert second.future.cancelled() == everything
        assert theirs.queue == (() if everything else (second,))
        gate.open()
        if not everything:
            assert (await answer(second)).text == "2"

    replies = [Reply.text(tokens=["1", "!"], gate=gate), Reply.text("2")]
    between(tmp_path, test, *replies[: 2 - everything], alone=True)


def test_a_request_that_was_taken_back_can_be_made_again(tmp_path: Path) -> None:
    """It was stopped while it was found out whether it can begin: its id stands for nothing any more."""
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        first = mine.submit("one")
        await eventually(lambda: first.content.text == "1")
        second = theirs.submit("two", request_id="same")
        await coming(theirs, second)
        await theirs.stop(second)
        assert second.future.cancelled()
        again = theirs.submit("two", request_id="same")
        gate.open()
        assert (await answer(again)).text == "2"

    between(tmp_path, test, Reply.text(tokens=["1", "!"], gate=gate), Reply.text("2"), alone=True)
