"""What every JobStore must do when jobs end: one winner, no way back, and nothing that stays for ever."""

from __future__ import annotations

import asyncio

from nbchat.core.events import TextDelta, TurnError
from tests.contracts.streams_base import END, START, Kernels, Reader, Run, StreamsBase, a_job, text_of
from tests.support.house import eventually


class EndsContract(StreamsBase):
    """Inherit and define `open`."""

    def test_one_terminal_winner(self, run: Run) -> None:
        """Of several ends at once, in several kernels, exactly one is taken, and nothing changes a job after it."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job())
            ends = ("complete", "error", "aborted", "complete") * 4
            results = await asyncio.gather(
                *((one, two)[n % 2].jobs.update_job("t1", 1, status=end, error=end) for n, end in enumerate(ends))
            )
            (winner,) = [result for result in results if result is not None]
            assert winner.completed_at is not None
            assert winner.error == winner.status
            for kernel in (one, two):
                assert await kernel.jobs.update_job("t1", 1, status="running") is None
                assert await kernel.jobs.update_job("t1", 1, final_event=END) is None
                assert await kernel.jobs.get_job("t1") == winner

        run(work)

    def test_an_end_is_dated(self, run: Run) -> None:
        """The end's time is given, or set with it; its last event comes back as it was."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            for stream_id in ("t1", "t2"):
                await one.jobs.create_job(a_job(stream_id))
            given = await one.jobs.update_job("t1", 1, status="complete", completed_at=7.0, final_event=END)
            found = await one.jobs.update_job("t2", 1, status="complete")
            assert given is not None
            assert (given.completed_at, given.final_event) == (7.0, END)
            assert found is not None
            assert found.completed_at is not None
            assert await two.jobs.get_job("t1") == given
            assert await two.jobs.get_job("t2") == found

        run(work)

    def test_no_resurrection(self, run: Run) -> None:
        """A job that was removed stays removed, whatever its kernel does that has not heard of it."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job())
            await two.jobs.delete_job("t1")
            assert await one.jobs.update_job("t1", 1, status="complete") is None
            await one.jobs.renew(["t1"])
            assert not await one.jobs.request_stop("t1", 1)
            for kernel in (one, two):
                assert not await kernel.jobs.has_job("t1")
                assert await kernel.jobs.get_running_jobs() == []

        run(work)

    def test_jobs_expire(self, run: Run) -> None:
        """Ended jobs stay for 300 s; a running one ends after 1200 s without an entry or an update, not by its age."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            for stream_id in ("ended", "silent", "busy", "growing"):
                await one.jobs.create_job(a_job(stream_id))
            await one.log.append("ended", 1, [START, END])
            await one.jobs.update_job("ended", 1, status="complete")
            await kernels.advance(270.0)  # a server's own time passes as well
            assert await two.jobs.cleanup() == 0
            await kernels.advance(31.0)
            assert await two.jobs.cleanup() == 1
            assert not await one.jobs.has_job("ended")
            assert await one.log.resume_state("ended") is None
            await kernels.advance(600.0)
            await one.jobs.renew(["silent", "busy", "growing"])
            await one.jobs.update_job("busy", 1, sender="alive")
            await one.log.append("growing", 1, [TextDelta("a")])
            await kernels.advance(301.0)
            assert await two.jobs.cleanup() == 1
            silent = await one.jobs.get_job("silent")
            assert silent is not None
            assert silent.status == "error"
            assert silent.completed_at is not None
            assert silent.error
            assert [job.stream_id for job in await one.jobs.get_running_jobs()] == ["busy", "growing"]
            assert await one.jobs.update_job("silent", 1, status="complete") is None

        run(work)

    def test_the_log_of_a_silent_job_ends(self, run: Run) -> None:
        """Whoever waits for a job that is given up is told, in every kernel, and nothing comes behind that end."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            readers = [Reader(), Reader()]
            await one.jobs.create_job(a_job())
            await one.log.append("t1", 1, [START, TextDelta("half an answ")])
            await readers[0].attach(one.log)
            await readers[1].attach(two.log)
            await kernels.advance(1201.0)
            assert await two.jobs.cleanup() == 1
            await eventually(lambda: all(reader.kinds == ["error"] for reader in readers))
            state = await one.log.resume_state("t1")
            assert state is not None
            assert isinstance(state.final_event, TurnError)
            assert text_of(state) == "half an answ"
            end = state.final_event.message
            assert (end.id, end.status, end.parts) == ("a1", "interrupted", ())
            assert end.error
            job = await one.jobs.get_job("t1")
            assert job is not None
            assert job.final_event == state.final_event
            assert await two.jobs.cleanup() == 0

        run(work)

    def test_wall_clock_jumps(self, run: Run) -> None:
        """A jump of the wall clock ends and drops nothing."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job("running"))
            await one.jobs.create_job(a_job("ended"))
            await one.jobs.update_job("ended", 1, status="complete")
            for jump in (1e6, -2e6):
                kernels.clock.jump(jump)
                assert await one.jobs.cleanup() == 0
                assert await two.jobs.cleanup() == 0
            assert await two.jobs.get_job_count() == 2

        run(work)

    def test_bounded(self, run: Run) -> None:
        """At most 1,000 jobs are kept: the oldest ended ones go with their logs, a running one never."""

        async def work(kernels: Kernels) -> None:
            one = await kernels.open()
            await one.jobs.create_job(a_job("first-and-running"))
            await one.log.append("first-and-running", 1, [START])
            await one.jobs.create_job(a_job("t0000"))
            await one.log.append("t0000", 1, [START, END])
            await one.jobs.update_job("t0000", 1, status="complete")
            for number in range(1, 1050):
                await one.jobs.create_job(a_job(f"t{number:04}"))
                await one.jobs.update_job(f"t{number:04}", 1, status="complete")
            assert await one.jobs.get_job_count() <= 1000
            assert await one.jobs.has_job("first-and-running")
            assert await one.log.resume_state("first-and-running") is not None
            assert not await one.jobs.has_job("t0000")
            assert await one.log.resume_state("t0000") is None
            assert await one.jobs.has_job("t1049")

        run(work)
