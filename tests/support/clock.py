"""ManualClock: a clock that tests turn by hand, so that no test waits for real time."""

from __future__ import annotations

import asyncio
import heapq
import itertools

__all__ = ["ManualClock", "settle"]


class ManualClock:
    """Stands still until `advance(seconds)`; sleepers wake in the order of their times. Use it on one loop."""

    def __init__(self, start: float = 1_760_000_000.0) -> None:
        self._wall = start
        self._now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def time(self) -> float:
        """Seconds since the epoch, as far as the test says."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone, as a user or NTP does."""
        self._wall += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has advanced this far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._count), waker))
        await waker

    async def advance(self, seconds: float) -> None:
        """Let time pass and everything that waited for it run."""
        end = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, waker = heapq.heappop(self._sleepers)
            self._wall += due - self._now
            self._now = due
            if not waker.done():
                waker.set_result(None)
            await settle()
        self._wall += end - self._now
        self._now = end
        await settle()


async def settle(rounds: int = 20) -> None:
    """Give every task that can run the chance to."""
    for _ in range(rounds):
        await asyncio.sleep(0)
