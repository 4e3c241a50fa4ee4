"""Shared streams whose server can fail: a real backend behind a wall of faults, for kernels that live in one test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nbchat.sessions.ports import Clock, Job, StreamsError
from nbchat.streams.joining import Streams, mirrored
from nbchat.streams.memory_jobs import MemoryJobStore
from nbchat.streams.memory_log import MemoryEventTransport

__all__ = ["SharedStreams"]

_SYNC = {"watch", "subscribe", "on_all_subscribers_left", "forget", "touch"}


class _Walled:
    """`inner`, each of whose async calls passes `wall` first, and `after` when it was done."""

    def __init__(self, inner: Any, wall: SharedStreams) -> None:
        self._inner = inner
        self._wall = wall

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name in _SYNC:
            return method

        async def through(*arguments: Any, **named: Any) -> Any:
            await self._wall.before(name)
            result = await method(*arguments, **named)
            self._wall.after(name)
            return self._wall.seen(result)

        return through


class SharedStreams:
    """One memory that several kernels of a test share, as if it were a server. Faults: `away` (every call fails), `silent` (no
    call returns), `unsaid` (so many calls are done, and fail nevertheless), `held` (appends wait until it is set), `dead`
    (kernels known to be gone)."""

    def __init__(self, clock: Clock, owner: str = "me") -> None:
        self.clock = clock
        self.owner = owner
        self.jobs = MemoryJobStore(clock, owner, on_drop=lambda stream_id: self.log.forget(stream_id))
        self.log = MemoryEventTransport(on_append=self.jobs.touch)
        self.away = False
        self.silent = False
        self.unsaid = 0
        self.held: asyncio.Event | None = None
        self.dead: set[str] = set()
        self.calls: list[str] = []
        self.trouble: list[str] = []

    def kernel(self, name: str) -> Streams:
        """Return what the kernel of this name is given."""
        said: Callable[[Any], None] = lambda info: self.trouble.append(f"{name}: {'over' if info is None else info.text}")  # noqa: E731
        jobs, log = _Walled(self.jobs, self), _Walled(self.log, self)
        return mirrored(jobs, log, self.clock, owner=self.owner, kernel=name, on_trouble=said)

    async def before(self, name: str) -> None:
        """Fail, if that is what the server does now."""
        self.calls.append(name)
        if self.silent:
            await asyncio.Event().wait()
        if self.held is not None and name == "append":
            await self.held.wait()
        if self.away and name != "close":
            raise StreamsError("the server is away.")

    def after(self, name: str) -> None:
        """Say that it failed, though it was done."""
        if self.unsaid and name in ("append", "rewrite", "update_job", "create_job"):
            self.unsaid -= 1
            raise StreamsError("the connection was cut.")

    def seen(self, result: Any) -> Any:
        """Return a result with what is known of dead kernels."""
        if isinstance(result, Job) and result.owner in self.dead and result.status == "running":
            return replace(result, interrupted=True)
        return result

    def flush(self) -> None:
        """Lose everything, as a server does that is emptied; who watches and follows stays connected."""
        self.jobs._jobs.clear()
        self.jobs._active.clear()
        self.log._logs.clear()
