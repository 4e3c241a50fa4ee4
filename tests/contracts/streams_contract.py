"""What every JobStore and EventTransport must do; a backend's file says only how to make them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from nbchat.core.cost import Cost
from nbchat.core.errors import UsageError
from nbchat.core.events import (
    Event,
    ModelNamed,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    TurnEnd,
    TurnError,
    TurnStart,
    UsageReport,
)
from nbchat.core.messages import Message, ReasoningPart, TextPart, ToolCallPart
from nbchat.core.usage import Usage
from nbchat.sessions.ports import EventLogEntry, EventTransport, Job, JobStore, UserMessage
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock

QUESTION = Message("u1", "user", (TextPart("why?"),), "p0")
ANSWER = Message("a1", "assistant", (), "u1", "streaming", model="lab/tiny")
START = TurnStart("t1", (QUESTION, ANSWER))
END = TurnEnd("t1", ANSWER, 0, Cost(Decimal(1)))
FAILED = TurnError("t1", ANSWER, 0)


def a_job(stream_id: str = "t1", **changes: Any) -> Job:
    values: dict[str, Any] = {"user_id": "me", "conversation_id": "c1", "generation": 1, "created_at": 100.0, **changes}
    return Job(stream_id, **values)


class JobStoreContract:
    """Inherit and define `make`."""

    def make(self, clock: ManualClock) -> JobStore:
        raise AssertionError("a backend says how it is made")

    def test_create_and_get(self) -> None:
        """A job comes back as it was made; making it again gives the one that is there."""

        async def work() -> None:
            jobs = self.make(ManualClock())
            await jobs.initialize()
            await jobs.initialize()
            job = a_job(user_message=UserMessage("u1", None, "c1", "hi"), response_message_id="a1", sender="lab/tiny", owner="me")
            assert await jobs.create_job(job) == job
            assert await jobs.create_job(a_job(sender="other")) == job
            assert await jobs.get_job("t1") == job
            assert await jobs.has_job("t1")
            assert await jobs.get_job("t2") is None
            assert not await jobs.has_job("t2")
            with pytest.raises(UsageError, match="generation"):
                await jobs.create_job(a_job(generation=2))
            await jobs.close()
            await jobs.close()

        finish_all(work())

    def test_update(self) -> None:
        """An update changes a running job of its generation; gone, of another generation: None, and nothing is made."""

        async def work() -> None:
            jobs = self.make(ManualClock())
            await jobs.create_job(a_job())
            changed = await jobs.update_job("t1", 1, sender="big", response_message_id="a1")
            assert changed is not None
            assert (changed.sender, changed.status) == ("big", "running")
            assert await jobs.get_job("t1") == changed
            assert await jobs.update_job("t1", 2, sender="x") is None
            assert await jobs.update_job("t1", 0, sender="x") is None
            assert await jobs.update_job("gone", 1, sender="x") is None
            assert not await jobs.has_job("gone")
            assert await jobs.get_job("t1") == changed
            with pytest.raises(UsageError, match="created_at, no_such"):
                await jobs.update_job("t1", 1, created_at=5.0, no_such=1)
            await jobs.close()

        finish_all(work())

    def test_one_terminal_winner(self) -> None:
        """Of several ends at once exactly one is taken, and nothing changes a job after it."""

        async def work() -> None:
            clock = ManualClock(500.0)
            jobs = self.make(clock)
            await jobs.create_job(a_job())
            ends = ("complete", "error", "aborted", "complete")
            results = await asyncio.gather(*(jobs.update_job("t1", 1, status=status, error=status) for status in ends))
            (winner,) = [result for result in results if result is not None]
            assert winner.completed_at == 500.0
            assert winner.error == winner.status
            assert await jobs.update_job("t1", 1, status="running") is None
            assert await jobs.update_job("t1", 1, final_event=END) is None
            assert await jobs.get_job("t1") == winner
            await jobs.close()

        finish_all(work())

    def test_queries(self) -> None:
        """Jobs are found by conversation while they run, listed and counted by status, and removed."""

        async def work() -> None:
            jobs = self.make(ManualClock())
            await jobs.create_job(a_job("t1"))
            await jobs.update_job("t1", 1, status="complete")
            await jobs.create_job(a_job("t2", generation=2))
            await jobs.create_job(a_job("t3", conversation_id="c2"))
            found = await jobs.get_job_by_conversation("c1")
            assert found is not None
            assert found.stream_id == "t2"
            assert await jobs.get_job_by_conversation("c3") is None
            assert [job.stream_id for job in await jobs.get_running_jobs()] == ["t2", "t3"]
            assert await jobs.get_job_count() == 3
            assert await jobs.get_job_count_by_status("running") == 2
            assert await jobs.get_job_count_by_status("complete") == 1
            assert await jobs.get_job_count_by_status("error") == 0
            await jobs.delete_job("t2")
            await jobs.delete_job("t2")
            assert await jobs.get_job_by_conversation("c1") is None
            assert await jobs.get_job_count() == 2
            await jobs.close()

        finish_all(work())

    def test_cleanup(self) -> None:
        """Ended jobs stay for 300 s; a running job ends after 1200 s without a sign of life, not by its age."""

        async def work() -> None:
            clock = ManualClock()
            jobs = self.make(clock)
            for stream_id in ("ended", "silent", "busy"):
                await jobs.create_job(a_job(stream_id))
            await jobs.update_job("ended", 1, status="complete")
            await clock.advance(299.0)
            assert await jobs.cleanup() == 0
            await clock.advance(1.0)
            assert await jobs.cleanup() == 1
            assert not await jobs.has_job("ended")
            await clock.advance(600.0)
            await jobs.update_job("busy", 1, sender="alive")
            await clock.advance(300.0)
            assert await jobs.cleanup() == 1
            silent = await jobs.get_job("silent")
            assert silent is not None
            assert (silent.status, silent.completed_at) == ("error", clock.time())
            assert silent.error
            assert [job.stream_id for job in await jobs.get_running_jobs()] == ["busy"]
            await jobs.close()

        finish_all(work())

    def test_wall_clock_jumps(self) -> None:
        """A jump of the wall clock ends and drops nothing."""

        async def work() -> None:
            clock = ManualClock()
            jobs = self.make(clock)
            await jobs.create_job(a_job("running"))
            await jobs.create_job(a_job("ended"))
            await jobs.update_job("ended", 1, status="complete")
            for jump in (1e6, -2e6):
                clock.jump(jump)
                assert await jobs.cleanup() == 0
            assert await jobs.get_job_count() == 2
            await jobs.close()

        finish_all(work())

    def test_bounded(self) -> None:
        """At most 1,000 jobs are kept: the oldest ended ones go, a running one never."""

        async def work() -> None:
            jobs = self.make(ManualClock())
            await jobs.create_job(a_job("first-and-running"))
            for number in range(1100):
                await jobs.create_job(a_job(f"t{number:04}"))
                await jobs.update_job(f"t{number:04}", 1, status="complete")
            assert await jobs.get_job_count() <= 1000
            assert await jobs.has_job("first-and-running")
            assert not await jobs.has_job("t0000")
            assert await jobs.has_job("t1099")
            await jobs.close()

        finish_all(work())


class _Reader:
    """Notes how it was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, EventLogEntry]] = []

    def callbacks(self) -> dict[str, Any]:
        def noting(kind: str) -> Any:
            return lambda entry: self.calls.append((kind, entry))

        return {f"on_{kind}": noting(kind) for kind in ("chunk", "done", "error")}

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.calls]


