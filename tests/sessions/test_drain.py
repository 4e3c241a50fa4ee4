"""Drain to usage: a stopped request is read on, its text discarded, until its provider says what it used."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from nbchat.core.cost import Price
from nbchat.core.events import TextDelta
from nbchat.core.usage import Usage
from nbchat.sessions.session import Session
from nbchat.sessions.turn import Turn
from nbchat.testing import Gate, Reply, ScriptedServer
from tests.support.clock import ManualClock, settle
from tests.support.house import House, answer, eventually, live
from tests.support.lives import Life, forget_lives

PRICE = Price(Decimal(1_000_000), Decimal(1_000_000))
"""One dollar a token."""
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
SECONDS = 30.0


def drain(house: House) -> None:
    """Let sessions that are opened from now on read stopped requests on."""
    house.manager._ports = replace(house.ports, drain_seconds=lambda: SECONDS)


async def stopping(house: House, gate: Gate, session: Session | None = None) -> tuple[Session, Turn, asyncio.Task[None]]:
    """A turn that was stopped behind its first token, and is being read on."""
    drain(house)
    session = session or await house.session()
    turn = session.submit("hi")
    gate.release(1)
    await eventually(lambda: turn.content.text == "one ")
    task = asyncio.create_task(session.stop())
    await settle()
    return session, turn, task


def long_answer(gate: Gate) -> Reply:
    return Reply.text(tokens=["one ", "two ", "three ", "four ", "five"], usage=USAGE, gate=gate)


def test_a_stopped_request_is_read_on_until_its_usage_comes() -> None:
    """L16: the answer stays as it was, and its figure is the provider's."""
    gate = Gate()

    async def test(house: House) -> None:
        session, turn, task = await stopping(house, gate)
        assert not task.done()
        gate.open()
        await task
        message = await answer(turn)
        assert (message.text, message.status, message.finish_reason) == ("one ", "stopped", None)
        assert message.usage == Usage(7, output_tokens=5)
        assert str(message.cost) == str(session.state.cost) == "$12.00"
        [row] = await house.store.records()
        assert (row.status, row.usage.certainty, row.output_characters) == ("stopped", "reported", len("one two three four five"))
        assert (await house.store.messages(session.id))[-1] == message
        assert house.statuses() == ["submitted", "streaming", "idle"]

    live(test, long_answer(gate), price=PRICE)


def test_nothing_more_of_the_answer_reaches_anybody() -> None:
    """From the stop on no text goes to views, the log or the store; what had come is saved at once."""
    gate = Gate()

    async def test(house: House) -> None:
        heard: list[str] = []
        house.manager.listen(lambda signal: heard.append(signal.data) if signal.name == "text-delta" else None)
        session, turn, task = await stopping(house, gate)

        async def saved() -> bool:
            return (await house.store.messages(session.id))[-1].text == "one "

        await eventually(saved)
        gate.release(3)
        await eventually(lambda: gate.reached >= 5)
        await settle()
        assert turn.content.text == session.path[-1].text == "one "
        gate.open()
        await task
        assert "".join(heard) == "one "
        log = await house.ports.log.read(turn.id, turn.generation, 0)
        assert log is not None
        assert "".join(event.text for entry in log for event in entry.events if isinstance(event, TextDelta)) == "one "

    live(test, long_answer(gate), price=PRICE)


def test_when_the_seconds_are_over_it_is_closed_and_estimated() -> None:
    """What came and was thrown away was written too, and counts."""
    gate, clock = Gate(), ManualClock()

    async def test(house: House) -> None:
        _, turn, task = await stopping(house, gate)
        gate.release(2)
        run = house.manager.get("test")._worker._answering._run  # type: ignore[union-attr]
        assert run is not None
        await eventually(lambda: run._dialogue.request.characters == len("one two three "))
        await clock.advance(SECONDS - 1)
        assert not task.done()
        await clock.advance(1.5)
        await task
        message = await answer(turn)
        assert (message.text, message.status) == ("one ", "stopped")
        assert message.usage == Usage(1, output_tokens=4, certainty="estimated")

    server = live(test, long_answer(gate), price=PRICE, clock=clock)
    assert len(server.wait_closed()) == 1


@pytest.mark.parametrize("at_once", [None, True])
def test_a_second_stop_closes_it_at_once(at_once: bool | None) -> None:
    """Who presses again does not want to wait; the same press that comes on another way is not a second one."""
    gate = Gate()

    async def test(house: House) -> None:
        session, turn, task = await stopping(house, gate)
        copy = asyncio.create_task(session.stop(at_once=False))
        await settle()
        gate.release(1)
        run = session._worker._answering._run
        await eventually(lambda: run is not None and run._dialogue.request.characters == len("one two "))
        assert not task.done()
        await asyncio.wait_for(session.stop(at_once=at_once), 30)
        await asyncio.gather(task, copy)
        message = await answer(turn)
        assert (message.text, message.status) == ("one ", "stopped")
        assert message.usage is not None
        assert message.usage.certainty == "estimated"
        assert len(await house.store.records()) == 1

    live(test, long_answer(gate), price=PRICE)


