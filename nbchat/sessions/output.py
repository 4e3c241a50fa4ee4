r"""TurnOutput: what has come of a turn's answer, on its way to those who keep and show it.

    keep(event) -> accumulator + coalescer -> log (<= 30 Hz) -> views
                \-> checkpoints (<= 500 ms behind) -> store

Owns the answer's content while it grows, and how far the log and the store are behind. Must not know providers or tools.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.coalesce import Coalescer
from nbchat.core.events import Event, ProviderEvent, ReasoningDelta, TextDelta, ToolCallDelta, ToolResult
from nbchat.core.messages import ToolCallPart
from nbchat.sessions.ports import Ports, TurnRecord
from nbchat.sessions.turn import Turn

__all__ = ["TurnOutput"]

_CHECKPOINT_SECONDS = 0.25
"""Half of the promised 500 ms, so that a slow commit still keeps it."""
_log = logging.getLogger("nbchat.sessions")


class TurnOutput:
    """The output of one turn that has begun; `published(text)` is called for text that is in the log now."""

    def __init__(self, turn: Turn, ports: Ports, published: Callable[[str], None]) -> None:
        assert turn.record is not None
        self.content: TurnAccumulator = turn.content
        self._turn = turn
        self._record: TurnRecord = turn.record
        self._ports = ports
        self._published = published
        self._coalescer = Coalescer()
        self._unsaved: list[Event] = []
        self._dirty = asyncio.Event()
        self._helpers: list[asyncio.Task[None]] = []
        self._saving = asyncio.Lock()

    def start(self) -> None:
        """Begin to publish and to save."""
        self._helpers = [asyncio.create_task(self._publish()), asyncio.create_task(self._save())]

    async def stop(self) -> None:
        """Publish and save no more; what is left goes out with the end."""
        for helper in self._helpers:
            helper.cancel()
        await asyncio.gather(*self._helpers, return_exceptions=True)

    def keep(self, event: ProviderEvent | ToolResult) -> None:
        """Take one event into the answer."""
        if isinstance(event, TextDelta | ReasoningDelta | ToolResult):
            self._unsaved.append(event)
        self.content.apply(event)
        self._coalescer.add(event)
        self._dirty.set()

    async def checkpoint_calls(self, calls: Iterable[ToolCallPart]) -> None:
        """Save these calls, whole, before anything is done in their name."""
        self._unsaved.extend(ToolCallDelta(0, call.id, call.name, call.arguments) for call in calls)
        await self._checkpoint()

    async def checkpoint(self) -> None:
        """Save what has come, now."""
        await self._checkpoint()

    async def end(self, event: Event) -> None:
        """Publish what is left and this event, which ends the log."""
        await self._append([*self._coalescer.take(self._ports.clock.monotonic()), event])

    async def _publish(self) -> None:
        clock = self._ports.clock
        while True:
            await self._dirty.wait()
            due = self._coalescer.due_in(clock.monotonic())
            if due is None:
                self._dirty.clear()
            elif due > 0:
                await clock.sleep(due)
            else:
                await self._append(self._coalescer.take(clock.monotonic()))

    async def _append(self, events: list[Event]) -> None:
        await self._ports.log.append(self._turn.id, self._turn.generation, events)
        text = "".join(event.text for event in events if isinstance(event, TextDelta))
        if text:
            self._published(text)

    async def _save(self) -> None:
        while True:
            await self._ports.clock.sleep(_CHECKPOINT_SECONDS)
            await self._checkpoint()

    async def _checkpoint(self) -> None:
        async with self._saving:  # in order: what comes later must not be saved before
            await self._save_pieces()

    async def _save_pieces(self) -> None:
        if not self._unsaved:
            return
        events, self._unsaved = self._unsaved, []
        pieces = TurnAccumulator()
        for number, event in enumerate(events):  # each call is whole, and a part of its own
            pieces.apply(replace(event, index=number) if isinstance(event, ToolCallDelta) else event)
        try:
            await self._ports.store.checkpoint(self._record, pieces.parts)
        except Exception:  # the end will say it; the text itself is kept in memory
            _log.warning("a checkpoint could not be saved", exc_info=True)
