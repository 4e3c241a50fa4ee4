"""The streams contract in memory."""

from __future__ import annotations

from nbchat.sessions.ports import EventTransport, JobStore
from nbchat.streams import open_streams
from tests.contracts.streams_contract import EventTransportContract, JobStoreContract
from tests.support.clock import ManualClock


class TestJobs(JobStoreContract):
    def make(self, clock: ManualClock) -> JobStore:
        return open_streams("memory:", clock, owner="me")[0]


class TestEventLog(EventTransportContract):
    def make(self) -> EventTransport:
        return open_streams("memory:", ManualClock())[1]
