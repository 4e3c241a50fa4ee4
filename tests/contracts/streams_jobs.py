"""What every JobStore must do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nbchat.core.errors import UsageError
from nbchat.sessions.ports import Job, JobStore, UserMessage
from tests.contracts.streams_base import END
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock


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
