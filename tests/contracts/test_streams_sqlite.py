"""The streams contract on a file that several kernels have open."""

from __future__ import annotations

from tests.contracts.streams_backends import OnSqlite
from tests.contracts.streams_contract import SharedContract


class TestSqlite(OnSqlite, SharedContract):
    pass
