"""The wall clock jumps (P22): a laptop wakes, NTP corrects, somebody sets it. Order and timeouts follow another clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from nbchat.sessions.leases import WARM_SECONDS
from nbchat.testing import Gate, Reply, ScriptedServer
from tests.support.clock import ManualClock, settle
from tests.support.house import House, answer, eventually, house, live

YEAR = 365 * 86_400.0


@pytest.mark.parametrize("jump", [YEAR, -YEAR], ids=["ahead", "back"])
def test_a_jump_changes_no_order(tmp_path: Path, jump: float) -> None:
    """Messages, generations and ledger rows stay in the order in which they came, also for the next kernel."""
    clock, place = ManualClock(), str(tmp_path / "nbchat.db")

    async def main(server: ScriptedServer) -> None:
        async with house(server, place=place, clock=clock) as here:
            session = await here.session()
            for number in range(4):
                await answer(session.submit(f"q{number}"))
                clock.jump(jump * (-1 if number == 2 else 1))
            path, rows = session.path, await here.store.records(session.id)
        assert [m.text for m in path if m.role == "user"] == [f"q{number}" for number in range(4)]
        assert [row.message for row in rows] == [m.id for m in path[1::2]]
        async with house(server, place=place, clock=clock) as there:
            again = await there.session()
            assert again.path == path
            assert await there.store.records(again.id) == rows

    with ScriptedServer() as server:
        asyncio.run(main(server))


@pytest.mark.parametrize("jump", [YEAR, -YEAR], ids=["ahead", "back"])
def test_a_jump_ends_no_wait_and_makes_none_longer(jump: float) -> None:
    """A stream that pauses is not given up, a retry comes when it was to come, a session stays warm as long as it was to."""
    clock, gate = ManualClock(), Gate()

    async def test(house: House) -> None:
        session = await house.manager.open("test", model="lab/tiny")
        lease = session.lease()
        turn = session.submit("hi")
        await eventually(lambda: session.state.retry is not None)
        clock.jump(jump)
        await clock.advance(3)
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        clock.jump(jump)
        await clock.advance(119)  # of the 120 s between two tokens
        assert turn.status == "running"
        gate.open()
        message = await answer(turn)
        assert (message.text, message.status) == ("one two", "complete")
        lease.release()
        await settle()
        await clock.advance(WARM_SECONDS - 1)
        clock.jump(jump)
        await settle()
        assert not session.closed
        await clock.advance(2)
        assert session.closed

    live(test, Reply.error(503, headers={"retry-after": "3"}), Reply.text(tokens=["one ", "two"], gate=gate), clock=clock)
