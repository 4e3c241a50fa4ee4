"""Life: a house on an event loop of its own, as a process is, so that it can end as one does: closed, or killed.

Killed means that its loop is never run again: what it had handed to the database is done, and nothing else of it happens. Each
life is another process to the storage, by its identity, so the next one finds the turns of a killed one without a living owner.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from nbchat.core.cost import Price
from nbchat.machine import owner
from nbchat.storage.fallback import FallbackStore
from nbchat.testing import ScriptedServer
from tests.support.clock import ManualClock
from tests.support.house import House, house

__all__ = ["Life", "forget_lives"]

T = TypeVar("T")
_SECONDS = 10.0


class Life:
    """A running house; `number` tells its process from that of other lives."""

    def __init__(self, server: ScriptedServer, place: str, number: int, price: Price) -> None:
        forget_lives()
        identity = replace(owner.this_process(), start=f"life {number}")
        owner._known[os.getpid()] = identity
        self.clock = ManualClock(1_760_000_000.0 + 1_000 * number)
        self._loop = asyncio.new_event_loop()
        self._context = house(server, place=place, clock=self.clock, price=price)
        self.house: House = self.run(self._context.__aenter__())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run this to its end, and whatever else the life does meanwhile."""
        return self._loop.run_until_complete(asyncio.wait_for(coroutine, _SECONDS))

    def close(self) -> None:
        """End as a kernel that shuts down."""
        self.run(self._context.__aexit__(None, None, None))
        self._bury()

    def kill(self) -> None:
        """End as by kill -9. What was handed over to the database is with the operating system, and so is done."""
        store = self.house.store
        assert isinstance(store, FallbackStore)
        store._primary._writer.submit(lambda _: None).result(_SECONDS)

    def bury(self) -> None:
        """Release what a killed life still holds, when nobody looks at its database any more."""
        self._loop.run_until_complete(self._let_go())
        self._bury()

    async def _let_go(self) -> None:
        store = self.house.store
        assert isinstance(store, FallbackStore)
        await store._primary.aclose()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.house.registry.aclose()

    def _bury(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


def forget_lives() -> None:
    """The process is itself again."""
    owner._known.pop(os.getpid(), None)
