"""Every turn ends, once, with what came and what it cost, whoever gives up, fails or is late meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from contextvars import ContextVar, copy_context
from decimal import Decimal
from pathlib import Path

import pytest

from nbchat.core.cost import Cost, Price
from nbchat.core.errors import UsageError
from nbchat.core.events import Finish
from nbchat.sessions.ports import Job
from nbchat.sessions.turn import Turn
from nbchat.testing import Gate, Reply, ScriptedServer
from tests.support.clock import ManualClock, settle
from tests.support.house import House, answer, eventually, house, live

PRICE = Price(Decimal(1_000_000), Decimal(1_000_000))
"""One dollar a token."""


# ---------------------------------------------------------------- money


def test_an_error_in_mid_answer_takes_no_token_back() -> None:
    """G10: an error event that bears a status (as gateways send it) comes after tokens that are billed."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert (message.text, message.status) == ("one two", "error")
        assert message.cost is not None
        assert message.cost.certainty == "estimated"
        assert message.cost.amount
        assert session.state.cost == message.cost

    live(test, Reply.text(tokens=["one ", "two"], error={"code": 502, "message": "upstream died"}, finish_reason=""), price=PRICE)


def test_an_error_in_the_place_of_an_answer_costs_nothing() -> None:
    """The same error with nothing before it is a refusal."""

    async def test(house: House) -> None:
        message = await answer((await house.session()).submit("hi"))
        assert message.status == "error"
        assert message.cost == Cost(Decimal(0))

    live(test, Reply.text(error={"code": 502, "message": "upstream died"}, finish_reason=""), price=PRICE)


def test_stopping_between_two_attempts_costs_nothing() -> None:
    """What was refused is not billed, also when the next attempt never comes."""

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        await eventually(lambda: session.state.retry is not None)
        await session.stop()
        message = await answer(turn)
        assert message.status == "stopped"
        assert message.cost == Cost(Decimal(0))

    live(test, Reply.error(503, headers={"retry-after": "30"}), price=PRICE)


def test_of_counts_that_grow_with_the_answer_the_last_one_holds() -> None:
    """Some servers count on every chunk: such counts are never added, and the first of them is not the answer's."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert message.usage is not None
        assert (message.usage.output_tokens, message.usage.certainty) == (3, "reported")
        assert len(await house.store.records(session.id)) == 1

    live(test, Reply.text(tokens=["one ", "two ", "three"], usage_shape="every"))


def test_stopping_behind_the_finish_reason_keeps_a_complete_answer() -> None:
    """P5: the answer is whole; only the provider's count is still missing, and so estimated."""
    gate = Gate()
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": "whole"}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")

        async def finished() -> bool:
            entries = await house.ports.log.read(turn.id, turn.generation, 0)
            return any(isinstance(event, Finish) for entry in entries or () for event in entry.events)

        await eventually(finished)
        await session.stop()
        message = await answer(turn)
        assert (message.text, message.status, message.finish_reason) == ("whole", "complete", "stop")
        assert message.usage is not None
        assert message.usage.certainty == "estimated"

    live(test, Reply.events([*chunks, gate]))


# ---------------------------------------------------------------- those who wait


@pytest.mark.parametrize("ticks", range(1, 12))
def test_stopping_at_once_keeps_the_question(ticks: int) -> None:
    """A turn that nothing keeps waiting is stopped, not taken back, however early: its question stays, and resume asks it."""

    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        for _ in range(ticks):
            await asyncio.sleep(0)
        await session.stop(turn)
        gate.open()
        assert (await answer(turn)).status == "stopped"
        assert [(m.role, m.status) for m in session.path] == [("user", "complete"), ("assistant", "stopped")]
        assert (await answer(session.resume())).text == "fine"

    live(test, Reply.text("fine").after(gate), Reply.text("fine"))


