"""Pump: serves views when they are due, one at a time, within the kernel's budget of messages.

Owns when; what is sent is the hub's matter. The Jupyter server silently drops comm messages above 1,000 a second, and lags
long before, so all comms of a kernel share one bucket; with many views each simply comes round less often (100 messages a
second over 200 views: every 2 s). One task, which ends when nothing is due.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable

from nbchat.notebook.bucket import TokenBucket
from nbchat.notebook.view import View
from nbchat.sessions.ports import Clock

__all__ = ["MESSAGES_A_SECOND", "NO_TIME", "Pump"]

MESSAGES_A_SECOND = 100
_BURST = 20
"""Messages that may go at once after a quiet time: leading edges are not delayed. And so many ends may go beyond the budget."""
_NOW = float("-inf")
NO_TIME = 1e-6
"""Seconds: what is due within it is due now (a clock's sums are rounded)."""
_log = logging.getLogger("nbchat.notebook")


class Pump:
    """Calls `serve(view)` for each view that asked, in the order of their times. On the loop."""

    def __init__(self, clock: Clock, serve: Callable[[View], Awaitable[None]]) -> None:
        self.bucket = TokenBucket(MESSAGES_A_SECOND, _BURST)
        self._clock = clock
        self._serve = serve
        self._heap: list[tuple[float, int, View]] = []
        self._count = itertools.count()
        self._task: asyncio.Task[None] | None = None
        self._sleeper: asyncio.Task[None] | None = None
        self._until = _NOW

    def request(self, view: View, due: float, *, urgent: bool = False) -> None:
        """Serve `view` at `due` (monotonic seconds) or when it asked before, if that is earlier; urgent: now, before all others
        and beyond the budget, by a burst."""
        due = _NOW if urgent else due
        if view.due is not None and view.due <= due:
            return
        view.due, view.urgent = due, urgent
        heapq.heappush(self._heap, (due, next(self._count), view))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        elif self._sleeper is not None and due < self._until:
            self._sleeper.cancel()

    def forget(self, view: View) -> None:
        """This view is closed: do not hold it until its time would have come."""
        view.due = None
        self._heap = [entry for entry in self._heap if entry[2] is not view]
        heapq.heapify(self._heap)
        if self._sleeper is not None:
            self._sleeper.cancel()

    def close(self) -> None:
        """Stop serving."""
        self._heap.clear()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._heap:
            due, _, view = self._heap[0]
            if view.due != due:  # served, or asked for an earlier time, since
                heapq.heappop(self._heap)
                continue
            now = self._clock.monotonic()
            wait = max(due - now, self.bucket.wait(now, urgent=view.urgent))
            if wait > NO_TIME:
                await self._sleep(now, wait)
                continue
            heapq.heappop(self._heap)
            view.due, view.urgent = None, False
            try:
                await self._serve(view)
            except Exception:
                _log.exception("a view could not be served")

    async def _sleep(self, now: float, seconds: float) -> None:
        self._until = now + seconds
        self._sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({self._sleeper})
        finally:
            self._sleeper.cancel()
            self._sleeper = None
