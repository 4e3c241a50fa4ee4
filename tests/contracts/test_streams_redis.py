"""The streams contract on a Redis server, which knows what time it is: the tests' clock takes its keys along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbchat.sessions.ports import EventTransport, JobStore
from nbchat.streams import open_streams
from tests.contracts.streams_contract import SharedContract
from tests.support.clock import ManualClock
from tests.support.redis_server import RedisServer, redis_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


class TestRedis(SharedContract):
    @pytest.fixture(autouse=True)
    def _with(self, server: RedisServer) -> None:
        self._server = server

    def open(self, place: Path, clock: ManualClock, owner: str) -> tuple[JobStore, EventTransport]:
        return open_streams(f"{self._server.url}?prefix={place.name}", clock, owner=owner)

    async def advance(self, clock: ManualClock, seconds: float) -> None:
        await clock.advance(seconds)
        self._server.age(seconds)