def test_giving_up_on_stop_takes_the_answer_from_nobody() -> None:
    """A second Ctrl-C cancels the wait for the stop, never the turn's own future."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        stopping = asyncio.ensure_future(session.stop())
        await asyncio.sleep(0)
        stopping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stopping
        await session.stop()
        assert (await answer(turn)).status == "stopped"

    live(test, Reply.text(tokens=["one ", "two"], gate=gate))


def test_a_watcher_that_fails_ends_no_turn() -> None:
    """Whoever watches (a loop that was closed meanwhile, say) cannot keep the others waiting for ever."""
    seen: list[str | None] = []

    def broken(_delta: str | None) -> None:
        raise RuntimeError("Event loop is closed")

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        turn.watch(broken)
        turn.watch(seen.append)
        assert (await answer(turn)).status == "complete"
        assert seen == ["fine", None]
        assert (await answer(session.submit("again"))).text == "fine, too"

    live(test, Reply.text(tokens=["fine"]), Reply.text("fine, too"))


def test_a_repeated_request_shows_its_answer_to_those_who_watch() -> None:
    """An answer that is given again has its text, and is not paid again."""
    seen: list[str | None] = []

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("hi", request_id="once"))
        turn = session.submit("hi", request_id="once")
        turn.watch(seen.append)
        await answer(turn)
        assert (seen, turn.content.text) == (["fine", None], "fine")

    assert len(live(test, Reply.text("fine")).chats) == 1


def test_a_turn_that_cannot_be_published_is_ended_in_the_store() -> None:
    """What begins in the store ends there, though nothing could be sent: else it would be shown as running for ever."""

    async def test(house: House) -> None:
        session = await house.session()

        async def refuse(job: Job, *, limit: int | None = None) -> Job:
            raise UsageError("the backend is gone")

        create_job = house.ports.jobs.create_job
        house.ports.jobs.create_job = refuse  # type: ignore[method-assign]
        message = await answer(session.submit("hi"))
        assert (message.status, message.error and message.error.text) == ("error", "the backend is gone")
        assert [m.status for m in await house.store.messages(session.id)] == ["complete", "error"]
        house.ports.jobs.create_job = create_job  # type: ignore[method-assign]
        assert (await answer(session.submit("again"))).status == "complete"

    assert len(live(test, Reply.text("fine")).chats) == 1


def test_a_turn_that_has_ended_keeps_its_text_once() -> None:
    """L13: handles and views may keep turns for long, and a turn of many tokens must not keep each of them."""
    tokens = [f"token{n} " for n in range(500)]

    async def test(house: House) -> None:
        turn = (await house.session()).submit("hi")
        message = await answer(turn)
        assert message.text == turn.content.text == "".join(tokens)
        assert turn.content.parts[0] is message.parts[0]

    live(test, Reply.text(tokens=tokens))


# ---------------------------------------------------------------- one conversation, several holders


def test_a_request_id_of_another_conversation_is_refused() -> None:
    """It must not show one conversation's messages in another."""

    async def test(house: House) -> None:
        one, two = await house.session("one"), await house.session("two")
        await answer(one.submit("hi", request_id="same"))
        before = two.id
        message = await answer(two.submit("hi", request_id="same"))
        assert (message.status, message.error and message.error.kind) == ("error", "invalid")
        assert (two.id, two.name, two.path) == (before, "two", ())

    assert len(live(test, Reply.text("fine")).chats) == 1


def test_a_change_of_title_keeps_the_messages_while_another_kernel_talks(tmp_path: Path) -> None:
    """The other kernel has moved the stored head to messages that this one does not have, until its next turn begins."""

    async def main(server: ScriptedServer) -> None:
        place = str(tmp_path / "chats.db")
        async with house(server, place=place) as here, house(server, place=place) as there:
            mine = await here.session()
            await answer(mine.submit("q1"))
            others = await there.session()
            await answer(others.submit("q2"))
            await mine.update(title="ours")
            assert [m.text for m in mine.path] == ["q1", "a1"]
            await answer(mine.submit("q3"))
            assert [m.text for m in mine.path] == ["q1", "a1", "q2", "a2", "q3", "a3"]

    with ScriptedServer([Reply.text(f"a{n}") for n in (1, 2, 3)]) as server:
        asyncio.run(main(server))
    assert [m["content"] for m in server.chats[-1].json["messages"]] == ["q1", "a1", "q2", "a2", "q3"]


