"""What stays on the server, and for how long: everything expires, and text costs what it is long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from nbchat.core.events import Event, TextDelta, UsageReport
from nbchat.core.usage import Usage
from nbchat.sessions.ports import EventTransport, Job, JobStore, LogGapError, StreamsError
from nbchat.sessions.ports.streams import KEEP_SECONDS, LEASE_SECONDS
from nbchat.streams import open_streams
from nbchat.streams.redis.log import RedisEventTransport
from nbchat.streams.redis.log_scripts import FOLD
from nbchat.streams.redis.scripts import Script
from tests.contracts.streams_base import END, START, Reader, text_of
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock
from tests.support.house import eventually
from tests.support.redis_server import RedisServer, patience, redis_server

pytestmark = pytest.mark.usefixtures("patient")
KEYS = """
    local found = {}
    for _, key in ipairs(redis.call('KEYS', '*')) do found[#found + 1] = key .. ' ' .. redis.call('PTTL', key) end
    return table.concat(found, '\\n')
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def server(started: RedisServer) -> RedisServer:
    started.ask("FLUSHALL")
    return started


def keys(server: RedisServer) -> dict[str, float]:
    """Every key (without the owner's prefix), and how many seconds it has left; -0.001 for one that stays for ever."""
    lines = server.ask("EVAL", KEYS, 0).split("\n")
    return {key.removeprefix("nbchat:me:"): int(rest) / 1000 for key, _, rest in (line.partition(" ") for line in lines if line)}


Work = Callable[[JobStore, EventTransport], Awaitable[None]]


async def fill(log: EventTransport, after: int, until: int, events: list[Event]) -> None:
    """Append many batches at once, which arrive in their order."""
    for first in range(after, until, 100):
        positions = range(first, min(first + 100, until))
        await asyncio.gather(*(log.append("t1", 1, events, after=seq, seq=seq + 1) for seq in positions))


def run(server: RedisServer, work: Work) -> None:
    async def main() -> None:
        jobs, log = open_streams(server.url, ManualClock(), owner="me")
        try:
            await work(jobs, log)
        finally:
            await jobs.close()
            await log.close()

    finish_all(main())


def test_everything_expires(server: RedisServer) -> None:
    """No key stays for ever, at any time; five minutes behind its end nothing is left of an answer."""

    async def work(jobs: JobStore, log: EventTransport) -> None:
        reader = Reader()
        await jobs.create_job(Job("t1", "me", "c1", 1))
        jobs.watch(lambda job: None)
        await log.append("t1", 1, [START])
        await fill(log, 1, 300, [TextDelta("a")])
        await reader.attach(log)
        await fill(log, 300, 600, [TextDelta("a")])
        await eventually(lambda: reader.seq == 600)
        assert await log.subscriber_count("t1") == 1
        await jobs.request_stop("t1", 1)
        running = keys(server)
        assert {"job:t1", "lease:t1", "running", "log:t1", "tail:t1", "text:t1", "readers:t1", "notices"} < {*running}
        assert min(running.values()) > 0
        assert running["lease:t1"] <= LEASE_SECONDS
        await log.append("t1", 1, [END])
        await jobs.update_job("t1", 1, status="complete", final_event=END)
        ended = keys(server)
        assert min(ended.values()) > 0
        assert {"lease:t1", "running"}.isdisjoint(ended)
        assert all(rest <= KEEP_SECONDS for key, rest in ended.items() if key.endswith(":t1"))

    run(server, work)
    server.age(KEEP_SECONDS)
    assert [key for key in keys(server) if key.endswith(":t1")] == []
    server.age(3600)
    assert keys(server) == {}


@pytest.mark.parametrize("generation", [1, 2])
def test_a_log_that_begins_anew_expires(server: RedisServer, generation: int) -> None:
    """Its new keys too, though those before them had long to live."""

    async def work(jobs: JobStore, log: EventTransport) -> None:
        await jobs.create_job(Job("t1", "me", "c1", 1))
        await log.append("t1", 1, [START], after=0, seq=1)
        await log.rewrite("t1", generation, [START, TextDelta("a")], 5)
        assert min(keys(server).values()) > 0

    run(server, work)


def test_folding_that_comes_too_late(server: RedisServer) -> None:
    """A server that was stopped may read what an old connection had sent behind what came on the new one: that changes no log
    that was written again meanwhile."""

    async def work(_: JobStore, log: EventTransport) -> None:
        assert isinstance(log, RedisEventTransport)
        run_script, held = log._server.run, list[tuple[Any, ...]]()

        async def late(script: Script, *arguments: Any) -> Any:
            if script is FOLD:
                held.append(arguments)
                raise StreamsError("no answer")
            return await run_script(script, *arguments)

        log._server.run = late  # type: ignore[method-assign]
        await log.append("t1", 1, [START])
        await fill(log, 1, 513, [TextDelta("a")])
        assert held
        await log.rewrite("t1", 1, [START, TextDelta("a" * 599)], 600)
        for arguments in held:
            assert await run_script(FOLD, *arguments) == 0
        assert text_of(await log.resume_state("t1")) == "a" * 599

    run(server, work)


@pytest.mark.parametrize("first", ["the job", "the log"])
def test_both_ends_count(server: RedisServer, first: str) -> None:
    """Whichever of a job and its log ends first: what comes behind keeps nothing alive."""

    async def work(jobs: JobStore, log: EventTransport) -> None:
        await jobs.create_job(Job("t1", "me", "c1", 1))
        await log.append("t1", 1, [START])
        if first == "the log":
            await log.append("t1", 1, [END])
        await jobs.update_job("t1", 1, status="complete")
        if first == "the job":
            await log.append("t1", 1, [TextDelta("late")])
            await log.append("t1", 1, [END])
        await jobs.renew(["t1"])
        left = keys(server)
        assert all(0 < rest <= KEEP_SECONDS for key, rest in left.items() if key.endswith(":t1"))
        assert "lease:t1" not in left

    run(server, work)


def test_a_crashed_kernel_leaves_nothing(server: RedisServer) -> None:
    """What nobody ends, and nobody cleans up, vanishes by itself."""

    async def work(jobs: JobStore, log: EventTransport) -> None:
        await jobs.create_job(Job("t1", "me", "c1", 1))
        await log.append("t1", 1, [START])
        await Reader().attach(log)
        await log.subscriber_count("t1")
        server.age(3600.1)
        assert keys(server) == {}

    run(server, work)


def test_text_is_kept_and_events_are_not(server: RedisServer) -> None:
    """An hour of events that say nothing takes no room, and text takes what it is long."""

    async def work(jobs: JobStore, log: EventTransport) -> None:
        await log.append("t1", 1, [START])
        await fill(log, 1, 3001, [TextDelta("0123456789"), UsageReport(Usage(1, output_tokens=1))])
        sizes = {kind: int(server.ask("MEMORY", "USAGE", f"nbchat:me:{kind}:t1", "SAMPLES", 0)[1:]) for kind in ("text", "tail")}
        assert sizes["text"] < 30_000 * 1.5
        assert sizes["tail"] < 512 * 300
        assert text_of(await log.resume_state("t1")) == "0123456789" * 3000

    run(server, work)


@pytest.mark.parametrize("key", ["tail", "text", "log"])
def test_a_server_that_threw_something_away(server: RedisServer, key: str) -> None:
    """Where one part of a log is gone (a server may evict keys), the log is: nobody gets half a text for the whole."""

    async def work(_: JobStore, log: EventTransport) -> None:
        await log.append("t1", 1, [START])
        await fill(log, 1, 600, [TextDelta("a")])
        server.ask("DEL", f"nbchat:me:{key}:t1")
        assert await log.resume_state("t1") is None
        assert await log.read("t1", 1, 599) is None
        with pytest.raises(LogGapError) as caught:
            await log.append("t1", 1, [TextDelta("b")], after=600, seq=601)
        assert caught.value.seq == 0
        await log.rewrite("t1", 1, [START, TextDelta("a" * 599)], 600)
        await log.append("t1", 1, [TextDelta("b")], after=600, seq=601)
        assert text_of(await log.resume_state("t1")) == "a" * 599 + "b"

    run(server, work)


def test_an_index_that_was_thrown_away(server: RedisServer) -> None:
    """The next sign of life brings a running job back into it."""

    async def work(jobs: JobStore, _: EventTransport) -> None:
        await jobs.create_job(Job("t1", "me", "c1", 1))
        server.ask("DEL", "nbchat:me:running", "nbchat:me:lease:t1")
        assert await jobs.get_running_jobs() == []
        await jobs.renew(["t1", "gone"])
        assert [(job.stream_id, job.interrupted) for job in await jobs.get_running_jobs()] == [("t1", False)]
        assert min(keys(server).values()) > 0

    run(server, work)


def test_an_answer_that_was_lost(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written twice because an answer was lost is there once."""
    patience(monkeypatch, 0.3)

    async def work(jobs: JobStore, log: EventTransport) -> None:
        server.ask("CLIENT", "PAUSE", 60_000, "WRITE")  # what waits is written when the pause ends
        with pytest.raises(Exception, match="does not answer"):
            await log.append("t1", 1, [START, TextDelta("once")], after=0, seq=1)
        server.ask("CLIENT", "UNPAUSE")

        async def arrived() -> bool:
            try:
                return await log.append("t1", 1, [START, TextDelta("once")], after=0, seq=1) == 1
            except Exception:
                return False

        await eventually(arrived)
        assert text_of(await log.resume_state("t1")) == "once"

    run(server, work)
