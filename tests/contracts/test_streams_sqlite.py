"""The streams contract on a file that several kernels have open."""

from __future__ import annotations

from pathlib import Path

from nbchat.sessions.ports import EventTransport, JobStore
from nbchat.streams import open_streams
from tests.contracts.streams_contract import SharedContract
from tests.support.clock import ManualClock


class TestSqlite(SharedContract):
    def open(self, place: Path, clock: ManualClock, owner: str) -> tuple[JobStore, EventTransport]:
        return open_streams(f"sqlite:{place / 'shared' / 'streams.db'}", clock, owner=owner)
