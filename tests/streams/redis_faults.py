"""One answer that streams from one kernel to another over a Redis server to which something happens meanwhile."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from nbchat.core.events import TextDelta, TurnEnd
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import EventLogEntry, Job, OtherKernels, ResumeState, Subscription
from nbchat.streams.joining import Streams, join_streams
from tests.contracts.streams_base import END, START, text_of, texts
from tests.support.at_once import at_once
from tests.support.house import eventually
from tests.support.redis_server import RedisServer

__all__ = ["FAULTS", "trial"]

LONGEST = 1.1
"""Seconds that any call may take."""


async def killed(server: RedisServer, chance: random.Random) -> None:
    """As by a power failure, and started again."""
    server.kill()
    await asyncio.sleep(chance.uniform(0, 1))
    await asyncio.to_thread(server.start)


async def stopped(server: RedisServer, chance: random.Random) -> None:
    """It hangs: connections stay, and nothing answers."""
    server.signal(signal.SIGSTOP)
    await asyncio.sleep(chance.uniform(0.1, 2.5))
    server.signal(signal.SIGCONT)


async def paused(server: RedisServer, chance: random.Random) -> None:
    """It holds back all commands, or those that write."""
    kind = chance.choice(("ALL", "WRITE"))
    await asyncio.to_thread(server.ask, "CLIENT", "PAUSE", chance.randrange(100, 2000), kind)


async def full(server: RedisServer, chance: random.Random) -> None:
    """No memory is left for writes."""
    await asyncio.to_thread(server.ask, "CONFIG", "SET", "maxmemory", 1)
    await asyncio.sleep(chance.uniform(0, 1))
    await asyncio.to_thread(server.ask, "CONFIG", "SET", "maxmemory", 0)


async def read_only(server: RedisServer, chance: random.Random) -> None:
    """It is made a copy of a server that is not there, and back."""
    await asyncio.to_thread(server.ask, "REPLICAOF", "127.0.0.1", 1)
    await asyncio.sleep(chance.uniform(0, 1))
    await asyncio.to_thread(server.ask, "REPLICAOF", "NO", "ONE")


async def flushed(server: RedisServer, _: random.Random) -> None:
    """Somebody deletes everything."""
    await asyncio.to_thread(server.ask, "FLUSHALL")


async def disconnected(server: RedisServer, _: random.Random) -> None:
    """All connections are cut."""
    await asyncio.to_thread(server.ask, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


Fault = Callable[[RedisServer, random.Random], Awaitable[None]]
FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "killed, with a disk": (killed, ("--appendonly", "yes", "--appendfsync", "everysec")),
    "killed, without one": (killed, ()),
    "stopped": (stopped, ()),
    "paused": (paused, ()),
    "full": (full, ()),
    "read-only": (read_only, ()),
    "flushed": (flushed, ()),
    "disconnected": (disconnected, ()),
}


class Follower:
    """A reader in another kernel: it attaches again whenever it is told of a gap, and is never told anything twice."""

    def __init__(self, others: OtherKernels, job: Job) -> None:
        self._others = others
        self._job = job
        self._held: Subscription | None = None
        self.text = ""
        self.seq = 0
        self.ended = False
        self.gaps = 0

    async def run(self) -> None:
        """Follow until the end."""
        while not self.ended:
            if self._held is None:
                async with bounded("attach"):
                    found = await self._others.attach(self._job, on_entry=self._take, on_gap=self._lose)
                if found is not None:
                    self._begin(*found)
            async with bounded("look"):
                await self._others.look(self._job)
            await asyncio.sleep(0.05)

    def _begin(self, state: ResumeState, held: Subscription) -> None:
        assert state.last_seq >= self.seq, "what was read is gone"
        text = text_of(state)
        assert text.startswith(self.text), "what was read was changed"
        self.text, self.seq, self._held = text, state.last_seq, held
        self.ended = state.final_event is not None

    def _take(self, entry: EventLogEntry) -> None:
        assert entry.after == self.seq, "an entry that does not follow"
        self.text, self.seq = self.text + texts(entry.events), entry.seq
        self.ended = isinstance(entry.events[-1], TurnEnd)

    def _lose(self) -> None:
        self.gaps += 1
        assert self._held is not None
        self._held.unsubscribe()
        self._held = None


@asynccontextmanager
async def bounded(what: str) -> AsyncIterator[None]:
    """Nothing takes longer than it may; a moment in which this process itself was held up counts as one beat of its loop."""
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    beating = asyncio.ensure_future(beat())
    try:
        yield
    finally:
        beating.cancel()
    assert beats / 100 < LONGEST, f"{what} took {beats / 100:.1f} s"


async def trial(seed: int, fault: str, directory: Path) -> int:
    """Stream an answer while that happens; returns how often the reader had to attach again."""
    chance = random.Random(seed)
    strike, options = FAULTS[fault]
    async with a_server(directory, *options) as server:
        clock = SystemClock()
        writer = join_streams(server.url, clock, owner="me", kernel="writer")
        reader = join_streams(server.url, clock, owner="me", kernel="reader")
        job = Job("t1", "me", "c1", 1, created_at=1.0, owner="writer")
        assert reader.others is not None
        follower = Follower(reader.others, job)
        try:
            following = asyncio.ensure_future(follower.run())
            striking = asyncio.ensure_future(_later(chance.uniform(0.05, 1.2), strike, server, chance))
            whole = await _write(writer, job, chance, striking)
            await striking
            await asyncio.wait_for(following, 60)
            assert follower.text == whole
            await _late(server, whole, job)
        finally:
            for task in (following, striking):
                task.cancel()
            await asyncio.gather(following, striking, return_exceptions=True)
            await asyncio.gather(writer.close(), reader.close())
    return follower.gaps


@asynccontextmanager
async def a_server(directory: Path, *options: str) -> AsyncIterator[RedisServer]:
    """A server whose start holds up no other trial."""
    server = RedisServer(directory, *options)
    try:
        await asyncio.to_thread(server.start)
        yield server
    finally:
        server.kill()


async def _later(seconds: float, strike: Fault, server: RedisServer, chance: random.Random) -> None:
    await asyncio.sleep(seconds)
    await strike(server, chance)


async def _write(streams: Streams, job: Job, chance: random.Random, striking: asyncio.Future[None]) -> str:
    """Write a text of random pieces, which ends after what happens has begun to pass; returns it."""
    whole = list[str]()
    await streams.jobs.create_job(job)
    await streams.log.append("t1", 1, [START])
    while len(whole) < 100 or not striking.done():
        whole.append(f"{len(whole)} {'ß' * chance.randrange(20)} ")
        at_once(streams.log.append("t1", 1, [TextDelta(whole[-1])]))
        await asyncio.sleep(chance.uniform(0, 0.02))
    await streams.log.append("t1", 1, [END])
    await streams.jobs.update_job("t1", 1, status="complete", final_event=END)
    return "".join(whole)


async def _late(server: RedisServer, whole: str, job: Job) -> None:
    """Who comes when all is over gets it all, and the job's end."""
    late = join_streams(server.url, SystemClock(), owner="me", kernel="late")
    assert late.others is not None
    try:

        async def ended() -> bool:
            assert late.others is not None
            found = await late.others.look(job)
            return found is not None and found.status == "complete"

        await eventually(ended)
        found = await late.others.attach(job, on_entry=lambda entry: None, on_gap=lambda: None)
        assert found is not None
        assert text_of(found[0]) == whole
        assert found[0].final_event == END
    finally:
        await late.close()
