"""What every JobStore must do: make, find, change and count jobs, within a limit and for one owner."""

from __future__ import annotations

import asyncio

import pytest

from nbchat.core.errors import BusyError, UsageError
from nbchat.core.events import TextDelta
from nbchat.sessions.ports import Job, UserMessage
from tests.contracts.streams_base import END, START, Kernels, Run, StreamsBase, a_job, text_of


class JobsContract(StreamsBase):
    """Inherit and define `open`."""

    def test_create_and_get(self, run: Run) -> None:
        """A job comes back as it was made, in every kernel; making it again gives the one that is there."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.initialize()
            asked = UserMessage("u1", None, "c1", "grüße \U0001f600")
            job = a_job(user_message=asked, response_message_id="a1", sender="lab/tiny", owner="me", place="notes.ipynb")
            assert await one.jobs.create_job(job) == job
            for kernel in (one, two):
                assert await kernel.jobs.create_job(a_job(sender="other")) == job
                assert await kernel.jobs.get_job("t1") == job
                assert await kernel.jobs.has_job("t1")
                assert await kernel.jobs.get_job("t2") is None
                assert not await kernel.jobs.has_job("t2")
                with pytest.raises(UsageError, match="generation"):
                    await kernel.jobs.create_job(a_job(generation=2))
            assert await one.jobs.get_job_count() == 1

        run(work)

    def test_update(self, run: Run) -> None:
        """An update changes a running job of its generation; gone, of another generation: None, and nothing is made."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job())
            changed = await two.jobs.update_job("t1", 1, sender="big", response_message_id="a1")
            assert changed is not None
            assert (changed.sender, changed.status) == ("big", "running")
            assert await one.jobs.get_job("t1") == changed
            assert await one.jobs.update_job("t1", 2, sender="x") is None
            assert await one.jobs.update_job("t1", 0, sender="x") is None
            assert await one.jobs.update_job("gone", 1, sender="x") is None
            assert not await one.jobs.has_job("gone")
            assert await one.jobs.get_job("t1") == changed
            for fixed in ("created_at", "no_such", "user_id", "stop_requested", "interrupted"):
                with pytest.raises(UsageError, match=fixed):
                    await one.jobs.update_job("t1", 1, **{fixed: 5.0})

        run(work)

    def test_queries(self, run: Run) -> None:
        """Jobs are found by conversation while they run, listed and counted by status, and removed, by every kernel."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job("t1"))
            await one.jobs.update_job("t1", 1, status="complete")
            await one.jobs.create_job(a_job("t2", generation=2))
            await one.jobs.create_job(a_job("t3", conversation_id="c2"))
            found = await two.jobs.get_job_by_conversation("c1")
            assert found is not None
            assert found.stream_id == "t2"
            assert await two.jobs.get_job_by_conversation("c3") is None
            assert [job.stream_id for job in await two.jobs.get_running_jobs()] == ["t2", "t3"]
            assert await two.jobs.get_job_count() == 3
            assert await two.jobs.get_job_count_by_status("running") == 2
            assert await two.jobs.get_job_count_by_status("complete") == 1
            assert await two.jobs.get_job_count_by_status("error") == 0
            assert await two.jobs.get_job_counts() == {"running": 2, "complete": 1, "error": 0, "aborted": 0}
            await two.jobs.delete_job("t2")
            await one.jobs.delete_job("t2")
            assert await one.jobs.get_job_by_conversation("c1") is None
            assert await one.jobs.get_job_count() == 2

        run(work)

    def test_counts_are_of_one_moment(self, run: Run) -> None:
        """However many jobs end while they are counted, in whichever kernel, each is counted once."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            for number in range(20):
                await one.jobs.create_job(a_job(f"t{number}"))

            async def end(number: int) -> None:
                for _ in range(number):
                    await asyncio.sleep(0)
                await one.jobs.update_job(f"t{number}", 1, status="complete")

            ending = asyncio.gather(*map(end, range(20)))
            while not ending.done():
                assert sum((await two.jobs.get_job_counts()).values()) == 20
                await asyncio.sleep(0)
            await ending
            assert (await two.jobs.get_job_counts())["complete"] == 20

        run(work)

    def test_the_newest_of_a_conversation(self, run: Run) -> None:
        """Of several running jobs of one conversation the newest is found, whichever kernel made it."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            for number, kernel in enumerate((one, two, one, two)):
                await kernel.jobs.create_job(a_job(f"t{number}"))
            for kernel in (one, two):
                newest = await kernel.jobs.get_job_by_conversation("c1")
                assert newest is not None
                assert newest.stream_id == "t3"
            await one.jobs.update_job("t3", 1, status="complete")
            newest = await two.jobs.get_job_by_conversation("c1")
            assert newest is not None
            assert newest.stream_id == "t2"

        run(work)

    def test_limit(self, run: Run) -> None:
        """Counted and reserved in one step: however many kernels ask at once, no more than the limit run; an end makes room,
        and a job that is there already needs none."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()

            async def create(number: int) -> Job | None:
                try:
                    return await (one, two)[number % 2].jobs.create_job(a_job(f"t{number}"), limit=3)
                except BusyError:
                    return None

            made = [job for job in await asyncio.gather(*(create(number) for number in range(40))) if job is not None]
            assert len(made) == 3
            assert sorted(job.stream_id for job in await one.jobs.get_running_jobs()) == sorted(job.stream_id for job in made)
            assert await two.jobs.create_job(made[0], limit=3) == made[0]
            with pytest.raises(BusyError, match="3 answers run at once"):
                await two.jobs.create_job(a_job("more"), limit=3)
            await one.jobs.update_job(made[0].stream_id, 1, status="error")
            await two.jobs.create_job(a_job("more"), limit=3)
            await two.jobs.create_job(a_job("unlimited"))
            assert await one.jobs.get_job_count_by_status("running") == 4

        run(work)

    def test_stop(self, run: Run) -> None:
        """A stop that is asked for is seen by the job's kernel; of what does not run nothing can be asked."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job())
            assert not await two.jobs.request_stop("t1", 2)
            assert not await two.jobs.request_stop("gone", 1)
            assert await two.jobs.request_stop("t1", 1)
            assert await two.jobs.request_stop("t1", 1)
            job = await one.jobs.get_job("t1")
            assert job is not None
            assert (job.status, job.stop_requested) == ("running", True)
            ended = await one.jobs.update_job("t1", 1, status="aborted")
            assert ended is not None
            assert ended.stop_requested
            assert not await two.jobs.request_stop("t1", 1)

        run(work)

    def test_owners(self, run: Run) -> None:
        """What belongs to another owner is as if it were not there, although its ids are known; nobody writes in his name."""

        async def work(kernels: Kernels) -> None:
            one, other = await kernels.open(), await kernels.open("somebody")
            await one.jobs.create_job(a_job())
            await one.log.append("t1", 1, [START, TextDelta("mine")])
            with pytest.raises(UsageError, match="somebody"):
                await other.jobs.create_job(a_job("t2"))
            assert await other.jobs.get_job("t1") is None
            assert not await other.jobs.has_job("t1")
            assert await other.jobs.get_job_by_conversation("c1") is None
            assert await other.jobs.get_running_jobs() == []
            assert await other.jobs.get_job_count() == 0
            assert await other.jobs.get_job_count_by_status("running") == 0
            assert await other.jobs.update_job("t1", 1, status="aborted") is None
            assert not await other.jobs.request_stop("t1", 1)
            await other.jobs.renew(["t1"])
            assert await other.log.read("t1", 1, 0) is None
            assert await other.log.resume_state("t1") is None
            assert await other.log.attach("t1", on_chunk=lambda entry: None) is None
            assert await other.log.subscriber_count("t1") == 0
            await other.jobs.delete_job("t1")
            await other.log.cleanup("t1")
            await other.log.append("t1", 9, [TextDelta("theirs"), END])
            assert await one.log.append("t1", 1, [TextDelta(", still")]) == 2
            assert text_of(await one.log.resume_state("t1")) == "mine, still"
            assert await one.jobs.get_job("t1") == a_job()
            await other.jobs.create_job(a_job("t9", user_id="somebody"), limit=1)

        run(work)
