"""How a kernel reaches the backend that kernels share: nobody waits long, nothing is held that nobody wants any more."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from nbchat.sessions.ports import StreamsError
from nbchat.streams.backends import memory_streams
from nbchat.streams.reach import Reach
from tests.contracts.streams_base import START
from tests.contracts.values import finish_all
from tests.streams.kernel_bench import Bench, a_job, on
from tests.support.clock import ManualClock, settle


def test_connecting_takes_no_time_of_its_own() -> None:
    """Who asks first waits no longer than who asks later."""

    async def work() -> None:
        clock = ManualClock()
        jobs, log = memory_streams(clock, "me")

        async def slowly() -> None:
            await asyncio.sleep(0.06)

        jobs.initialize = slowly  # type: ignore[method-assign]
        reach = Reach(jobs, log, clock)
        with pytest.raises(StreamsError, match="did not answer"):
            await reach.call(slowly, 0.1)
        await reach.close()

    finish_all(work())


@pytest.mark.parametrize("ticks", range(12))
def test_who_gives_up_attaching_reads_nothing(ticks: int) -> None:
    """Wherever a cancellation hits, also in the moment of success, no subscription stays behind."""

    async def work(bench: Bench) -> None:
        await bench.shared.jobs.create_job(a_job())
        await bench.shared.log.append("t1", 1, [START])
        others = bench.kernel.others
        assert others is not None
        attaching = asyncio.ensure_future(others.attach(a_job(), on_entry=print, on_gap=lambda: None))
        for _ in range(ticks):
            await asyncio.sleep(0)
        attaching.cancel()
        (found,) = await asyncio.gather(attaching, return_exceptions=True)
        held = int(not isinstance(found, BaseException))
        assert await bench.shared.log.subscriber_count("t1") == held

    on(work)


def test_a_failure_that_nobody_foresaw_does_not_end_the_looking() -> None:
    """While the backend is in trouble it is looked at again and again, whatever it raises."""

    async def work(bench: Bench) -> None:
        others = bench.kernel.others
        assert others is not None
        bench.shared.away = True
        assert await others.running("c1") is None
        await settle()
        bench.shared.away = False
        asked = bench.shared.jobs.get_running_jobs

        async def fails() -> None:
            raise ValueError("not foreseen")

        bench.shared.jobs.get_running_jobs = fails  # type: ignore[assignment,method-assign]
        await bench.clock.advance(1.0)
        bench.shared.jobs.get_running_jobs = asked  # type: ignore[method-assign]
        await bench.clock.advance(1.0)
        assert bench.shared.trouble[1:] == ["a: over"]

    on(work)


def test_what_is_said_is_what_is_the_matter_now() -> None:
    """A trouble that becomes another one is told again, the same one is not."""

    async def work() -> None:
        clock = ManualClock()
        told = list[str]()
        reach = Reach(*memory_streams(clock, "me"), clock, lambda info: told.append("over" if info is None else info.text[-5:]))
        for cause in ("one", "one", "two", ""):

            async def fails(cause: str = cause) -> None:
                if cause:
                    raise StreamsError(f": {cause}.")

            with suppress(StreamsError):
                await reach.call(fails)
        assert told == [" one.", " two.", "over"]
        await reach.close()

    finish_all(work())
