"""What went wrong with resumable streams upstream, rows L1 to L8: answers that depend on their watchers, and ends that race."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from nbchat.core.events import Event, TextDelta, TurnEnd, TurnError
from nbchat.sessions.state import Signal
from nbchat.testing import Gate, Reply, ScriptedServer
from tests.support.clock import ManualClock, settle
from tests.support.house import House, answer, eventually, house, live


def test_l01_an_answer_nobody_watches_is_saved() -> None:
    """The turn persists its answer; whoever showed it may leave at any time."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.manager.open("test", model="lab/tiny")
        view = session.lease("view")
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        subscription = house.ports.log.subscribe(turn.id, on_chunk=lambda entry: None)
        view.release()
        subscription.unsubscribe()
        gate.open()
        message = await answer(turn)
        assert (message.text, message.status) == ("one two", "complete")
        assert (await house.store.messages(session.id))[-1] == message

    live(test, Reply.text(tokens=["one ", "two"], gate=gate))


def test_l02_an_end_is_saved_before_anybody_is_told(tmp_path: Path) -> None:
    """Whoever hears of an end finds it in the database, with its question above it; also of a stopped answer."""
    gate, place, told = Gate(), tmp_path / "nbchat.db", []

    def look() -> list[tuple[str, str]]:
        with closing(sqlite3.connect(place)) as db:
            parent = "(SELECT q.role FROM messages q WHERE q.id = m.parent_id)"
            return db.execute(f"SELECT m.status, {parent} FROM messages m WHERE m.role = 'assistant'").fetchall()

    async def test(house: House) -> None:
        session = await house.session()

        def hear(signal: Signal) -> None:
            if signal.name == "turn-started" and signal.turn is not None:
                house.ports.log.subscribe(
                    signal.turn.id, on_chunk=lambda entry: None, on_done=lambda entry: told.append(("log", look()))
                )
            if signal.name == "turn-ended":
                told.append(("signal", look()))

        session.listen(hear)
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        await session.stop()
        told.append(("stop", look()))

    live(test, Reply.text(tokens=["one ", "two"], gate=gate), place=str(place))
    assert told == [(how, [("stopped", "user")]) for how in ("log", "signal", "stop")]


def test_l03_a_request_that_ends_twice_is_settled_once() -> None:
    """Stop, a second stop and the closing of the session come together: one ledger row, one end of the log, one cost."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        await asyncio.gather(session.stop(), session.stop(turn), house.manager.close(session), house.manager.stop_all())
        message = await answer(turn)
        rows = await house.store.records(session.id)
        assert [(row.id, row.cost) for row in rows] == [(turn.request_id, message.cost)]
        assert session.state.cost == message.cost
        assert turn.record is not None
        assert not await house.store.end_turn(turn.record, message, rows)  # an end that comes too late
        assert await house.store.records(session.id) == rows
        entries = await house.ports.log.read(turn.id, turn.generation, 0) or []
        assert sum(isinstance(event, TurnEnd | TurnError) for entry in entries for event in entry.events) == 1

    live(test, Reply.text(tokens=["one ", "two"], gate=gate))


def test_l04_a_repeated_request_attaches_instead_of_paying_twice(tmp_path: Path) -> None:
    """While the answer comes, after it, and in another kernel that opened the same database."""
    gate, place = Gate(), str(tmp_path / "nbchat.db")

    async def main(server: ScriptedServer) -> None:
        async with house(server, place=place) as here:
            session = await here.session()
            turn = session.submit("hi", request_id="once")
            await eventually(lambda: gate.reached == 1)
            assert session.submit("hi", request_id="once") is turn
            gate.open()
            first = await answer(turn)
            assert await answer(session.submit("hi", request_id="once")) == first
            assert len(session.path) == 2
        async with house(server, place=place) as there:
            session = await there.session()
            assert await answer(session.submit("hi", request_id="once")) == first
            assert len(session.path) == len(await there.store.messages(session.id)) == 2
            assert len(await there.store.records(session.id)) == 1
            assert session.state.cost == first.cost

    with ScriptedServer([Reply.text(tokens=["paid"], gate=gate)]) as server:
        asyncio.run(main(server))
        assert len(server.chats) == 1


def test_l08_batches_are_written_one_after_the_other() -> None:
    """One that takes long keeps the next one waiting, and so no reader sees them out of order."""
    gate, clock, slow = Gate(), ManualClock(), asyncio.Event()

    async def test(house: House) -> None:
        session = await house.session()
        append, began = house.ports.log.append, []

        async def slowly(stream_id: str, generation: int, events: Sequence[Event], **position: int | None) -> int:
            texts = [event.text for event in events if isinstance(event, TextDelta)]
            began.extend(texts)
            if texts == ["one "]:
                await slow.wait()
            return await append(stream_id, generation, events, **position)

        house.ports.log.append = slowly  # type: ignore[method-assign]
        turn = session.submit("hi")
        for count, text in enumerate(("one ", "one two ", "one two three "), 1):
            gate.release()
            await eventually(lambda text=text: turn.content.text == text)
            await clock.advance(1)
            assert began == ["one "], f"batch {count} did not wait"
        slow.set()
        await settle()
        await clock.advance(1)
        gate.open()
        await answer(turn)
        entries = await house.ports.log.read(turn.id, turn.generation, 0) or []
        texts = [event.text for entry in entries for event in entry.events if isinstance(event, TextDelta)]
        assert "".join(texts) == "one two three four"
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))

    live(test, Reply.text(tokens=["one ", "two ", "three ", "four"], gate=gate), clock=clock)