def test_a_closed_session_refuses_a_question() -> None:
    """It would wait for ever: nobody takes it from the queue."""

    async def test(house: House) -> None:
        session = await house.session()
        await house.manager.close(session)
        with pytest.raises(UsageError, match="was closed"):
            session.submit("hi")

    live(test)


def test_a_conversation_that_is_opened_while_it_closes_has_its_end() -> None:
    """What the closing session still saves is what the new one loads."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        closing = asyncio.ensure_future(house.manager.close(session))
        await asyncio.sleep(0)
        again = await house.session()
        assert [(m.text, m.status) for m in again.path] == [("hi", "complete"), ("one ", "interrupted")]
        await closing
        await house.manager.close(session)
        assert house.manager.active == (again,)

    live(test, Reply.text(tokens=["one ", "two"], gate=gate))


def test_a_session_whose_warm_time_is_over_is_given_to_nobody() -> None:
    """Whoever opens it in the moment between its end and its closing gets one that lives."""
    clock = ManualClock()

    async def test(house: House) -> None:
        old = await house.manager.open("test")
        await settle()
        house.manager._unused(old)  # the timer has run; the closing has not begun
        new = await house.manager.open("test")
        new.lease()
        await settle()
        assert old.closed
        assert not new.closed

    live(test, clock=clock)


def test_a_conversation_that_is_opened_while_it_is_deleted_is_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens it waits for its end, and is not given a session of what is about to go."""

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("hi"))
        delete, going, on = house.store.delete, asyncio.Event(), asyncio.Event()

        async def slowly(conversation_id: str) -> None:
            going.set()
            await on.wait()
            await delete(conversation_id)

        monkeypatch.setattr(house.store, "delete", slowly)
        deleting = asyncio.create_task(house.manager.delete("test"))
        await going.wait()
        opening = asyncio.create_task(house.session())
        await asyncio.wait({opening}, timeout=0.1)
        assert not opening.done()
        on.set()
        await deleting
        fresh = await opening
        assert (fresh.id != session.id, fresh.path) == (True, ())
        assert (await answer(fresh.submit("hi"))).text == "fine"

    live(test, Reply.text("one"), Reply.text("fine"))


@pytest.mark.parametrize("label", ["tiny", "lab/", "/tiny"])
def test_half_a_models_name_is_refused(label: str) -> None:
    """Else the conversation would quietly be answered by another model."""

    async def test(house: House) -> None:
        with pytest.raises(UsageError, match="does not name a model"):
            await house.manager.open("new", model=label)
        session = await house.session()
        with pytest.raises(UsageError, match="does not name a model"):
            session.submit("hi", model=label)

    assert not live(test).chats


def test_half_a_character_in_a_question_blinds_no_view() -> None:
    """The notebook's protocol is UTF-8: a lone surrogate would keep every view of the conversation from being told."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("a \ud83d b"))
        assert message.status == "complete"
        assert session.path[0].text == "a \ufffd b"
        assert [m.text for m in await house.store.messages(session.id)] == ["a \ufffd b", "fine"]

    live(test, Reply.text("fine"))


class _Burden:
    """Something large that a caller carries in its context."""


def test_an_ended_turn_lets_go_of_its_callers_context() -> None:
    """L13: no task of a session holds what a cell had set in a context variable."""
    carried: ContextVar[_Burden] = ContextVar("carried")

    async def test(house: House) -> None:
        session = await house.session()
        burden = _Burden()
        seen = weakref.ref(burden)

        def ask(burden: _Burden) -> Turn:
            carried.set(burden)
            return session.submit("hi")

        turn = copy_context().run(ask, burden)
        del burden
        await answer(turn)
        await eventually(lambda: seen() is None)

    live(test, Reply.text("fine"))
