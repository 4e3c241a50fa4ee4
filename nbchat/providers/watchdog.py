"""Watchdog: one deadline that moves with every token, at the price of an assignment.

Owns the waiting; what a missed deadline means is the caller's matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nbchat.sessions.ports import Clock

__all__ = ["Watchdog"]


class Watchdog:
    """Calls `expired` once when the clock passes the deadline that the last `feed` set."""

    def __init__(self, clock: Clock, expired: Callable[[], None]) -> None:
        self._clock = clock
        self._expired = expired
        self._deadline = float("inf")
        self._wakes = float("inf")
        self._task: asyncio.Task[None] | None = None

    def feed(self, seconds: float) -> None:
        """Move the deadline to that many seconds from now. A later one costs nothing: the sleeper looks when it wakes."""
        self._deadline = self._clock.monotonic() + seconds
        if self._deadline < self._wakes:
            self.stop()
            self._wakes = self._deadline
            self._task = asyncio.get_running_loop().create_task(self._watch(), name="nbchat-watchdog")

    def stop(self) -> None:
        """Call nothing any more; idempotent."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._wakes = float("inf")

    async def _watch(self) -> None:
        while (left := self._deadline - self._clock.monotonic()) > 0:
            self._wakes = self._deadline
            await self._clock.sleep(left)
        self._expired()
