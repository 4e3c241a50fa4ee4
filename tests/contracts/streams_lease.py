"""What a JobStore must do whose kernels are processes of their own: a kernel that gives no sign of life is seen to be gone."""

from __future__ import annotations

import pytest

from nbchat.core.errors import BusyError
from nbchat.core.events import TextDelta
from nbchat.sessions.ports.streams import LEASE_SECONDS
from tests.contracts.streams_base import START, Kernels, Run, StreamsBase, a_job


class LeaseContract(StreamsBase):
    """Inherit and define `open`."""

    def test_interrupted(self, run: Run) -> None:
        """A job whose kernel gives no sign of life is interrupted, wherever it is read; it runs on when the kernel comes back."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job(owner="elsewhere"))

            async def interrupted() -> set[bool]:
                found = [await two.jobs.get_job("t1"), await two.jobs.get_job_by_conversation("c1")]
                found += await two.jobs.get_running_jobs()
                assert len(found) == 3
                return {job.interrupted for job in found if job is not None and job.status == "running"}

            assert await interrupted() == {False}
            await kernels.advance(LEASE_SECONDS / 2)  # a server's own time passes as well
            assert await interrupted() == {False}
            await kernels.advance(LEASE_SECONDS / 2 + 1)
            assert await interrupted() == {True}
            await one.jobs.renew(["gone", "t1"])
            assert await interrupted() == {False}
            await kernels.advance(LEASE_SECONDS + 1)
            assert await interrupted() == {True}
            await one.log.append("t1", 1, [START, TextDelta("here")])
            await one.jobs.renew(["t1"])
            assert await interrupted() == {False}

        run(work)

    def test_an_interrupted_job_can_be_ended(self, run: Run) -> None:
        """Another kernel may end it, once; it is not interrupted then, but ended."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job(owner="elsewhere"))
            await kernels.advance(LEASE_SECONDS + 1)
            ended = await two.jobs.update_job("t1", 1, status="error", error="its kernel died")
            assert ended is not None
            assert (ended.status, ended.interrupted) == ("error", False)
            assert await one.jobs.update_job("t1", 1, status="complete") is None
            await one.jobs.renew(["t1"])
            assert await one.jobs.get_job("t1") == ended

        run(work)

    def test_an_interrupted_job_holds_no_place(self, run: Run) -> None:
        """What a dead kernel left behind keeps nobody from asking: the limit counts what runs."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.jobs.create_job(a_job(owner="elsewhere"), limit=1)
            with pytest.raises(BusyError):
                await two.jobs.create_job(a_job("t2", owner="elsewhere"), limit=1)
            await kernels.advance(LEASE_SECONDS + 1)
            await two.jobs.create_job(a_job("t2", owner="elsewhere"), limit=1)
            with pytest.raises(BusyError):
                await two.jobs.create_job(a_job("t3", owner="elsewhere"), limit=1)

        run(work)
