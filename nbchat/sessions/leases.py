"""Leases: who holds a session alive. A lease is a value with one idempotent `release`, so nothing is counted by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from nbchat.sessions.ports import Clock
from nbchat.sessions.tasks import begin

__all__ = ["WARM_SECONDS", "Lease", "LeaseKind", "Leases"]

WARM_SECONDS = 5.0
"""How long a session stays after its last lease, so that a re-run cell or a reloaded page finds it warm."""

LeaseKind = Literal["view", "handle"]


class Lease:
    """One hold; `release()` lets go, once."""

    __slots__ = ("_owner", "kind")

    def __init__(self, owner: Leases, kind: LeaseKind) -> None:
        self._owner: Leases | None = owner
        self.kind = kind

    def release(self) -> None:
        """Let go; idempotent. On the loop."""
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.drop(self)


class Leases:
    """The leases of one session; calls `unused` when there was none, and no turn, for `WARM_SECONDS`."""

    def __init__(
        self, clock: Clock, *, changed: Callable[[int], None], unused: Callable[[], None], busy: Callable[[], bool]
    ) -> None:
        self._clock = clock
        self._changed = changed
        self._unused = unused
        self._busy = busy
        self._held: set[Lease] = set()
        self._timer: asyncio.Task[None] | None = None
        self._closed = False

    def take(self, kind: LeaseKind) -> Lease:
        """Return a new lease."""
        lease = Lease(self, kind)
        self._held.add(lease)
        self.touch()
        self._changed(self._views)
        return lease

    def drop(self, lease: Lease) -> None:
        """Called by the lease."""
        self._held.discard(lease)
        self.touch()
        self._changed(self._views)

    def touch(self) -> None:
        """Something changed: start the warm time anew, or end it while the session is in use."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._closed and not self._held and not self._busy():
            self._timer = begin(self._expire())

    def close(self) -> None:
        """Forget all leases; later releases do nothing."""
        self._closed = True
        self._held.clear()
        self.touch()

    async def _expire(self) -> None:
        await self._clock.sleep(WARM_SECONDS)
        self._timer = None
        if not self._held and not self._busy():
            self._unused()

    @property
    def _views(self) -> int:
        return sum(lease.kind == "view" for lease in self._held)
