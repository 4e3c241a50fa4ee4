"""A turn of another kernel in this one: live, to the end that was saved, stopped from here, and seen to die."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from nbchat.core.errors import BusyError
from nbchat.core.events import TurnStart
from nbchat.core.price import Price
from nbchat.sessions import following
from nbchat.sessions.session import Session
from nbchat.sessions.state import Signal
from nbchat.testing import Gate, Reply
from tests.support.house import answer, eventually
from tests.support.two_kernels import Two, between, texts

PRICE = Price(Decimal(1_000_000), Decimal(1_000_000))
WORDS = [f"w{number} " for number in range(40)]


def streaming(session: Session) -> str:
    return session.state.streaming_text


def test_an_answer_that_is_under_way_is_shown(tmp_path: Path) -> None:
    """Opened in the middle: text so far at once, then what comes, then the end as it was saved, with its cost."""
    gate = Gate()

    async def test(two: Two) -> None:
        mine = await two.a.session("notes")
        turn = mine.submit("count")
        gate.release(20)
        await eventually(lambda: turn.content.text == "".join(WORDS[:20]))
        await eventually(lambda: turn.id in two.shared.log._logs and two.shared.log._logs[turn.id].seq > 1)
        theirs = await two.b.session("notes")
        await eventually(lambda: theirs.state.status == "streaming")
        assert theirs.state.producer == "a.ipynb"
        assert theirs.turn is not None
        assert theirs.turn.id == turn.id
        seen: list[str | None] = []
        first = theirs.turn.watch(seen.append)
        await eventually(lambda: streaming(theirs) == turn.content.text)
        await eventually(lambda: mine.state.watchers == 1)
        gate.open()
        message = await answer(theirs.turn)
        assert message == (await answer(turn))
        assert seen[-1] is None
        assert first + "".join(text for text in seen if text) == "".join(WORDS)
        assert theirs.path == mine.path
        assert theirs.state.cost == mine.state.cost
        assert theirs.state.cost.amount
        assert theirs.state.usage == mine.state.usage
        assert (theirs.state.status, theirs.state.producer, mine.state.watchers) == ("idle", "", 0)
        state = await two.b.ports.log.resume_state(turn.id)
        assert state is not None
        assert state.aggregated_content == message.parts

    between(tmp_path, test, Reply.text(tokens=WORDS, gate=gate), price=PRICE)


def test_an_answer_that_begins_is_shown_where_the_conversation_is_open(tmp_path: Path) -> None:
    """Idle in both; one asks: the other one gets the same signals as for a turn of its own, and makes no title."""

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        signals: list[Signal] = []
        theirs.listen(signals.append)
        message = await answer(mine.submit("hi"))
        await eventually(lambda: theirs.state.status == "idle" and texts(theirs) == ["hi", "".join(WORDS)])
        names = [signal.name for signal in signals]
        started = names.index("turn-started")
        assert names.index("status-changed") < started < names.index("message-added") < names.index("turn-ended")
        assert names.count("turn-started") == names.count("turn-ended") == 1
        assert "".join(signal.data for signal in signals if signal.name == "text-delta") == message.text
        assert "turn-queued" not in names
        assert theirs.turn is not None
        entries = await two.b.ports.log.read(theirs.turn.id, theirs.turn.generation, 0)
        assert entries is not None
        assert isinstance(entries[0].events[0], TurnStart)
        assert entries[-1].events[-1].type == "turn-end"

    assert len(between(tmp_path, test, Reply.text(tokens=WORDS, delay=0.005)).chats) == 1


def test_stop_reaches_the_kernel_that_answers(tmp_path: Path) -> None:
    """stop() in the other kernel: the request is closed and the partial saved when it returns."""
    gate = Gate()
    gate.release(3)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        turn = mine.submit("count")
        await eventually(lambda: streaming(theirs) == "w0 w1 w2 ")
        await theirs.stop()
        assert turn.future.done()
        assert (await answer(turn)).status == "stopped"
        assert [m.status for m in await two.b.store.messages(theirs.id)] == ["complete", "stopped"]
        assert (theirs.path[-1].status, theirs.path[-1].text) == ("stopped", "w0 w1 w2 ")
        again = await answer(theirs.resume())  # and it can be gone on with from here
        assert (again.status, again.text) == ("complete", "w0 w1 w2 rest")
        await eventually(lambda: texts(mine) == texts(theirs))

    between(tmp_path, test, Reply.text(tokens=WORDS, gate=gate), Reply.text("rest"))


def test_a_kernel_that_does_not_stop_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lives and does not react: a clear error, and the answer goes on being shown."""
    gate = Gate()
    gate.release(3)
    monkeypatch.setattr(following, "STOP_SECONDS", 0.3)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        turn = mine.submit("count")
        await eventually(lambda: streaming(theirs) == "w0 w1 w2 ")
        mine.other_job = lambda job: None  # type: ignore[method-assign]
        with pytest.raises(BusyError, match=r"a\.ipynb"):
            await theirs.stop()
        gate.open()
        await answer(turn)
        await eventually(lambda: texts(theirs) == ["count", "".join(WORDS)])

    between(tmp_path, test, Reply.text(tokens=WORDS, gate=gate))


