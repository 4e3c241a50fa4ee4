"""Watches an answer that does not come: asks a local server, while it keeps a request waiting, whether it loads the model.

Owns when it is asked: from a second after the request was sent until the first token, every 2 s, one question at a time.
Ollama and LM Studio say nothing on the request itself until the model is there. Only local presets are ever asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from nbchat.core.engine import EngineStatus
from nbchat.core.events import Loading, ProviderEvent, RequestSent, Waiting
from nbchat.sessions.ports import Clock

__all__ = ["EngineWatch", "watched"]

LOOK_SECONDS = 2.0
"""Seconds between two looks, and the longest that one of them takes."""
_SHOWN_AFTER = 1.0
"""Seconds for which an answer may take its time before anything is said about it."""

Batch = Sequence[ProviderEvent]


@dataclass(frozen=True, slots=True)
class EngineWatch:
    """How a server is asked: `look` returns what it does with the model, None where it does not say (then it is asked no more);
    with `before` it is asked once, as soon as the request has left, and what it says holds until the first token. `told`: it said
    already that it is loading, on an earlier request."""

    look: Callable[[], Awaitable[EngineStatus | None]] | None
    before: bool = False
    told: bool = False


async def watched(batches: AsyncGenerator[Batch, None], clock: Clock, watch: EngineWatch) -> AsyncGenerator[Batch, None]:
    """Yield the batches, and between the request's leaving and what comes of it `Loading` events, then one `Waiting`."""
    news = _News(clock, watch)
    coming = asyncio.ensure_future(_next(batches))
    watcher: asyncio.Task[ProviderEvent | None] | None = None
    first: Batch | None = None
    try:
        while True:
            await asyncio.wait({coming} if watcher is None else {coming, watcher}, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                first = coming.result()
                if first is None or not any(isinstance(event, RequestSent) for event in first):
                    break
                coming = asyncio.ensure_future(_next(batches))
                watcher = asyncio.ensure_future(news.next())
                yield first
            elif watcher is not None:
                event = watcher.result()
                watcher = None if event is None else asyncio.ensure_future(news.next())
                if event is not None:
                    yield [event]
    finally:
        await _end(watcher)
        await _end(coming)
    if first is not None:
        yield first
        async for batch in batches:  # from here on as if nobody had watched: this is the way of every token
            yield batch


class _News:
    """What the looks at one request bring, one event after the other."""

    def __init__(self, clock: Clock, watch: EngineWatch) -> None:
        self._clock = clock
        self._watch = watch
        self._sent = clock.monotonic()
        self._due = 0.0 if watch.before else _SHOWN_AFTER
        self._told = watch.told
        self._done = False

    async def next(self) -> ProviderEvent | None:
        """Wait for the next thing to tell; None when there will be nothing more."""
        if self._done:
            return None
        await self._until(self._due)
        self._due = max(self._seconds, self._due) + LOOK_SECONDS
        status = None if self._watch.look is None else await self._watch.look()
        await self._until(_SHOWN_AFTER)
        if status is not None and status.state == "loading":
            self._told, self._done = True, self._watch.before
            return Loading(status.text, status.progress, self._seconds)
        # It is loaded, or nobody knows: who was told that it loads is told that it only waits by now.
        self._done = True
        return Waiting(self._seconds) if self._told else None

    @property
    def _seconds(self) -> float:
        return self._clock.monotonic() - self._sent

    async def _until(self, seconds: float) -> None:
        if seconds > self._seconds:
            await self._clock.sleep(seconds - self._seconds)


async def _next(batches: AsyncGenerator[Batch, None]) -> Batch | None:
    return await anext(batches, None)


async def _end(task: asyncio.Task[object] | None) -> None:
    """Cancel a task and wait for its end, also when this is cancelled itself: it may hold a connection."""
    if task is None:
        return
    cancelled = False
    task.cancel()  # once: a second time would break into the closing
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if not task.cancelled():
        task.exception()
    if cancelled:
        raise asyncio.CancelledError
