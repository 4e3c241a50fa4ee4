"""What the random interleavings found, each as the shortest story that shows it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from nbchat.core.cost import Price, sum_cost
from nbchat.core.usage import sum_usage
from nbchat.sessions.session import Session
from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.support.house import House, answer, eventually, live
from tests.support.lives import Life, forget_lives

PRICE = Price(Decimal(1), Decimal(2))


def roles(server: ScriptedServer) -> list[list[str]]:
    return [[message["role"] for message in chat.messages] for chat in server.chats]


def test_a_mark_that_is_set_while_its_answer_begins_again_stays() -> None:
    """The store has it first; the turn must not put the message of before into the tree."""

    async def test(house: House) -> None:
        session = await house.session()
        partial = await answer(session.submit("count"))
        question = session.path[0]
        hiding = [asyncio.ensure_future(session.hide(each)) for each in (question.id, partial.id)]
        await asyncio.sleep(0)  # the marks are on their way to the store
        await answer(session.resume(partial.id))
        await asyncio.gather(*hiding)
        assert [message.hidden for message in session.messages] == [True, True]
        assert await house.store.messages(session.id) == list(session.messages)

    live(test, Reply.text("one two ", finish_reason="length"), Reply.text("three"))


def test_an_answer_that_is_deleted_while_it_begins_again_stays_deleted() -> None:
    """Memory and store say the same, whoever came first."""

    async def test(house: House) -> None:
        session = await house.session()
        partial = await answer(session.submit("count"))
        deleting = asyncio.ensure_future(session.delete(partial.id))
        await asyncio.sleep(0)  # the mark is on its way to the store
        turn = session.resume(partial.id)
        await answer(turn)
        await deleting
        assert await house.store.messages(session.id) == list(session.messages)

    live(test, Reply.text("one two ", finish_reason="length"), Reply.text("three"))


def test_an_answer_of_a_killed_kernel_costs_what_all_its_requests_did(tmp_path: Path) -> None:
    """The rounds that were paid for, and one that nobody knows: also after it was gone on with."""
    gate = Gate()

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    def reply(request: Request) -> Reply:
        if len(server.chats) == 1:
            return Reply.text("Let me see. ", tool_calls=[("add", {"a": 2, "b": 3})])
        return Reply.text("It is five. ", gate=gate) if len(server.chats) == 2 else Reply.text("Indeed.")

    async def begin(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        session.tools.allow("add")
        session.submit("2 + 3?", request_id="r")
        await eventually(lambda: gate.reached == 1)

    async def reopen(house: House) -> None:
        session = await house.session()
        await judge(house, session)
        turn = session.resume(request_id="again")
        gate.open()
        assert (await answer(turn)).status == "complete"
        await judge(house, session)

    async def judge(house: House, session: Session) -> None:
        rows = await house.store.records(session.id)
        message = session.path[-1]
        total = sum_cost(row.cost for row in rows)
        assert [row.purpose for row in rows] == ["answer", "tool-round", "continuation"][: len(rows)]
        assert message.usage == sum_usage(row.usage for row in rows)
        assert message.cost is not None
        assert (message.cost.amount, message.cost.certainty) == (total.amount, "partial")

    with ScriptedServer(reply) as server:
        first = Life(server, str(tmp_path / "nbchat.db"), 1, PRICE)
        first.run(begin(first.house))
        first.kill()
        second = Life(server, str(tmp_path / "nbchat.db"), 2, PRICE)
        second.run(reopen(second.house))
        second.close()
        gate.open()
        first.bury()
    forget_lives()


def test_a_hidden_answer_that_had_failed_is_asked_for_again_with_its_tool_rounds() -> None:
    """It runs in its place and stays hidden; the model must see what its tools gave, or it calls them again and again."""

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        session.tools.allow("add")
        failed = await answer(session.submit("2 + 3?"))
        await session.hide(failed.id)
        message = await answer(session.regenerate(failed.id))
        assert (message.id, message.text, session.path[-1].hidden) == (failed.id, "5", True)

    server = live(test, Reply.error(401), Reply.text(tool_calls=[("add", {"a": 2, "b": 3})]), Reply.text("5"))
    assert [message["role"] for message in server.chats[2].messages] == ["user", "assistant", "tool"]