def test_a_session_that_closes_meanwhile_ends_it() -> None:
    """As stopped, which it was; nothing is lost and nothing is settled twice."""
    gate = Gate()

    async def test(house: House) -> None:
        session, turn, task = await stopping(house, gate)
        await asyncio.wait_for(house.manager.close(session), 30)
        await task
        message = await answer(turn)
        assert (message.text, message.status) == ("one ", "stopped")
        assert [(row.status, row.usage.certainty) for row in await house.store.records()] == [("stopped", "estimated")]

    live(test, long_answer(gate), price=PRICE)


def test_the_next_question_comes_behind_it() -> None:
    """One turn at a time: it waits until the request is settled."""
    gate = Gate()

    async def test(house: House) -> None:
        session, turn, task = await stopping(house, gate)
        following = session.submit("next")
        await settle()
        assert following.status == "queued"
        gate.open()
        await task
        assert (await answer(following)).text == "fine"
        assert (await answer(turn)).status == "stopped"

    live(test, long_answer(gate), Reply.text("fine"), price=PRICE)


def test_a_kernel_that_dies_meanwhile_keeps_the_partial(tmp_path: Path) -> None:
    """The next one finds what had come as interrupted, with a request of unknown cost; once."""
    gate = Gate()
    with ScriptedServer([long_answer(gate)]) as server:
        first = Life(server, str(tmp_path / "nbchat.db"), 1, PRICE)
        session, _, task = first.run(stopping(first.house, gate))
        conversation = session.id
        first.kill()
        second = Life(server, str(tmp_path / "nbchat.db"), 2, PRICE)

        async def look() -> None:
            await second.house.store.recover(conversation)
            message = (await second.house.store.messages(conversation))[-1]
            assert (message.text, message.status) == ("one ", "interrupted")
            [row] = await second.house.store.records(conversation)
            assert (row.status, row.cost.amount) == ("interrupted", None)

        second.run(look())
        second.close()
        task.cancel()
        first.bury()
        forget_lives()


def roll() -> int:
    """Roll a die."""
    raise AssertionError("nobody asked for it any more")


@pytest.mark.parametrize("called_before", [True, False])
def test_tools_that_are_asked_for_are_not_run(called_before: bool) -> None:
    """Whether the call came before the stop or after it; nor is another request made."""
    gate = Gate()

    async def test(house: House) -> None:
        drain(house)
        session = await house.session()
        session.tools.set([roll], None)
        session.tools.allow("roll")
        turn = session.submit("hi")
        await eventually(lambda: bool(turn.content.parts) and len(turn.content.parts) == 1 + called_before)
        task = asyncio.create_task(session.stop())
        await settle()
        gate.open()
        await task
        message = await answer(turn)
        assert (message.text, message.status) == ("one ", "stopped")
        assert message.usage == Usage(7, output_tokens=5)

    call = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "roll", "arguments": "{}"}}]}
    text, called = ({"choices": [{"delta": delta}]} for delta in ({"content": "one "}, call))
    end = [{"choices": [{"delta": {}, "finish_reason": "tool_calls"}], "usage": USAGE}, "[DONE]"]
    pieces = [text, called, gate, *end] if called_before else [text, gate, called, *end]
    assert len(live(test, Reply.events(pieces), price=PRICE).chats) == 1


def test_a_refusal_is_not_tried_again() -> None:
    """What is refused while nobody waits for its answer costs nothing and is not sent a second time."""
    gate = Gate()

    async def test(house: House) -> None:
        drain(house)
        session = await house.session()
        turn = session.submit("hi")
        run = session._worker._answering
        await eventually(lambda: run._run is not None and run._run._dialogue.request.billed)
        task = asyncio.create_task(session.stop())
        await settle()
        gate.open()
        await asyncio.wait_for(task, 30)
        message = await answer(turn)
        assert (message.status, str(message.cost), message.error) == ("stopped", "$0.00", None)

    server = live(test, Reply.error(503, "overloaded").after(gate), Reply.text("never"), price=PRICE)
    assert len(server.chats) == 1


def test_what_ended_by_itself_is_whole() -> None:
    """A stop behind the finish reason takes nothing away, with or without draining."""
    gate = Gate()

    async def test(house: House) -> None:
        drain(house)
        session = await house.session()
        turn = session.submit("hi")
        run = session._worker._answering
        await eventually(lambda: run._run is not None and run._run._dialogue.request.finish is not None)
        await session.stop()
        message = await answer(turn)
        assert (message.text, message.status, message.finish_reason) == ("one ", "complete", "stop")

    whole = [{"choices": [{"delta": {"content": "one "}}]}, {"choices": [{"delta": {}, "finish_reason": "stop"}]}]
    live(test, Reply.events([*whole, gate, "[DONE]"]), price=PRICE)
