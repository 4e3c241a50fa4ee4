"""Several turns in a row, over two kernels: each is shown once, none is stopped by mistake, and everybody has a turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nbchat.sessions import neighbours
from nbchat.sessions.following import Following
from nbchat.sessions.foreign_log import ForeignLog
from nbchat.sessions.ports import EventLogEntry, Job
from nbchat.sessions.session import Session
from nbchat.sessions.state import Signal
from nbchat.testing import Gate, Reply
from tests.support.house import answer, eventually
from tests.support.two_kernels import Two, between, texts


def opened(tokens: int) -> Gate:
    gate = Gate()
    gate.release(tokens)
    return gate


def shown(session: Session) -> list[str]:
    """Which turns begin and end in this session, and with which error, from now on."""
    seen: list[str] = []

    def see(signal: Signal) -> None:
        if signal.turn is None or signal.name not in ("turn-started", "turn-ended"):
            return
        seen.append(f"{signal.name.removeprefix('turn-')} {signal.turn.text}")
        if signal.name == "turn-ended" and signal.data.error is not None:
            seen.append(signal.data.error.text)

    session.listen(see)
    return seen


def test_a_turn_that_is_heard_of_before_the_end_of_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """News of jobs and the log of one come on ways of their own: what comes early is shown when the other is over."""
    first_gate, second_gate = opened(1), opened(1)
    held: list[EventLogEntry] = []

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        seen = shown(theirs)
        mine.submit("one")
        await eventually(lambda: theirs.state.streaming_text == "1")
        followed = theirs._worker._following
        assert followed is not None
        monkeypatch.setattr(ForeignLog, "_entered", lambda _self, entry: held.append(entry))
        assert followed._log._held is not None
        followed._log._held.unsubscribe()  # it hears of its log no more
        second = mine.submit("two")
        heard: list[str] = []
        hear = theirs.other_job

        def note(job: Job) -> None:
            heard.append(job.stream_id)
            hear(job)

        monkeypatch.setattr(theirs, "other_job", note)
        first_gate.open()
        await eventually(lambda: second.id in heard)
        monkeypatch.undo()
        assert seen == ["started one"]
        followed._log._missed()
        await eventually(lambda: theirs.state.streaming_text == "2")
        second_gate.open()
        await answer(second)
        await eventually(lambda: seen == ["started one", "ended one", "started two", "ended two"])

    between(tmp_path, test, Reply.text(tokens=["1", "!"], gate=first_gate), Reply.text(tokens=["2", "!"], gate=second_gate))


def test_a_turn_that_is_heard_of_twice_is_shown_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while it is not known yet how to follow it."""
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        seen = shown(theirs)
        real = ForeignLog.begin

        async def twice(self: ForeignLog) -> object:
            theirs.other_job(self._job)
            return await real(self)

        monkeypatch.setattr(ForeignLog, "begin", twice)
        turn = mine.submit("one")
        await eventually(lambda: theirs.state.streaming_text == "1")
        gate.open()
        await answer(turn)
        await eventually(lambda: not theirs.busy)
        await eventually(lambda: theirs._worker._task is None or theirs._worker._task.done())
        assert seen == ["started one", "ended one"]

    between(tmp_path, test, Reply.text(tokens=["1", "!"], gate=gate))


def test_a_turn_that_is_heard_of_late_takes_nothing_back(tmp_path: Path) -> None:
    """News of a running job may come when it has ended, and one of this kernel's own behind it: the next question stands behind
    both, and what was said in between stays in the conversation."""

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        turn = mine.submit("one")
        await answer(turn)
        await answer(theirs.submit("two"))
        (late,) = [job for job in two.shared.jobs._jobs.values() if job.stream_id == turn.id]
        theirs.other_job(replace(late, status="running"))
        await answer(theirs.submit("three"))
        assert texts(theirs) == ["one", "1", "two", "2", "three", "3"]
        theirs.other_job(replace(late, status="running"))
        worker = theirs._worker
        await eventually(lambda: worker._task is not None and worker._task.done())
        assert texts(theirs) == ["one", "1", "two", "2", "three", "3"]

    between(tmp_path, test, *(Reply.text(str(number)) for number in (1, 2, 3)))


def test_a_kernel_of_which_the_streams_hear_nothing_is_not_dead(tmp_path: Path) -> None:
    """It has lost its way to the streams, and the store knows that it lives: the answer is waited for."""
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        seen = shown(theirs)
        turn = mine.submit("one")
        await eventually(lambda: theirs.state.streaming_text == "1")
        followed = theirs._worker._following
        assert followed is not None
        two.shared.dead.add("a")
        assert not await followed._is_over()
        two.shared.dead.clear()
        gate.open()
        await answer(turn)
        await eventually(lambda: seen == ["started one", "ended one"])
        assert texts(theirs) == ["one", "1!"]

    between(tmp_path, test, Reply.text(tokens=["1", "!"], gate=gate))


def test_what_is_stopped_here_is_what_was_asked_here(tmp_path: Path) -> None:
    """Stop everything, and the last view that closes where that stops: the queue is emptied, another kernel's answer goes on."""
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        turn = mine.submit("one")
        await eventually(lambda: theirs.state.streaming_text == "1")
        waiting = theirs.submit("two")
        assert await two.b.manager.stop_all() == 1
        assert waiting.future.cancelled()
        assert await two.b.manager.stop_all() == 0
        theirs.stop_on_close = True
        again = theirs.submit("three")
        theirs.lease("view").release()
        await eventually(again.future.cancelled)
        assert turn.status == "running"
        assert theirs.state.status == "streaming"
        gate.open()
        assert (await answer(turn)).status == "complete"

    between(tmp_path, test, Reply.text(tokens=["1", "!"], gate=gate))


def test_a_long_queue_lets_others_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits in another kernel comes after the answer that runs, and not after all that is asked here."""
    monkeypatch.setattr(neighbours, "_WAY_SECONDS", 20.0)  # on a busy machine it takes long to hear of an end
    gate = opened(1)

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        many = [mine.submit(f"mine {number}") for number in range(4)]
        await eventually(lambda: theirs.state.streaming_text == "x")
        one = theirs.submit("theirs")
        await eventually(lambda: theirs.queue == (one,) and mine.state.watchers == 1)
        gate.open()
        await answer(many[-1])
        assert texts(mine)[::2] == ["mine 0", "theirs", "mine 1", "mine 2", "mine 3"]

    between(tmp_path, test, Reply.text(tokens=["x", "y"], gate=gate), *(Reply.text("x") for _ in range(4)))


def test_an_answer_that_could_not_be_followed_is_there_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was shown in its place says so, and goes when the answer is saved."""
    gate = opened(1)

    async def fails(_self: Following, _entry: EventLogEntry) -> None:
        raise RuntimeError("no")

    async def test(two: Two) -> None:
        mine, theirs = await two.sessions()
        turn = mine.submit("one")
        await eventually(lambda: theirs.state.streaming_text == "1")
        monkeypatch.setattr(Following, "_take", fails)
        gate.release(1)
        await eventually(lambda: theirs.state.status == "error")
        assert theirs.path[-1].error is not None
        assert "could not follow" in theirs.path[-1].error.text
        gate.open()
        await answer(turn)
        await eventually(lambda: theirs.path == mine.path)

    between(tmp_path, test, Reply.text(tokens=["1", "2", "!"], gate=gate))
