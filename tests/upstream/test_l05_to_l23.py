"""What went wrong with resumable streams upstream, rows L5 to L12, L22 and L23: readers that come late or come back, runs that
are replaced, removed or forgotten, logs that grow, limits and prices of publishing; in two kernels, on every backend."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbchat.core.errors import BusyError, UsageError
from nbchat.core.events import Event, TextDelta, TurnError
from nbchat.sessions.ports import Job
from nbchat.testing import Gate, Reply
from tests.contracts.streams_backends import OnMemory, OnRedis, OnSqlite
from tests.contracts.streams_base import END, START, Kernels, Reader, Run, StreamsBase, a_job, text_of, texts
from tests.support.at_once import at_once
from tests.support.clock import ManualClock, settle
from tests.support.house import House, answer, eventually, live
from tests.support.redis_server import RedisServer, patience, redis_server
from tests.support.shared import SharedStreams

WORDS = [f"{number} " for number in range(200)]
WHOLE = "".join(WORDS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(params=["memory", "sqlite", "redis"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    backend: StreamsBase = {"memory": OnMemory, "sqlite": OnSqlite, "redis": OnRedis}[request.param]()
    if isinstance(backend, OnRedis):
        backend.server = request.getfixturevalue("server")
        patience(monkeypatch)
    return backend.on(tmp_path)


async def write(kernels: Kernels, readers: list[Reader], *, every: int) -> None:
    """Stream an answer in one kernel, whose log another reader finds in another one after every so many batches."""
    one, two = await kernels.two()
    await one.log.append("t1", 1, [START])
    attaching = list[asyncio.Task[object]]()
    for seq, word in enumerate(WORDS, 2):
        await one.log.append("t1", 1, [TextDelta(word)], after=seq - 1, seq=seq)
        await asyncio.sleep(0)
        if seq % every == 0:
            readers.append(Reader())
            attaching.append(asyncio.ensure_future(readers[-1].attach(two.log)))
    await one.log.append("t1", 1, [END])
    await asyncio.gather(*attaching)


def test_l05_a_late_reader_misses_nothing(run: Run) -> None:
    """Whenever it comes: the content so far and what follows it are one step, so that no batch falls between the two."""

    async def work(kernels: Kernels) -> None:
        readers = list[Reader]()
        await write(kernels, readers, every=10)
        assert len(readers) == 20
        for reader in readers:
            await eventually(lambda reader=reader: reader.seq == len(WORDS) + 2)
            assert (reader.text[:20], len(reader.text)) == (WHOLE[:20], len(WHOLE))

    run(work)


def test_l06_a_reader_that_comes_back_is_told_nothing_twice(run: Run) -> None:
    """The content carries its position: what is called, or read, behind it is what it has not."""

    async def work(kernels: Kernels) -> None:
        readers = list[Reader]()
        await write(kernels, readers, every=10)
        two = await kernels.open()
        for reader in readers:
            await eventually(lambda reader=reader: reader.seq == len(WORDS) + 2)
            assert reader.text == WHOLE
            after = [entry.after for _, entry in reader.calls]
            assert after == sorted(set(after))
        for had in (1, 50, len(WORDS) + 1):
            entries = await two.log.read("t1", 1, had)
            assert entries is not None
            assert "".join(WORDS[: had - 1]) + "".join(texts(entry.events) for entry in entries) == WHOLE

    run(work)


def test_l07_a_position_is_one_readers_own_and_of_one_generation(run: Run) -> None:
    """Two readers of one log stand where they stand; a position of another generation, or ahead, finds nothing to go on with."""

    async def work(kernels: Kernels) -> None:
        one, two = await kernels.two()
        for seq, word in enumerate(WORDS[:10], 1):
            await one.log.append("t1", 1, [TextDelta(word)], after=seq - 1, seq=seq)
        for had in (3, 7, 3):
            entries = await two.log.read("t1", 1, had)
            assert entries is not None
            assert [entry.seq for entry in entries] == list(range(had + 1, 11))
        for seq in range(1, 6):
            await one.log.append("t1", 2, [TextDelta("anew")], after=seq - 1, seq=seq)
        assert await two.log.read("t1", 1, 3) is None
        assert await two.log.read("t1", 2, 7) is None
        assert [(entry.generation, entry.seq) for entry in await two.log.read("t1", 2, 4) or ()] == [(2, 5)]

    run(work)


def test_l09_a_replaced_run_writes_over_nothing(run: Run) -> None:
    """It carries its generation, and is refused in every kernel: its text, its end, its wishes."""

    async def work(kernels: Kernels) -> None:
        one, two = await kernels.two()
        await one.log.append("t1", 1, [START, TextDelta("old")])
        await two.jobs.create_job(a_job(generation=2))
        await two.log.append("t1", 2, [START, TextDelta("new")])
        for late in (TextDelta("zombie"), END):
            with pytest.raises(UsageError, match="generation"):
                await one.log.append("t1", 1, [late])
        with pytest.raises(UsageError, match="generation"):
            await one.log.rewrite("t1", 1, [TextDelta("zombie")], 99)
        with pytest.raises(UsageError, match="generation"):
            await one.jobs.create_job(a_job(generation=1))
        assert await one.jobs.update_job("t1", 1, status="error") is None
        assert not await one.jobs.request_stop("t1", 1)
        assert text_of(await one.log.resume_state("t1")) == "new"
        job = await one.jobs.get_job("t1")
        assert job is not None
        assert (job.status, job.stop_requested) == ("running", False)

    run(work)


def test_l09_an_empty_snapshot_erases_nothing(run: Run) -> None:
    """What is empty, or behind, says nothing of what is there."""

    async def work(kernels: Kernels) -> None:
        one, two = await kernels.two()
        await one.log.append("t1", 1, [START, TextDelta("text")])
        await one.log.append("t1", 1, [TextDelta(", more")])
        await two.log.append("t1", 1, [])
        await two.log.rewrite("t1", 1, [], 2)
        await two.log.rewrite("t1", 1, [START], 1)
        assert text_of(await one.log.resume_state("t1")) == "text, more"
        assert await one.log.read("t2", 1, 0) is None  # unknown, and not empty

    run(work)


def test_l10_a_removed_job_is_not_resurrected(run: Run) -> None:
    """Neither by the update of a kernel that has not heard of it, nor by one at the same moment."""

    async def work(kernels: Kernels) -> None:
        one, two = await kernels.two()
        for number in range(20):
            await one.jobs.create_job(a_job(f"t{number}"))
            done = asyncio.gather(
                one.jobs.update_job(f"t{number}", 1, sender="late"),
                two.jobs.delete_job(f"t{number}"),
                one.jobs.update_job(f"t{number}", 1, status="complete"),
                one.jobs.renew([f"t{number}"]),
            )
            await done
            assert await one.jobs.update_job(f"t{number}", 1, status="complete") is None
        assert await two.jobs.get_job_count() == 0
        assert await one.jobs.get_running_jobs() == []

    run(work)


def test_l11_a_hung_run_ends_for_whoever_waits_for_it(run: Run) -> None:
    """Twenty minutes without an entry, however young its lease: an error is its end, in every view, and nothing stays behind."""

    async def work(kernels: Kernels) -> None:
        one, two = await kernels.two()
        readers = [Reader(), Reader()]
        await one.jobs.create_job(a_job())
        await one.log.append("t1", 1, [START, TextDelta("so far")])
        await readers[0].attach(one.log)
        await readers[1].attach(two.log)
        for _ in range(3):
            await kernels.advance(401.0)
            await one.jobs.renew(["t1"])
        assert await two.jobs.cleanup() == 1
        for reader in readers:
            await eventually(lambda reader=reader: reader.kinds == ["error"])
            assert isinstance(reader.calls[0][1].events[-1], TurnError)
        job = await one.jobs.get_job("t1")
        assert job is not None
        assert job.status == "error"
        await kernels.advance(301.0)
        assert await one.jobs.cleanup() == 1
        assert await one.jobs.get_job_count() == 0
        assert await one.log.resume_state("t1") is None

    run(work)


def test_l12_what_is_kept_is_the_text_and_not_the_events(run: Run) -> None:
    """60,000 tiny events that nobody watches: all of the text, a bounded tail, and what an append costs does not grow."""

    async def work(kernels: Kernels) -> None:
        one, two = await kernels.two()
        batch: list[Event] = [TextDelta("ab")] * 80
        for _ in range(750):
            await one.log.append("t1", 1, batch)
        state = await two.log.resume_state("t1")
        assert text_of(state) == "ab" * 60_000
        assert state is not None
        assert (state.last_seq, len(state.aggregated_content)) == (750, 1)
        assert await two.log.read("t1", 1, 0) is None
        assert await two.log.read("t1", 1, 150) is None
        assert len(await two.log.read("t1", 1, 740) or ()) == 10

    run(work)


def test_l22_no_more_run_than_the_limit_allows(run: Run) -> None:
    """Two kernels that ask at once, again and again: counting and reserving are one step, and every end makes room."""

    async def work(kernels: Kernels) -> None:
        one, two = await kernels.two()

        async def create(number: int) -> Job | None:
            try:
                return await (one, two)[number % 2].jobs.create_job(a_job(f"t{number}"), limit=2)
            except BusyError:
                return None

        for first in range(0, 60, 20):
            made = [job for job in await asyncio.gather(*(create(first + n) for n in range(20))) if job is not None]
            assert len(made) == 2
            for job in made:
                await two.jobs.update_job(job.stream_id, 1, status="aborted")

    run(work)


def test_l23_tokens_are_published_in_batches() -> None:
    """The first one at once, what comes within a thirtieth of a second as one, and the end waits for nothing."""
    gate, clock = Gate(), ManualClock()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")

        async def published() -> list[str]:
            entries = await house.ports.log.read(turn.id, turn.generation, 0)
            return [text for entry in entries or () if (text := texts(entry.events))]

        await eventually(lambda: turn.content.model is not None)  # what comes before the first token is published by itself
        await settle()
        await clock.advance(1)
        for count in range(1, 21):
            gate.release()
            await eventually(lambda count=count: turn.content.text == "".join(WORDS[:count]))
            await settle()
            assert await published() == WORDS[:1]
        await clock.advance(1 / 30)
        assert await published() == ["0 ", "".join(WORDS[1:20])]
        gate.open()
        await answer(turn)
        assert "".join(await published()) == "".join(WORDS[:40])
        assert len(await published()) == 3

    live(test, Reply.text(tokens=WORDS[:40], gate=gate), clock=clock)


def test_l23_who_answers_never_waits_for_those_who_read_elsewhere() -> None:
    """A backend that answers no call any more holds up no append, and no end."""

    async def work() -> None:
        clock = ManualClock()
        shared = SharedStreams(clock)
        streams = shared.kernel("one")
        shared.silent = True
        at_once(streams.jobs.create_job(a_job()))
        for word in WORDS:
            at_once(streams.log.append("t1", 1, [TextDelta(word)]))
        at_once(streams.log.append("t1", 1, [END]))
        assert at_once(streams.jobs.update_job("t1", 1, status="complete")) is not None
        assert clock.monotonic() == 0
        shared.silent = False
        await streams.close()

    asyncio.run(asyncio.wait_for(work(), 60))
