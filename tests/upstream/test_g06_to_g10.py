"""What went wrong upstream, rows G6 to G10: errors, cuts and closed windows that take answers or money along."""

from __future__ import annotations

from decimal import Decimal

from nbchat.core.cost import Price
from nbchat.sessions.leases import WARM_SECONDS
from nbchat.testing import Gate, Reply
from tests.support.clock import ManualClock, settle
from tests.support.house import House, answer, eventually, live

PRICE = Price(Decimal(1_000_000), Decimal(1_000_000))
"""One dollar a token."""


def test_g06_an_answer_that_failed_half_way_is_not_tried_again_beneath_itself() -> None:
    """Once a token came nothing is sent again; the next question clears the error and its answer stands alone."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        failed = await answer(session.submit("hi"))
        assert (failed.text, failed.status) == ("half", "error")
        assert session.state.last_error == failed.error is not None
        turn = session.submit("hi")
        await eventually(lambda: gate.reached == 1)
        assert (session.state.status, session.state.last_error, session.path[-1].text) == ("submitted", None, "")
        gate.open()
        assert (await answer(turn)).text == "whole"
        assert (session.state.status, session.state.last_error) == ("idle", None)

    broken = Reply.text(tokens=["half"], error={"code": 503, "message": "overloaded"}, finish_reason="")
    assert len(live(test, broken, Reply.text(tokens=["whole"], gate=gate)).chats) == 2


def test_g07_a_cut_in_mid_answer_keeps_the_partial_as_interrupted() -> None:
    """What came is kept, saved and named; it passes for no whole answer."""
    whole = Reply.text(tokens=["these ", "are ", "many ", "words"])
    cut = whole.cut(whole.body().index(b"words") - 20, "fin")

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert (message.text, message.status, message.finish_reason) == ("these are many ", "interrupted", None)
        assert message.error is not None
        assert message.error.kind == "interrupted"
        assert (await house.store.messages(session.id))[-1] == message
        assert house.statuses() == ["submitted", "streaming", "error"]

    live(test, cut)


def test_g08_a_session_that_was_opened_and_let_go_of_ends() -> None:
    """Opening takes no hold that nobody releases: whoever holds has a lease, and without one the session ends after 5 s."""
    clock = ManualClock()

    async def test(house: House) -> None:
        opened = await house.manager.open("nobody holds this")
        held = await house.manager.open("somebody holds this")
        lease = held.lease("view")
        await settle()
        await clock.advance(WARM_SECONDS + 1)
        assert (opened.closed, house.manager.active) == (True, (held,))
        lease.release()
        await settle()
        await clock.advance(WARM_SECONDS + 1)
        assert house.manager.active == ()

    live(test, clock=clock)


def test_g09_closing_the_last_view_twice_ends_no_turn() -> None:
    """A running turn outlives its views, is saved, and one warm time follows it, however often they were closed."""
    gate, clock = Gate(), ManualClock()

    async def test(house: House) -> None:
        session = await house.manager.open("test", model="lab/tiny")
        one, two = session.lease("view"), session.lease("view")
        turn = session.submit("hi")
        await eventually(lambda: gate.reached == 1)
        for lease in (one, one, two, two):
            lease.release()
        await settle()
        await clock.advance(3 * WARM_SECONDS)
        assert (session.closed, turn.status) == (False, "running")
        gate.open()
        message = await answer(turn)
        assert ((await house.store.messages(session.id))[-1], message.status) == (message, "complete")
        await settle()
        await clock.advance(WARM_SECONDS + 1)
        assert session.closed
        await eventually(lambda: "closed" in [signal.name for signal in house.signals])  # it ends in some steps of the loop
        assert [signal.name for signal in house.signals].count("closed") == 1

    live(test, Reply.text(tokens=["fine"], gate=gate), clock=clock)


def test_g10_a_stopped_answer_costs_what_came() -> None:
    """An abort is no gift: the request was made, so its tokens are estimated, said to be so, and in the ledger."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("12345678")
        gate.release(1)
        await eventually(lambda: turn.content.text == "12345678")
        await session.stop()
        message = await answer(turn)
        assert message.cost is not None
        assert (message.cost.amount, message.cost.certainty) == (Decimal(4), "estimated")
        assert session.state.cost == message.cost
        assert [(row.status, row.cost) for row in await house.store.records(session.id)] == [("stopped", message.cost)]

    live(test, Reply.text(tokens=["12345678", "9"], gate=gate), price=PRICE)


def test_g10_finished_tool_rounds_are_paid_whatever_the_last_one_does() -> None:
    """Each request has a row of its own as soon as it is over; an error or a cut later takes no cost back."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([roll], None)
        session.tools.allow("roll")
        message = await answer(session.submit("hi"))
        rows = await house.store.records(session.id)
        assert [(row.purpose, row.status) for row in rows] == [
            ("answer", "complete"),
            ("tool-round", "complete"),
            ("tool-round", "error"),
        ]
        assert [row.cost.amount for row in rows] == [Decimal(30), Decimal(30), Decimal(0)]
        assert message.status == "error"
        assert message.cost is not None
        assert message.cost.amount == session.state.cost.amount == Decimal(60)

    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    call = Reply.text(tool_calls=[("roll", {})], usage=usage)
    live(test, call, call, Reply.error(400, "no"), price=PRICE)


def roll() -> int:
    """Roll a die."""
    return 4
