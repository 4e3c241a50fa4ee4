"""Gathering: the checkpoints of all running turns, written together, in one transaction of one job.

Owns how long one waits for others. Each alone is cheap to write; what costs is the way to the writer's thread and back, which a
thousand turns would go four thousand times a second. Must not know what a checkpoint holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nbchat.core.errors import StorageError
from nbchat.core.messages import Part
from nbchat.storage import turns
from nbchat.storage.writer import Writer

__all__ = ["Gathering"]

_FEW = 20
"""Up to so many running turns nobody waits for others."""
_WAIT_SECONDS = 0.05
"""With a checkpoint every 250 ms, and 500 ms promised, there is as much again for the commit."""


class Gathering:
    """On the loop of its callers."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._pieces: list[tuple[str, Sequence[Part]]] = []
        self._committed: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def save(self, turn_id: str, parts: Sequence[Part], running: int) -> None:
        """Append these parts to a turn's answer; so many turns run. Returns when they are committed, and they are also when the
        caller is cancelled. Raises StorageError."""
        if running <= _FEW:
            self.send()
            await self._writer.begin(lambda db: turns.checkpoint(db, [(turn_id, parts)]))
            return
        loop = asyncio.get_running_loop()
        if self._committed is None:
            self._committed = loop.create_future()
            self._timer = loop.call_later(_WAIT_SECONDS, self.send)
        self._pieces.append((turn_id, parts))
        await asyncio.shield(self._committed)

    def send(self) -> None:
        """Hand what has gathered to the writer, ahead of all that it is given after this."""
        committed, self._committed = self._committed, None
        if committed is None or self._timer is None:
            return
        self._timer.cancel()
        pieces, self._pieces = self._pieces, []

        def tell(done: asyncio.Future[None]) -> None:
            if (error := done.exception()) is not None:
                committed.set_exception(error)
            else:
                committed.set_result(None)

        try:
            self._writer.begin(lambda db: turns.checkpoint(db, pieces)).add_done_callback(tell)
        except StorageError as error:
            committed.set_exception(error)
