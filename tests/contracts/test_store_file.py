"""The store contract on a database file, with memory behind it as people get it, and bare."""

from __future__ import annotations

from pathlib import Path

from nbchat.sessions.ports import Clock
from nbchat.storage import Place, SqliteStore, Store, open_store
from tests.contracts.store_contract import StoreContract
from tests.contracts.store_purge import PurgeContract


class TestFile(StoreContract, PurgeContract):
    def open(self, directory: Path, clock: Clock) -> Store:
        return SqliteStore(Place(directory / "chats" / "nbchat.db"), clock)


class TestFileWithFallback(StoreContract, PurgeContract):
    def open(self, directory: Path, clock: Clock) -> Store:
        return open_store(directory / "nbchat.db", clock=clock)
