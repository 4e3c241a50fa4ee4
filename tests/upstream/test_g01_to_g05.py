"""What went wrong upstream, rows G1 to G5: usage that is not read, and turns that end twice, never, or over each other."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from unittest.mock import patch

import pytest

from nbchat.core.cost import Price
from nbchat.sessions.dialogue import MAX_ROUNDS
from nbchat.sessions.session import Session
from nbchat.sessions.turn import Turn
from nbchat.testing import Gate, Reply
from tests.support.house import House, answer, eventually, live

PRICE = Price(Decimal(1_000_000), Decimal(2_000_000))
"""One dollar an input token, two an output token."""


def test_g01_usage_chunk_with_empty_choices_is_counted() -> None:
    """The usage chunk of most providers has no choices; skipped, the answer would cost nothing."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert message.usage is not None
        assert (message.usage.input_tokens, message.usage.output_tokens, message.usage.certainty) == (11, 7, "reported")
        assert message.cost is not None
        assert (message.cost.amount, message.cost.certainty) == (Decimal(25), "reported")
        assert session.state.cost == message.cost

    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": "fine"}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": usage},
        "[DONE]",
    ]
    live(test, Reply.events(chunks), price=PRICE)


def test_g02_stop_is_the_one_end_of_its_turn() -> None:
    """Nothing saves over the stopped partial later, and no finish reason comes back."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        await asyncio.gather(session.stop(), session.stop(turn))
        stopped = await answer(turn)
        gate.open()
        await answer(session.submit("next"))  # whatever the first turn still had to do is done by now
        saved = await house.store.messages(session.id)
        assert saved[1] == stopped == session.path[1]
        assert (stopped.text, stopped.status, stopped.finish_reason) == ("one ", "stopped", None)
        ends = [signal.data.status for signal in house.signals if signal.name == "turn-ended"]
        assert ends == ["stopped", "complete"]
        assert house.statuses() == ["submitted", "streaming", "idle"] * 2

    live(test, Reply.text(tokens=["one ", "two"], gate=gate), Reply.text("fine"))


def test_g03_a_question_sent_right_after_stop_is_kept() -> None:
    """The new turn starts after the old one settled, with both questions in its history."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        first = session.submit("first")
        gate.release(1)
        await eventually(lambda: first.content.text == "one ")
        stopping = asyncio.ensure_future(session.stop())
        await asyncio.sleep(0)
        second = session.submit("second")
        await stopping
        await answer(second)
        saved = [(m.role, m.text) for m in await house.store.messages(session.id)]
        assert saved == [("user", "first"), ("assistant", "one "), ("user", "second"), ("assistant", "fine")]

    server = live(test, Reply.text(tokens=["one ", "two"], gate=gate), Reply.text("fine"))
    assert [m["content"] for m in server.chats[-1].messages] == ["first", "one ", "second"]


def test_g04_two_windows_that_send_together_start_one_request_each_in_order() -> None:
    """Busy is reserved before anything is awaited, so neither message is lost nor answered beside the other."""
    gate = Gate()

    async def test(house: House) -> None:
        async def window() -> Session:
            return await house.manager.open("test", model="lab/tiny")

        async def send(text: str) -> Turn:
            return (await window()).submit(text)

        one, two = await asyncio.gather(send("one"), send("two"))
        assert one.session is two.session
        await eventually(lambda: gate.reached == 1)
        assert (one.status, two.status) == ("running", "queued")
        gate.open()
        assert [(await answer(turn)).text for turn in (one, two)] == ["first", "second"]
        assert [m.text for m in await house.store.messages(one.session.id)] == ["one", "first", "two", "second"]

    server = live(test, Reply.text(tokens=["first"], gate=gate), Reply.text("second"))
    assert [request.question for request in server.chats] == ["one", "two"]


def roll() -> int:
    """Roll a die."""
    return 4


def test_g05_a_model_that_calls_for_ever_ends_at_the_cap() -> None:
    """The cap on tool rounds is an end like any other: said, saved and settled, and the next question works."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([roll], None)
        session.tools.allow("roll")
        message = await answer(session.submit("hi"))
        assert (message.status, message.error and message.error.kind) == ("error", "tools")
        assert (session.busy, session.state.status) == (False, "error")
        assert (await house.store.messages(session.id))[-1] == message
        assert len(await house.store.records(session.id)) == MAX_ROUNDS + 1
        assert (await answer(session.submit("next"))).status == "complete"

    server = live(test, *[Reply.text(tool_calls=[("roll", {})])] * (MAX_ROUNDS + 1), Reply.text("fine"))
    assert len(server.chats) == MAX_ROUNDS + 2


@pytest.mark.parametrize(
    "where", ["store.begin_turn", "jobs.cleanup", "jobs.create_job", "log.append", "prices.price", "provider.stream"]
)
def test_g05_every_exit_ends_the_turn(where: str) -> None:
    """Whatever fails in whatever way, nothing is shown as running for ever, and the next question works."""

    def fail(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    async def test(house: House) -> None:
        session = await house.session()
        port, _, method = where.partition(".")
        target = getattr(house.ports, port) if port != "provider" else house.registry.get("lab")
        with patch.object(target, method, fail):
            message = await answer(session.submit("hi"))
        assert message.status == "complete" if where == "prices.price" else message.status == "error"
        assert (session.busy, session.state.status) == (False, "idle" if message.status == "complete" else "error")
        assert "streaming" not in {m.status for m in (*session.path, *await house.store.messages(session.id))}
        assert await house.ports.jobs.get_running_jobs() == []
        assert (await answer(session.submit("next"))).status == "complete"

    live(test, Reply.text("fine"), Reply.text("fine"))
