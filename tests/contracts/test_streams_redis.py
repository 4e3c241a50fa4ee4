"""The streams contract on a Redis server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.streams_backends import OnRedis
from tests.contracts.streams_contract import SharedContract
from tests.support.redis_server import RedisServer, patience, redis_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


class TestRedis(OnRedis, SharedContract):
    @pytest.fixture(autouse=True)
    def _with(self, server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        patience(monkeypatch)
