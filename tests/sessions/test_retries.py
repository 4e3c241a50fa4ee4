"""Retries (P12): one question and one answer whatever was refused before, the wait shown, kept to, or refused."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from nbchat.core.events import Retry
from nbchat.testing import Reply
from tests.support.clock import ManualClock
from tests.support.house import House, answer, eventually, live


def test_retries_leave_one_question_and_one_answer() -> None:
    """Two refusals and an answer: one message each, one ledger row, and the waits in the state and in the log."""
    clock = ManualClock()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        for attempt, wait in ((2, 3.0), (3, 5.0)):
            await eventually(lambda attempt=attempt: session.state.retry is not None and session.state.retry.attempt == attempt)
            assert session.state.retry is not None
            assert session.state.retry.delay == wait
            await clock.advance(wait)
        message = await answer(turn)
        assert (message.text, message.status, session.state.retry) == ("fine", "complete", None)
        assert [(m.role, m.text) for m in await house.store.messages(session.id)] == [("user", "hi"), ("assistant", "fine")]
        assert len(await house.store.records(session.id)) == 1
        assert house.statuses() == ["submitted", "streaming", "idle"]
        entries = await house.ports.log.read(turn.id, turn.generation, 0) or []
        assert [e.delay for entry in entries for e in entry.events if isinstance(e, Retry)] == [3.0, 5.0]

    refusals = [Reply.error(status, headers={"retry-after": wait}) for status, wait in ((503, "3"), (429, "5"))]
    assert len(live(test, *refusals, Reply.text("fine"), clock=clock).chats) == 3


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": formatdate(1_760_000_030, usegmt=True)}, 30.0),
    ],
    ids=["seconds", "milliseconds", "date"],
)
def test_a_wait_that_the_server_asks_for_is_shown_and_kept_to(headers: dict[str, str], wait: float) -> None:
    """Not a moment less: until then nothing is sent again."""
    clock = ManualClock(1_760_000_000.0)

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        await eventually(lambda: session.state.retry is not None)
        assert session.state.retry is not None
        assert session.state.retry.delay == pytest.approx(wait)
        await clock.advance(wait - 0.01)
        assert (session.state.status, turn.future.done()) == ("submitted", False)
        await clock.advance(0.02)
        assert (await answer(turn)).status == "complete"

    assert len(live(test, Reply.error(429, headers=headers), Reply.text("fine"), clock=clock).chats) == 2


def test_a_wait_of_more_than_two_minutes_is_refused() -> None:
    """It is told, not cut short: the answer is an error that says how long, and no second request is made."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert message.status == "error"
        assert message.error is not None
        assert (message.error.kind, "121 s" in message.error.hint) == ("rate_limit", True)

    assert len(live(test, Reply.error(429, headers={"retry-after": "121"}), clock=ManualClock()).chats) == 1


def test_nothing_is_sent_again_once_the_answer_began() -> None:
    """A 200 that breaks off, before or after its first token, may have been billed."""
    nothing, some = Reply.text("words").cut(0, "rst"), Reply.events([{"choices": [{"delta": {"content": "w"}}]}], framing="close")

    async def test(house: House) -> None:
        session = await house.session()
        assert [(await answer(session.submit(text))).status for text in ("one", "two")] == ["interrupted", "interrupted"]

    assert len(live(test, nothing, some).chats) == 2
