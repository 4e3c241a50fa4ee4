"""The store contract in memory: what `NBCHAT_STORE=memory:` gives, and what a database in trouble falls back to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.errors import StorageError
from nbchat.sessions.ports import Clock
from nbchat.storage import Store, open_store
from tests.contracts.store_contract import StoreContract
from tests.contracts.store_purge import PurgeContract
from tests.contracts.values import Asked, a_conversation


class _Forgets(StoreContract):
    async def check_reopened(self, store: Store, conversation: Conversation, asked: Asked) -> None:
        assert await store.get(conversation.id) is None
        assert await store.messages(conversation.id) == []


class TestMemory(_Forgets, PurgeContract):
    def open(self, directory: Path, clock: Clock) -> Store:
        return open_store("memory:", clock=clock)


class TestTrouble(_Forgets):
    """A database that cannot be opened at all: everything still works, in memory; but nothing is removed for good."""

    def open(self, directory: Path, clock: Clock) -> Store:
        place = directory / "nbchat.db"
        place.write_bytes(b"This is no database, and it must stay as it is. " * 100)
        return open_store(place, clock=clock)

    def test_purge_is_refused(self, run: Callable[..., None]) -> None:
        """What cannot be removed from the file is not removed from memory either; the error says why."""

        async def work(store: Store) -> None:
            await store.create(a_conversation(updated=1.0))
            with pytest.raises(StorageError, match="not a database"):
                await store.purge(5.0)
            assert len(await store.summaries()) == 1

        run(work)
