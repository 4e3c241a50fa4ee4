"""What the store contracts share: a backend's way in, and a turn that has begun."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from nbchat.core.conversations import Conversation
from nbchat.sessions.ports import Clock
from nbchat.storage import Store
from tests.contracts.values import Asked, a_conversation, a_turn, finish_all
from tests.support.clock import ManualClock

T = TypeVar("T")


class StoreBase:
    """Inherit and define `open`."""

    def open(self, directory: Path, clock: Clock) -> Store:
        raise AssertionError("a backend says how it is opened")

    @pytest.fixture
    def run(self, tmp_path: Path) -> Callable[[Callable[[Store], Awaitable[T]]], T]:
        def run_with_store(work: Callable[[Store], Awaitable[T]]) -> T:
            async def main() -> T:
                store = self.open(tmp_path, ManualClock())
                try:
                    return await work(store)
                finally:
                    await store.aclose()

            return finish_all(main())

        return run_with_store

    async def asked(self, store: Store, name: str = "notes", **options: str) -> tuple[Conversation, Asked]:
        conversation = await store.create(a_conversation(name))
        asked = a_turn(conversation, **options)
        return conversation, replace(asked, record=await store.begin_turn(asked.record, asked.messages))
