"""The courier: what one kernel writes arrives at the shared backend, once and in order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbchat.core.errors import BusyError
from nbchat.core.events import TextDelta, Waiting
from nbchat.sessions.ports import Job, ResumeState
from tests.contracts.streams_base import END, START, text_of
from tests.streams.kernel_bench import Bench, a_job, on
from tests.support.clock import settle


def test_it_arrives() -> None:
    """Job, text and end arrive, with the producer's name; afterwards nothing is kept or asked any more."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        assert (await bench.there()).user_message is not None
        await bench.say("Hello", " you")
        await bench.clock.advance(0.1)
        await bench.same()
        await bench.end()
        await settle()
        job = await bench.shared.jobs.get_job("t1")
        assert job is not None
        assert (job.owner, job.status, job.final_event) == ("a", "complete", END)
        assert (await bench.there()).final_event == END
        await bench.clock.advance(1.0)
        before = len(bench.shared.calls)
        await bench.clock.advance(60.0)
        assert len(bench.shared.calls) == before

    on(work)


def test_batches_are_joined_where_nobody_follows() -> None:
    """Within a tenth of a second all batches become one entry; the first one and the end go at once."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        for number in range(30):
            await bench.say(f"{number} ")
            await bench.clock.advance(1 / 30)
        await bench.clock.advance(0.1)
        entries = await bench.shared.log.read("t1", 1, 0)
        assert entries is not None
        assert 9 <= len(entries) <= 12
        await bench.same()

    on(work)


def test_many_streams_send_less_often() -> None:
    """Two hundred answers that nobody follows elsewhere send each half a second: together as often as forty."""

    async def work(bench: Bench) -> None:
        ids = [f"t{number}" for number in range(200)]
        for stream_id in ids:
            await bench.kernel.jobs.create_job(a_job(stream_id))
            await bench.kernel.log.append(stream_id, 1, [START])
        await settle(4000)
        bench.shared.calls.clear()
        for _ in range(30):
            for stream_id in ids:
                await bench.kernel.log.append(stream_id, 1, [TextDelta("a")])
            await bench.clock.advance(1 / 30)
            await settle(2000)
        assert 200 <= bench.shared.calls.count("append") <= 500
        await bench.clock.advance(1.0)
        await settle(4000)
        assert text_of(await bench.shared.log.resume_state("t199")) == "a" * 30

    on(work)


def test_batches_go_at_once_where_somebody_follows() -> None:
    """A follower in another kernel is noticed within a second, and from then on told each batch as it comes."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        got: list[int] = []
        bench.shared.log.subscribe("t1", on_chunk=lambda entry: got.append(entry.seq))
        await bench.clock.advance(1.0)
        assert await bench.kernel.others.watchers("t1") == 1  # type: ignore[union-attr]
        assert await bench.kernel.log.subscriber_count("t1") == 1
        for _ in range(3):
            await bench.say("x")
            await settle()
        assert got == [2, 3, 4]

    on(work)


def test_what_carries_no_content_takes_no_position() -> None:
    """Batches that were only for those who watched are not sent late; the text that follows fits all the same."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        for seconds in (1.0, 2.0):
            await bench.kernel.log.append("t1", 1, [Waiting(seconds)])
        await bench.clock.advance(0.1)
        assert (await bench.there()).last_seq == 1
        await bench.say("a")
        await bench.clock.advance(0.1)
        assert (await bench.there()).last_seq == 4
        await bench.same()

    on(work)


def test_signs_of_life_and_stops() -> None:
    """Running jobs are renewed every 2 s; a wish to stop them is told even when the backend's own word was missed."""

    async def work(bench: Bench) -> None:
        others = bench.kernel.others
        assert others is not None
        seen: list[Job] = []
        watch = others.watch(seen.append)
        await bench.begin()
        await settle()
        await bench.clock.advance(6.0)
        assert bench.shared.calls.count("renew") == 3
        assert seen == []  # its own are no news
        bench.shared.jobs._watchers.close()
        await bench.shared.jobs.request_stop("t1", 1)
        await bench.clock.advance(2.0)
        assert [job.stream_id for job in seen] == ["t1"]
        watch.unsubscribe()
        await bench.clock.advance(2.0)
        assert len(seen) == 1

    on(work)


def test_a_limit_is_kept_over_all_kernels() -> None:
    """The second job of an owner is refused in another kernel; without the backend each kernel counts its own."""

    async def work(bench: Bench) -> None:
        other = bench.shared.kernel("b")
        await bench.kernel.jobs.create_job(a_job(), limit=1)
        with pytest.raises(BusyError):
            await other.jobs.create_job(a_job("t2"), limit=1)
        await bench.kernel.jobs.update_job("t1", 1, status="complete")
        await settle()
        await other.jobs.create_job(a_job("t2"), limit=1)
        bench.shared.away = True
        await bench.kernel.jobs.create_job(a_job("t3"), limit=1)
        with pytest.raises(BusyError):
            await bench.kernel.jobs.create_job(a_job("t4"), limit=1)
        bench.shared.away = False
        await bench.clock.advance(3.0)
        assert await bench.shared.jobs.has_job("t3")
        assert not await bench.shared.jobs.has_job("t4")
        await other.close()

    on(work)


def test_a_job_that_never_began_is_gone() -> None:
    """A job that is deleted is deleted there too."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        await bench.kernel.jobs.delete_job("t1")
        await settle()
        assert not await bench.shared.jobs.has_job("t1")

    on(work)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_job_that_is_made_anew(arrived: bool) -> None:
    """A place is taken with the generation that a turn will probably get; where it gets another one, that job is there."""

    async def work(bench: Bench) -> None:
        await bench.kernel.jobs.create_job(a_job())
        await settle(20 * arrived)
        await bench.kernel.jobs.delete_job("t1")
        await bench.kernel.jobs.create_job(replace(a_job(), generation=2))
        await bench.kernel.log.append("t1", 2, [START])
        await settle()
        job = await bench.shared.jobs.get_job("t1")
        assert job is not None
        assert job.generation == 2
        assert (await bench.there()).generation == 2

    on(work)


def test_closing_sends_what_is_left() -> None:
    """What was noted before the end arrives; a backend that does not answer does not keep a kernel from ending."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await bench.say("all of it")
        await bench.end()
        log = bench.shared.log
        bench.shared.log = type(log)()  # closing forgets: look into the one that was written to
        closed: list[ResumeState | None] = []
        forget = log.close

        async def look() -> None:
            closed.append(await log.resume_state("t1"))
            await forget()

        log.close = look  # type: ignore[method-assign]
        await bench.kernel.close()
        assert closed[0] is not None
        assert closed[0].final_event == END

    on(work)