class EventTransportContract:
    """Inherit and define `make`; `max_entries` bounds the tail that the backend keeps."""

    max_entries = 512

    def make(self) -> EventTransport:
        raise AssertionError("a backend says how it is made")

    async def filled(self, batches: Sequence[Sequence[Event]], generation: int = 1) -> EventTransport:
        log = self.make()
        for batch in batches:
            await log.append("t1", generation, batch)
        return log

    def test_positions(self) -> None:
        """Entries count from 1 without a gap; reading after any position gives exactly what follows it."""

        async def work() -> None:
            log = self.make()
            texts = [f"word{number} " for number in range(10)]
            assert [await log.append("t1", 3, [TextDelta(text)]) for text in texts] == list(range(1, 11))
            for after in range(11):
                entries = await log.read("t1", 3, after)
                assert entries is not None
                assert [(entry.after, entry.seq) for entry in entries] == [(seq - 1, seq) for seq in range(after + 1, 11)]
                assert [entry.events for entry in entries] == [(TextDelta(text),) for text in texts[after:]]
                assert {entry.generation for entry in entries} <= {3}
            await log.close()

        finish_all(work())

    def test_reading_what_is_not_there(self) -> None:
        """An unknown log, another generation and a position ahead of the log are None, never an empty answer."""

        async def work() -> None:
            log = await self.filled([[TextDelta("a")]])
            assert await log.read("t2", 1, 0) is None
            assert await log.read("t1", 2, 0) is None
            assert await log.read("t1", 0, 0) is None
            assert await log.read("t1", 1, 2) is None
            assert await log.read("t1", 1, 1) == []
            assert await log.resume_state("t2") is None
            await log.close()

        finish_all(work())

    def test_bounded_tail(self) -> None:
        """The tail is bounded; a reader that is too far behind is told so, and the folded content has everything."""

        async def work() -> None:
            count = self.max_entries + 100
            log = await self.filled([[TextDelta(f"{number} ")] for number in range(count)])
            assert await log.read("t1", 1, 0) is None
            entries = await log.read("t1", 1, count - 5)
            assert entries is not None
            assert len(entries) == 5
            state = await log.resume_state("t1")
            assert state is not None
            assert state.last_seq == count
            assert state.aggregated_content == (TextPart("".join(f"{number} " for number in range(count))),)
            await log.close()

        finish_all(work())

    def test_bounded_characters(self) -> None:
        """A few huge entries are bounded too; the newest can always be read."""

        async def work() -> None:
            log = await self.filled([[TextDelta("x" * 200_000)] for _ in range(4)])
            assert await log.read("t1", 1, 0) is None
            assert await log.read("t1", 1, 3) is not None
            await log.close()

        finish_all(work())

    def test_resume_state(self) -> None:
        """What a late reader gets: content folded up to the last entry, run steps while it runs, question, answer, model."""

        async def work() -> None:
            call = ToolCallDelta(0, "c1", "add", '{"a":')
            log = await self.filled(
                [
                    [START, ReasoningDelta("hm")],
                    [ReasoningDelta("m"), TextDelta("Hel"), UsageReport(Usage(1, output_tokens=1))],
                    [TextDelta("lo"), call, ToolCallDelta(0, arguments=" 1}")],
                ]
            )
            state = await log.resume_state("t1")
            assert state is not None
            parts = (ReasoningPart("hmm"), TextPart("Hello"), ToolCallPart("c1", "add", '{"a": 1}'))
            assert state.aggregated_content == parts
            assert state.run_steps == parts[2:]
            assert (state.stream_id, state.generation, state.last_seq) == ("t1", 1, 3)
            assert state.user_message == UserMessage("u1", "p0", None, "why?")
            assert state.response_message_id == "a1"
            assert state.sender == "lab/tiny"
            assert state.final_event is None
            await log.append("t1", 1, [ModelNamed("tiny-2"), END])
            ended = await log.resume_state("t1")
            assert ended is not None
            assert ended.final_event == END
            assert ended.aggregated_content == parts
            assert ended.run_steps == ()
            await log.close()

        finish_all(work())

    @pytest.mark.parametrize("end", [END, FAILED])
    def test_explicit_end(self, end: Event) -> None:
        """The end is the last entry: nothing is appended behind it, neither later nor in its batch."""

        async def work() -> None:
            log = await self.filled([[START]])
            with pytest.raises(UsageError):
                await log.append("t1", 1, [end, TextDelta("late")])
            assert await log.append("t1", 1, [TextDelta("last"), end]) == 2
            for late in (TextDelta("late"), END, FAILED):
                with pytest.raises(UsageError, match="ended"):
                    await log.append("t1", 1, [late])
            entries = await log.read("t1", 1, 1)
            assert entries is not None
            assert [entry.events for entry in entries] == [(TextDelta("last"), end)]
            await log.close()

        finish_all(work())

    def test_generations(self) -> None:
        """A newer generation starts its log anew; an older one is refused and changes nothing."""

        async def work() -> None:
            log = await self.filled([[TextDelta("old")], [END]])
            assert await log.append("t1", 2, [TextDelta("new")]) == 1
            with pytest.raises(UsageError, match="generation"):
                await log.append("t1", 1, [TextDelta("zombie")])
            state = await log.resume_state("t1")
            assert state is not None
            assert (state.generation, state.aggregated_content) == (2, (TextPart("new"),))
            await log.close()

        finish_all(work())

    def test_an_empty_batch(self) -> None:
        """An empty batch makes no entry."""

        async def work() -> None:
            log = await self.filled([[START]])
            assert await log.append("t1", 1, []) == 1
            assert await log.read("t1", 1, 1) == []
            await log.close()

        finish_all(work())

    def test_subscribers(self) -> None:
        """Readers are called with every later entry, in order; the end goes to done or to error."""

        async def work() -> None:
            log = await self.filled([[START]])
            early, late = _Reader(), _Reader()
            log.subscribe("t1", **early.callbacks())
            assert await log.append("t1", 1, [TextDelta("a")]) == 2
            log.subscribe("t1", **late.callbacks())
            await log.append("t1", 1, [TextDelta("b"), END])
            assert early.kinds == ["chunk", "done"]
            assert [entry.seq for _, entry in early.calls] == [2, 3]
            assert late.kinds == ["done"]
            failing = _Reader()
            log.subscribe("t2", **failing.callbacks())
            await log.append("t2", 1, [FAILED])
            assert failing.kinds == ["error"]
            await log.close()

        finish_all(work())

    def test_an_end_without_a_callback(self) -> None:
        """A reader that gave no callback for ends gets the last entry like any other: it may hold text."""

        async def work() -> None:
            log, seen = self.make(), list[int]()
            log.subscribe("t1", on_chunk=lambda entry: seen.append(entry.seq))
            await log.append("t1", 1, [TextDelta("a")])
            await log.append("t1", 1, [TextDelta("b"), END])
            assert seen == [1, 2]
            await log.close()

        finish_all(work())

    def test_a_reader_that_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        """A failing reader is logged and disturbs neither the append nor the other readers."""

        async def work() -> None:
            log, reader = self.make(), _Reader()

            def fail(_: EventLogEntry) -> None:
                raise RuntimeError("reader's own bug")

            log.subscribe("t1", on_chunk=fail)
            log.subscribe("t1", **reader.callbacks())
            assert await log.append("t1", 1, [TextDelta("a")]) == 1
            assert reader.kinds == ["chunk"]
            await log.close()

        finish_all(work())
        assert "reader's own bug" in caplog.text

    def test_counting_readers(self) -> None:
        """Open readers are counted, the first is known, and each leaving of the last is told; letting go is idempotent."""

        async def work() -> None:
            log, left = self.make(), list[str]()
            assert (log.subscriber_count("t1"), log.is_first_subscriber("t1")) == (0, False)

            def fail() -> None:
                raise RuntimeError("not the log's problem")

            log.on_all_subscribers_left("t1", fail)
            log.on_all_subscribers_left("t1", lambda: left.append("all"))
            one = log.subscribe("t1", **_Reader().callbacks())
            assert (log.subscriber_count("t1"), log.is_first_subscriber("t1")) == (1, True)
            two = log.subscribe("t1", **_Reader().callbacks())
            assert (log.subscriber_count("t1"), log.is_first_subscriber("t1")) == (2, False)
            one.unsubscribe()
            one.unsubscribe()
            assert (log.subscriber_count("t1"), left) == (1, [])
            two.unsubscribe()
            assert (log.subscriber_count("t1"), left) == (0, ["all"])
            log.subscribe("t1", **_Reader().callbacks()).unsubscribe()
            assert left == ["all", "all"]
            assert not log.is_first_subscriber("t1")
            await log.close()

        finish_all(work())

    def test_letting_go_while_called(self) -> None:
        """A reader that is let go within a round is not called any more; one that joins is called from the next entry."""

        async def work() -> None:
            log, second, third = self.make(), _Reader(), _Reader()
            held: list[Any] = []

            def first(entry: EventLogEntry) -> None:
                held[0].unsubscribe()
                if entry.seq == 1:
                    log.subscribe("t1", **third.callbacks())

            log.subscribe("t1", on_chunk=first)
            held.append(log.subscribe("t1", **second.callbacks()))
            await log.append("t1", 1, [TextDelta("a")])
            await log.append("t1", 1, [TextDelta("b")])
            assert second.calls == []
            assert [entry.seq for _, entry in third.calls] == [2]
            await log.close()

        finish_all(work())

    def test_cleanup(self) -> None:
        """A forgotten log is unknown and its readers are not called; the others stay."""

        async def work() -> None:
            log, reader = self.make(), _Reader()
            held = log.subscribe("t1", **reader.callbacks())
            await log.append("t2", 1, [START])
            log.cleanup("t1")
            log.cleanup("t1")
            held.unsubscribe()
            await log.append("t1", 1, [TextDelta("a")])
            assert reader.calls == []
            assert await log.read("t2", 1, 0) is not None
            await log.close()
            await log.close()
            assert await log.read("t2", 1, 0) is None

        finish_all(work())

    def test_many_logs(self) -> None:
        """Ended logs are bounded in number; running ones are kept."""

        async def work() -> None:
            log = self.make()
            await log.append("running", 1, [START])
            for number in range(1100):
                await log.append(f"t{number}", 1, [END])
            assert await log.read("t0", 1, 0) is None
            assert await log.read("t1099", 1, 0) is not None
            assert await log.read("running", 1, 0) is not None
            await log.close()

        finish_all(work())