def test_a_dead_kernel_is_seen(tmp_path: Path) -> None:
    """Nobody reopens anything: the answer is interrupted, with what had come."""
    gate = Gate()
    gate.release(3)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        turn = mine.submit("count")
        await eventually(lambda: streaming(theirs) == "w0 w1 w2 ")
        two.shared.dead.add("a")
        with closing(sqlite3.connect(tmp_path / "nbchat.db", isolation_level=None)) as db:
            db.execute("UPDATE turns SET owner = 'gone', lease = 0")
        await eventually(lambda: theirs.state.status == "error")
        assert (theirs.path[-1].status, theirs.path[-1].text) == ("interrupted", "w0 w1 w2 ")
        assert theirs.state.last_error is not None
        assert theirs.state.last_error.kind == "interrupted"
        gate.open()
        await answer(turn)

    between(tmp_path, test, Reply.text(tokens=WORDS, gate=gate))


@pytest.mark.parametrize("fault", ["away", "flush", "unsaid"])
def test_trouble_costs_no_text(tmp_path: Path, fault: str) -> None:
    """The shared server fails in the midst: the one who asks never waits; the other one catches up, without a word too many."""
    gate = Gate()

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        turn = mine.submit("count")
        gate.release(10)
        await eventually(lambda: streaming(theirs) == "".join(WORDS[:10]))
        assert theirs.turn is not None
        seen: list[str] = []
        first = theirs.turn.watch(lambda text: seen.append(text or ""))
        if fault == "away":
            two.shared.away = True
        elif fault == "unsaid":
            two.shared.unsaid = 3
        else:
            two.shared.flush()
        gate.release(10)
        await eventually(lambda: turn.content.text == "".join(WORDS[:20]))
        two.shared.away = False
        await eventually(lambda: streaming(theirs) == "".join(WORDS[:20]))
        gate.open()
        message = await answer(theirs.turn)
        assert first + "".join(seen) == message.text == "".join(WORDS)

    between(tmp_path, test, Reply.text(tokens=WORDS, gate=gate))


def test_opened_while_nobody_says_where_it_runs(tmp_path: Path) -> None:
    """The shared server is away: what is saved is shown as it grows, and followed live once that is back."""
    gate = Gate()

    async def test(two: Two) -> None:
        mine = await two.a.session("notes")
        turn = mine.submit("count")
        gate.release(10)
        await eventually(lambda: turn.content.text == "".join(WORDS[:10]))
        two.shared.away = True
        theirs = await two.b.session("notes")
        await eventually(lambda: texts(theirs) == ["count", "".join(WORDS[:10])])
        gate.release(10)
        await eventually(lambda: texts(theirs) == ["count", "".join(WORDS[:20])])
        two.shared.away = False
        await eventually(lambda: theirs.state.status == "streaming")
        gate.open()
        await answer(turn)
        await eventually(lambda: theirs.state.status == "idle")
        assert theirs.path == mine.path

    between(tmp_path, test, Reply.text(tokens=WORDS, gate=gate))


def test_a_session_that_closes_leaves_the_turn_alone(tmp_path: Path) -> None:
    """Who follows goes: the answer goes on where it runs; whoever waited for it here is told."""
    gate = Gate()
    gate.release(3)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        turn = mine.submit("count")
        await eventually(lambda: streaming(theirs) == "w0 w1 w2 ")
        followed = theirs.turn
        assert followed is not None
        await two.b.manager.close(theirs)
        left = await answer(followed)
        assert left.error is not None
        assert "goes on" in left.error.text
        assert two.shared.log._readers[turn.id].count == 0
        gate.open()
        assert (await answer(turn)).status == "complete"

    between(tmp_path, test, Reply.text(tokens=WORDS, gate=gate))


def test_an_answer_that_was_over_before_anybody_looked(tmp_path: Path) -> None:
    """A kernel that hears of a job when that has ended shows what was saved; hearing of it again changes nothing."""

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        heard = theirs.other_job
        theirs.other_job = lambda job: None  # type: ignore[method-assign]
        await answer(mine.submit("hi"))
        assert not texts(theirs)
        signals: list[Signal] = []
        theirs.listen(signals.append)
        await eventually(lambda: [job.status for job in two.shared.jobs._jobs.values()] == ["complete"])
        (job,) = two.shared.jobs._jobs.values()
        heard(job)
        await eventually(lambda: texts(theirs) == texts(mine))
        assert "path-changed" in [signal.name for signal in signals]
        heard(job)
        await eventually(lambda: theirs._worker._task is not None and theirs._worker._task.done())
        assert "turn-started" not in [signal.name for signal in signals]

    between(tmp_path, test, Reply.text("fine"))


def test_nothing_of_it_is_sent_back(tmp_path: Path) -> None:
    """What is followed is told in this kernel alone: the shared log has each word once."""

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        turn = mine.submit("hi")
        await answer(turn)
        await eventually(lambda: theirs.state.status == "idle" and texts(theirs) == ["hi", "".join(WORDS)])
        await asyncio.sleep(0.15)
        state = await two.shared.log.resume_state(turn.id)
        assert state is not None
        assert [part.text for part in state.aggregated_content] == ["".join(WORDS)]  # type: ignore[union-attr]
        assert await two.shared.jobs.get_job_count() == 1

    between(tmp_path, test, Reply.text(tokens=WORDS, delay=0.002))
