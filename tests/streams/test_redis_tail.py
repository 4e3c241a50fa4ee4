"""Waiting for what comes: who died is not counted, who waits is told when the server is back, what nobody can read is a gap."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass

import pytest

from nbchat.core.events import TextDelta
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import EventTransport, Job, JobStore, StreamsError
from nbchat.sessions.ports.streams import INACTIVE_SECONDS, LEASE_SECONDS
from nbchat.streams import open_streams
from nbchat.streams.redis import server as redis_server_side
from tests.contracts.streams_base import START, Reader
from tests.contracts.values import finish_all
from tests.support.house import eventually
from tests.support.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), "--appendonly", "yes", "--appendfsync", "always") as running:
        yield running


@dataclass(frozen=True)
class Kernel:
    jobs: JobStore
    log: EventTransport


def run(server: RedisServer, work: Callable[[Kernel, Kernel], Awaitable[None]]) -> None:
    """Let two kernels work, and see that they leave nothing behind."""

    async def main() -> None:
        kernels = [Kernel(*open_streams(server.url, SystemClock(), owner="me")) for _ in range(2)]
        try:
            await work(*kernels)
        finally:
            for each in kernels:
                await each.log.close()
                await each.jobs.close()
            assert len(asyncio.all_tasks()) == 1

    finish_all(main())


def test_the_readers_of_a_dead_process(server: RedisServer) -> None:
    """They are counted until its last sign of life is too old, and who waits for the last one to leave is told."""

    async def work(one: Kernel, two: Kernel) -> None:
        left = list[str]()
        await one.log.append("t1", 1, [START])
        await Reader().attach(two.log)
        assert await two.log.subscriber_count("t1") == 1
        one.log.on_all_subscribers_left("t1", lambda: left.append("all"))
        assert await one.log.subscriber_count("t1") == 1
        await two.log.close()  # as a death would, but for the readers that it takes with it
        server.ask("HSET", "nbchat:me:readers:t1", "a-dead-process", 3)
        assert await one.log.subscriber_count("t1") == 0
        assert await one.log.is_first_subscriber("t1")
        await eventually(lambda: "all" in left)

    run(server, work)


def test_a_process_that_was_thought_dead(server: RedisServer) -> None:
    """One that was held up for longer than a lease says again whom it reads for."""

    async def work(one: Kernel, two: Kernel) -> None:
        reader = Reader()
        await one.log.append("t1", 1, [START])
        await reader.attach(two.log)
        assert await two.log.subscriber_count("t1") == 1

        async def thought_dead() -> bool:  # unless a sign of life comes between the two
            server.age(LEASE_SECONDS)
            return await one.log.subscriber_count("t1") == 0

        async def counted() -> bool:
            return await one.log.subscriber_count("t1") == 1

        await eventually(thought_dead)
        await eventually(counted)
        await one.log.append("t1", 1, [TextDelta("a")])
        await eventually(lambda: reader.text == "a")

    run(server, work)


def test_the_server_comes_back(server: RedisServer) -> None:
    """Readers are told of a gap, those who do not ask for one read on; watchers are told of every running job, of whose kernel
    nobody can say yet that it is dead."""

    async def work(one: Kernel, two: Kernel) -> None:
        seen, reader, plain = list[Job](), Reader(), Reader()
        await one.jobs.create_job(Job("t1", "me", "c1", 1, owner="elsewhere"))
        await one.log.append("t1", 1, [START])
        two.jobs.watch(seen.append)
        await reader.attach(two.log)
        two.log.subscribe("t1", **plain.callbacks())
        await two.jobs.get_running_jobs()
        await one.log.append("t1", 1, [TextDelta("a")])
        await eventually(lambda: reader.text == "a" and plain.text == "a")
        server.kill()
        await eventually(lambda: reader.gaps == 1)
        server.start()
        server.age(LEASE_SECONDS)  # nobody could renew it
        await eventually(lambda: len(seen) == 1)
        assert (seen[0].stream_id, seen[0].interrupted) == ("t1", False)
        assert reader.held is not None
        reader.held.unsubscribe()

        async def appended() -> bool:
            with suppress(StreamsError):  # the connection of before
                return await one.log.append("t1", 1, [TextDelta("b")], after=2, seq=3) == 3
            return False

        await eventually(appended)
        again = Reader()
        await again.attach(two.log)
        assert again.text == "ab"
        await eventually(lambda: plain.text == "ab")
        await one.log.append("t1", 1, [TextDelta("c")])
        await eventually(lambda: again.text == "abc" and plain.text == "abc")
        assert (reader.text, reader.gaps) == ("a", 1)

    run(server, work)


def test_what_cannot_be_read(server: RedisServer) -> None:
    """An entry of another version is a gap for those who follow, and trouble for those who ask."""

    async def work(one: Kernel, two: Kernel) -> None:
        reader = Reader()
        await one.log.append("t1", 1, [START])
        await reader.attach(two.log)
        server.ask("XADD", "nbchat:me:tail:t1", "1-2", "after", 1, "events", '[{"type":"from-the-future"}]')
        await eventually(lambda: reader.gaps == 1)
        with pytest.raises(Exception, match="another version"):
            await one.log.resume_state("t1")
        server.ask("HSET", "nbchat:me:job:t2", "stream_id", "{")
        with pytest.raises(Exception, match="another version"):
            await one.jobs.get_job("t2")

    run(server, work)


def test_a_job_of_another_version_hides_nothing_else(server: RedisServer) -> None:
    """It is left out of what is told of all, and disturbs neither who watches nor who follows, nor the end of silent jobs."""

    async def work(one: Kernel, two: Kernel) -> None:
        reader, seen = Reader(), list[str]()
        await one.log.append("t1", 1, [START])
        await reader.attach(two.log)
        two.jobs.watch(lambda job: seen.append(job.stream_id))
        await one.jobs.create_job(Job("strange", "me", "c1", 1))
        server.ask("HSET", "nbchat:me:job:strange", "user_message", "7")
        assert await two.jobs.request_stop("strange", 1)
        await one.jobs.create_job(Job("t1", "me", "c1", 1))
        await eventually(lambda: seen[-1:] == ["t1"])
        assert [job.stream_id for job in await two.jobs.get_running_jobs()] == ["t1"]
        assert reader.gaps == 0
        server.age(INACTIVE_SECONDS)
        await two.jobs.renew(["t1", "strange"])
        assert await two.jobs.cleanup() == 1

    run(server, work)


def test_nobody_waits_for_nothing(server: RedisServer) -> None:
    """Who has no reader and no watcher waits for nothing, and is counted nowhere."""

    async def work(one: Kernel, two: Kernel) -> None:
        await one.log.append("t1", 1, [START])
        reader = Reader()
        await reader.attach(two.log)
        watch = two.jobs.watch(lambda job: None)
        assert await two.log.subscriber_count("t1") == 1
        watch.unsubscribe()
        assert reader.held is not None
        reader.held.unsubscribe()
        assert await two.log.subscriber_count("t1") == 0
        await eventually(lambda: len(asyncio.all_tasks()) == 1)

    run(server, work)


def test_no_context_is_kept(server: RedisServer) -> None:
    """L13: whoever reads may have large things in context variables, which end with its own task."""
    held: ContextVar[object] = ContextVar("held")

    class Large:
        pass

    async def work(one: Kernel, two: Kernel) -> None:
        await one.log.append("t1", 1, [START])

        async def read() -> weakref.ref[Large]:
            large = Large()
            held.set(large)
            await Reader().attach(two.log)
            return weakref.ref(large)

        alive = await asyncio.create_task(read())
        assert await two.log.subscriber_count("t1") == 1
        gc.collect()
        assert alive() is None

    run(server, work)


def test_a_new_watch_is_not_kept_waiting(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who begins to watch while the process waits for a quiet log is told at once, and not when that wait is over."""
    monkeypatch.setattr(redis_server_side, "BLOCK_SECONDS", 60.0)

    async def work(one: Kernel, two: Kernel) -> None:
        seen = list[str]()
        await one.log.append("t1", 1, [START])
        await Reader().attach(two.log)
        assert await two.log.subscriber_count("t1") == 1
        await eventually(lambda: "blocked_clients:1" in server.ask("INFO", "clients"))
        two.jobs.watch(lambda job: seen.append(job.stream_id))
        await two.jobs.get_running_jobs()
        await one.jobs.create_job(Job("t2", "me", "c1", 1))
        await eventually(lambda: seen == ["t2"])

    run(server, work)
