"""What every JobStore must do for those who watch jobs."""

from __future__ import annotations

import pytest

from nbchat.sessions.ports import Job
from tests.contracts.streams_base import Kernel, Kernels, Run, StreamsBase, a_job
from tests.support.house import eventually

SEEN = tuple[str, str, bool]


async def watched(kernel: Kernel) -> list[SEEN]:
    """A kernel's watch, which has begun when this returns."""
    seen: list[SEEN] = []
    kernel.jobs.watch(lambda job: seen.append((job.stream_id, job.status, job.stop_requested)))
    await kernel.jobs.get_running_jobs()
    return seen


class WatchingContract(StreamsBase):
    """Inherit and define `open`."""

    def test_watching(self, run: Run) -> None:
        """Begin, a wish to stop and the end are seen in every kernel, in this order; what changes nothing of it is not."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job("before"))
            seen = [await watched(one), await watched(two)]
            expected: list[SEEN] = []

            async def sees(*what: SEEN) -> None:
                expected.extend(what)
                await eventually(lambda: seen == [expected, expected])

            await one.jobs.create_job(a_job())
            await sees(("t1", "running", False))
            await one.jobs.update_job("t1", 1, sender="big")
            await one.jobs.renew(["t1"])
            await two.jobs.request_stop("t1", 1)
            await sees(("t1", "running", True))
            await one.jobs.update_job("t1", 1, status="aborted")
            await sees(("t1", "aborted", True))
            await two.jobs.create_job(a_job("t2"))
            await sees(("t2", "running", False))

        run(work)

    def test_other_owners_are_not_watched(self, run: Run) -> None:
        """A watch tells of its own owner's jobs alone."""

        async def work(kernels: Kernels) -> None:
            one, other = await kernels.open(), await kernels.open("somebody")
            mine, theirs = await watched(one), await watched(other)
            await one.jobs.create_job(a_job())
            await other.jobs.create_job(a_job("t2", user_id="somebody"))
            await eventually(lambda: (len(mine), len(theirs)) == (1, 1))
            assert (mine[0][0], theirs[0][0]) == ("t1", "t2")

        run(work)

    def test_letting_go(self, run: Run) -> None:
        """A watch that was let go of is not called; letting go twice is nothing."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            gone = list[str]()
            held = two.jobs.watch(lambda job: gone.append(job.stream_id))
            seen = await watched(two)
            held.unsubscribe()
            held.unsubscribe()
            await one.jobs.create_job(a_job())
            await eventually(lambda: len(seen) == 1)
            assert gone == []

        run(work)

    def test_a_watcher_that_raises(self, run: Run, caplog: pytest.LogCaptureFixture) -> None:
        """It is logged, and disturbs neither the others nor what happened."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()

            def fail(_: Job) -> None:
                raise RuntimeError("watcher's own bug")

            two.jobs.watch(fail)
            seen = await watched(two)
            await one.jobs.create_job(a_job())
            await eventually(lambda: len(seen) == 1)

        run(work)
        assert "watcher's own bug" in caplog.text
