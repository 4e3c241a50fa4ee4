"""How a test's kernel opens each backend."""

from __future__ import annotations

from pathlib import Path

from nbchat.sessions.ports import EventTransport, JobStore
from nbchat.streams import open_streams
from tests.contracts.streams_base import StreamsBase
from tests.support.clock import ManualClock
from tests.support.redis_server import RedisServer

__all__ = ["OnMemory", "OnRedis", "OnSqlite"]


class OnMemory(StreamsBase):
    """All kernels of one place are the same one."""

    def open(self, place: Path, clock: ManualClock, owner: str) -> tuple[JobStore, EventTransport]:
        made: dict[str, tuple[JobStore, EventTransport]] = self.__dict__.setdefault("made", {})
        if owner not in made:
            made[owner] = open_streams("memory:", clock, owner=owner)
        return made[owner]


class OnSqlite(StreamsBase):
    """A file that several kernels have open."""

    def open(self, place: Path, clock: ManualClock, owner: str) -> tuple[JobStore, EventTransport]:
        return open_streams(f"sqlite:{place / 'shared' / 'streams.db'}", clock, owner=owner)


class OnRedis(StreamsBase):
    """A server, which knows what time it is: the tests' clock takes its keys along."""

    server: RedisServer

    def open(self, place: Path, clock: ManualClock, owner: str) -> tuple[JobStore, EventTransport]:
        return open_streams(f"{self.server.url}?prefix={place.name}", clock, owner=owner)

    async def advance(self, clock: ManualClock, seconds: float) -> None:
        await clock.advance(seconds)
        self.server.age(seconds)
