"""Titles: made in the background, by themselves or by the model, and never over one that a person gave."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from nbchat.core.requests import RequestRecord
from nbchat.testing import Gate, Reply
from tests.support.house import House, answer, eventually, live


def helped(house: House) -> None:
    """Let models be asked for titles."""
    house.manager._ports = replace(house.ports, helper_requests=lambda _: True)


def test_without_helper_requests_the_first_words_are_the_title() -> None:
    """It costs nothing and is there at once."""

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("What is a monad, in *plain* words?"))
        await eventually(lambda: session.conversation.title != "")
        assert session.conversation.title == "What is a monad, in plain words?"
        assert not session.conversation.titled
        assert len(await house.store.records(session.id)) == 1

    live(test, Reply.text("A burrito."))


def test_the_model_names_it_and_the_request_is_in_the_ledger() -> None:
    """L21: reasoning is stripped, the request is a row of its own purpose, and the session's cost has it."""

    async def test(house: House) -> None:
        helped(house)
        session = await house.session()
        message = await answer(session.submit("What is a monad?"))
        await eventually(lambda: session.conversation.title == "Monads as burritos")
        rows = await house.store.records(session.id)
        assert [(row.purpose, row.message, row.status) for row in rows] == [
            ("answer", message.id, "complete"),
            ("title", message.id, "complete"),
        ]
        assert session.state.usage.output_tokens == sum(row.usage.output_tokens or 0 for row in rows)
        stored = await house.store.find("test")
        assert stored is not None
        assert (stored.title, stored.titled) == ("Monads as burritos", False)

    live(test, Reply.text("A burrito."), Reply.text("<think>A name…</think>\n“Monads as burritos.”", reasoning="Hm."))


def test_a_failed_or_empty_proposal_leaves_the_first_words() -> None:
    """L21: whatever the model says or does not say, there is a title and the session is idle."""
    for reply in (Reply.error(500), Reply.text("<think>for ever"), Reply.error(401)):

        async def test(house: House) -> None:
            helped(house)
            session = await house.session()
            await answer(session.submit("What is a monad?"))

            async def settled() -> bool:
                return len(await house.store.records(session.id)) == 2

            await eventually(settled)
            assert (session.conversation.title, session.state.status) == ("What is a monad?", "idle")

        live(test, Reply.text("A burrito."), reply, reply, reply, reply)


def test_a_given_title_is_never_replaced() -> None:
    """G16: neither before nor while a title is being made; its request is closed."""
    gate = Gate()

    async def test(house: House) -> None:
        helped(house)
        session = await house.session()
        await session.set_title("Mine")
        await answer(session.submit("one"))
        assert len(await house.store.records(session.id)) == 1
        await session.set_title("")
        await answer(session.submit("two"))
        await eventually(lambda: gate.reached == 1)  # the model is asked: the first words alone are there before that
        assert session.conversation.title == "two"
        await session.set_title("Mine again")

        async def settled() -> bool:
            return [row.purpose for row in await house.store.records(session.id)][2:] == ["title"]

        await eventually(settled)
        gate.open()
        assert (session.conversation.title, session.conversation.titled) == ("Mine again", True)

    server = live(test, Reply.text("1"), Reply.text("2"), Reply.text("Theirs", gate=gate))
    assert server.open_streams == 0


def test_a_title_that_is_given_in_another_kernel_meanwhile_stays() -> None:
    """Nobody cancels the request there, and what it proposes comes too late."""
    gate = Gate()

    async def test(house: House) -> None:
        helped(house)
        session = await house.session()
        await answer(session.submit("one"))
        await eventually(lambda: gate.reached == 1)
        await house.store.update(session.id, title="Mine", titled=True)
        gate.open()
        assert session._titles._task is not None
        await session._titles._task
        stored = await house.store.get(session.id)
        assert stored is not None
        assert (stored.title, stored.titled) == ("Mine", True)

    live(test, Reply.text("1"), Reply.text("Theirs", gate=gate))


def test_a_stop_and_the_next_question_do_not_touch_it() -> None:
    """L21: the title's request is apart from every turn."""
    title, second = Gate(), Gate()

    async def test(house: House) -> None:
        helped(house)
        session = await house.session()
        await answer(session.submit("one"))
        turn = session.submit("two")
        second.release(1)
        await eventually(lambda: turn.content.text == "a ")
        await session.stop()
        title.open()
        await eventually(lambda: session.conversation.title == "Theirs")

    def by_purpose(request: object) -> Reply:
        asked = str(getattr(request, "question", ""))
        if asked == "one":
            return Reply.text("1")
        return Reply.text(tokens=["a ", "b"], gate=second) if asked == "two" else Reply.text("Theirs", gate=title)

    live(test, by_purpose, by_purpose, by_purpose)  # type: ignore[arg-type]


def test_closing_cancels_it_and_settles_it() -> None:
    """No task and no socket outlives its session."""
    gate = Gate()

    async def test(house: House) -> None:
        helped(house)
        session = await house.session()
        await answer(session.submit("one"))
        await asyncio.to_thread(gate.wait_reached, 1)
        await house.manager.close(session)
        assert [row.purpose for row in await house.store.records(session.id)] == ["answer", "title"]

    server = live(test, Reply.text("1"), Reply.text("Theirs", gate=gate))
    assert server.open_streams == 0


def test_a_cancelled_title_is_settled_before_its_session_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is cancelled twice: by a person's own title, and by the close that comes while it is being settled."""
    gate, ledger = Gate(), asyncio.Event()
    gate.release(1)

    async def test(house: House) -> None:
        helped(house)
        session = await house.session()
        await answer(session.submit("one"))
        await eventually(lambda: gate.reached == 2)
        settle, settling = house.store.settle, asyncio.Event()

        async def slowly(record: RequestRecord) -> bool:
            settling.set()
            await ledger.wait()
            return await settle(record)

        monkeypatch.setattr(house.store, "settle", slowly)
        await session.set_title("Mine")
        await asyncio.wait_for(settling.wait(), 30)
        closing = asyncio.create_task(house.manager.close(session))
        await asyncio.wait({closing}, timeout=0.1)
        assert not closing.done()
        ledger.set()
        await closing
        rows = await house.store.records(session.id)
        assert [(row.purpose, row.status) for row in rows] == [("answer", "complete"), ("title", "stopped")]

    live(test, Reply.text("fine"), Reply.text(tokens=["A ", "name"], gate=gate))
