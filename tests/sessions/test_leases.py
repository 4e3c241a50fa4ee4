"""Leases."""

from __future__ import annotations

import asyncio

from nbchat.sessions.leases import WARM_SECONDS, Leases
from nbchat.testing import Gate, Reply
from tests.support.clock import ManualClock, settle
from tests.support.house import House, answer, eventually, live


class World:
    """Leases with a clock and a record of what they told."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.busy = False
        self.unused = 0
        self.views: list[int] = []
        self.leases = Leases(self.clock, changed=self.views.append, unused=self.count, busy=lambda: self.busy)

    def count(self) -> None:
        self.unused += 1


def test_the_last_release_ends_the_session_after_five_seconds() -> None:
    """A re-run cell or a reloaded page finds it warm."""

    async def main() -> None:
        world = World()
        one, two = world.leases.take("view"), world.leases.take("handle")
        one.release()
        two.release()
        await settle()
        await world.clock.advance(WARM_SECONDS - 0.1)
        assert world.unused == 0
        await world.clock.advance(0.2)
        assert world.unused == 1
        assert world.views == [1, 1, 0, 0]

    asyncio.run(main())


def test_releasing_twice_arms_one_timer() -> None:
    """G9: closing twice is closing once."""

    async def main() -> None:
        world = World()
        lease, other = world.leases.take("view"), world.leases.take("view")
        lease.release()
        lease.release()
        await settle()
        await world.clock.advance(60)
        assert world.unused == 0
        other.release()
        other.release()
        await settle()
        await world.clock.advance(60)
        assert world.unused == 1

    asyncio.run(main())


def test_a_new_lease_in_the_warm_time_keeps_the_session() -> None:
    """Reopening within five seconds costs nothing."""

    async def main() -> None:
        world = World()
        world.leases.take("view").release()
        await settle()
        await world.clock.advance(WARM_SECONDS - 1)
        world.leases.take("view")
        await settle()
        await world.clock.advance(60)
        assert world.unused == 0

    asyncio.run(main())


def test_a_running_turn_outlives_its_views() -> None:
    """G9: closing the last view ends nothing that runs; its end starts the warm time."""

    async def main() -> None:
        world = World()
        world.busy = True
        world.leases.take("view").release()
        await settle()
        await world.clock.advance(600)
        assert world.unused == 0
        world.busy = False
        world.leases.touch()
        await settle()
        await world.clock.advance(WARM_SECONDS + 1)
        assert world.unused == 1

    asyncio.run(main())


def test_closing_the_last_view_stops_the_turn_only_where_that_was_asked_for() -> None:
    """6.6: a running turn outlives its views; `stop_on_close` opts out, and then the partial is kept and the queue emptied."""
    gates = Gate(), Gate()
    for gate in gates:
        gate.release(1)

    async def test(house: House) -> None:
        session = await house.session()
        views = [session.lease("view"), session.lease("view")]
        first = session.submit("first")
        await eventually(lambda: first.content.text == "a ")
        for view in views:
            view.release()
        await settle()
        assert first.status == "running"
        gates[0].open()
        assert (await answer(first)).status == "complete"

        session.stop_on_close = True
        views = [session.lease("view"), session.lease("view")]
        second, third = session.submit("second"), session.submit("third")
        await eventually(lambda: second.content.text == "c ")
        views[0].release()
        views[0].release()
        await settle()
        assert second.status == "running"
        views[1].release()
        assert (await answer(second)).status == "stopped"
        assert third.future.cancelled()
        assert [m.text for m in session.path] == ["first", "a b", "second", "c "]

    server = live(test, Reply.text(tokens=["a ", "b"], gate=gates[0]), Reply.text(tokens=["c ", "d"], gate=gates[1]))
    assert server.open_streams == 0
