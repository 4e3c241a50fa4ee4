"""The streams contract in memory: all kernels of one place are the same one."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbchat.sessions.ports import EventTransport, JobStore
from nbchat.streams import open_streams
from tests.contracts.streams_contract import StreamsContract
from tests.support.clock import ManualClock


class TestMemory(StreamsContract):
    @pytest.fixture(autouse=True)
    def _nothing_is_there(self) -> None:
        self._made: dict[str, tuple[JobStore, EventTransport]] = {}

    def open(self, place: Path, clock: ManualClock, owner: str) -> tuple[JobStore, EventTransport]:
        if owner not in self._made:
            self._made[owner] = open_streams("memory:", clock, owner=owner)
        return self._made[owner]
