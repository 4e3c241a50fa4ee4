"""The streams contract in memory: all kernels of one place are the same one."""

from __future__ import annotations

from tests.contracts.streams_backends import OnMemory
from tests.contracts.streams_contract import StreamsContract


class TestMemory(OnMemory, StreamsContract):
    pass
