"""The store contract in memory: what `NBCHAT_STORE=memory:` gives, and what a database in trouble falls back to."""

from __future__ import annotations

from pathlib import Path

from nbchat.core.conversations import Conversation
from nbchat.sessions.ports import Clock
from nbchat.storage import Store, open_store
from tests.contracts.store_contract import StoreContract
from tests.contracts.values import Asked


class _Forgets(StoreContract):
    async def check_reopened(self, store: Store, conversation: Conversation, asked: Asked) -> None:
        assert await store.get(conversation.id) is None
        assert await store.messages(conversation.id) == []


class TestMemory(_Forgets):
    def open(self, directory: Path, clock: Clock) -> Store:
        return open_store("memory:", clock=clock)


class TestTrouble(_Forgets):
    """A database that cannot be opened at all: everything still works, in memory."""

    def open(self, directory: Path, clock: Clock) -> Store:
        place = directory / "nbchat.db"
        place.write_bytes(b"This is no database, and it must stay as it is. " * 100)
        return open_store(place, clock=clock)
