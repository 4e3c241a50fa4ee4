"""Lag: how late the loop is, measured by a sleeper that notes by how much it overslept.

What arrives while nobody can look seems to have come all at once: no verdict on a stream without this.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Lag"]

_STEP = 0.01


class Lag:
    """`worst` is the longest, in seconds, that anything on the loop had to wait within the blocks `async with lag`."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._measure())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_STEP)
            self.worst = max(self.worst, loop.time() - before - _STEP)
