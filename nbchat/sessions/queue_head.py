"""QueueHead: the turn that waits first, while it is found out whether it can begin, and what people want with it meanwhile.

Owns what must be true before a turn begins, over all kernels: nothing runs elsewhere in its conversation, what was saved there is
here, and it has a place among those that run at once. Must not know how turns run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nbchat.core.errors import BusyError
from nbchat.sessions.neighbours import Neighbours
from nbchat.sessions.ports import Clock, Job
from nbchat.sessions.reservation import Reservation
from nbchat.sessions.tasks import until
from nbchat.sessions.turn import Turn

__all__ = ["POLL_SECONDS", "QueueHead"]

POLL_SECONDS = 0.25
"""How often a kernel that cannot follow another one's turn looks whether it has ended."""
_PLACE_SECONDS = 1.0
"""How often a turn that is one too many asks again."""


class QueueHead:
    """Of one session. `current()` is the turn that ran last. `follow(job)` hears which turn of another kernel is in the way, and
    says whether there is one to be shown. `changed` ends a wait."""

    def __init__(
        self,
        neighbours: Neighbours,
        reservation: Reservation,
        clock: Clock,
        *,
        current: Callable[[], Turn | None],
        follow: Callable[[Job | None], bool],
        changed: asyncio.Event,
    ) -> None:
        self.turn: Turn | None = None
        """The turn, until it is known that something is in its way."""
        self.stopped: Turn | None = None
        """That turn, where it was stopped meanwhile: it begins, if it can, as one that is stopped."""
        self.after: int | None = None
        """The generation of the newest turn that is in the tree, when it can begin: what another kernel asks in this moment must
        stand before it, not beside it. None where nobody knows, or where it is not to be put back."""
        self._taken_back = False
        self._decided: asyncio.Future[bool] | None = None
        self._neighbours = neighbours
        self._reservation = reservation
        self._clock = clock
        self._current = current
        self._follow = follow
        self._changed = changed

    async def stop(self, *, take_back: bool) -> bool:
        """Stop the turn; returns, once that is known, whether it begins all the same: where nothing is in its way it is as good
        as running. Where something is, it goes on waiting, unless it is to be taken back."""
        if self.turn is None:
            return False
        self.stopped = self.turn
        self._taken_back |= take_back
        if self._decided is None:
            self._decided = asyncio.get_running_loop().create_future()
        self._changed.set()
        decided = self._decided
        await asyncio.wait({decided})
        return decided.result()

    async def can_begin(self, turn: Turn, still_first: Callable[[], bool]) -> tuple[bool, Exception | None]:
        """Whether the first turn that waits can begin now, and what it must fail with; where it cannot, some time was waited."""
        self.turn, self.stopped, self._taken_back = turn, None, False
        hindrance: Exception | None = None
        try:
            can = await self._find_out(turn, still_first)
        except Exception as error:
            hindrance, can = error, still_first()  # else nobody waits for it any more
        self.turn = None
        return can, hindrance

    def decided(self, *, begins: bool) -> bool:
        """Tell those who stopped the turn what becomes of it; returns whether it is to be taken from the queue."""
        decided, self._decided = self._decided, None
        if decided is not None:
            decided.set_result(begins)
        return decided is not None and self._taken_back and not begins

    async def _find_out(self, turn: Turn, still_first: Callable[[], bool]) -> bool:
        running, standing = await self._neighbours.look(self._current())
        self.after = standing.generation - 1 if turn.patient and standing.changes is not None else None
        if running is not None and turn.patient:
            self.turn = None
            if not self._follow(await self._neighbours.job_of(running)):
                await until(self._changed, POLL_SECONDS, self._clock)
            return False
        if running is None:
            await self._neighbours.take_over(standing)
        if not self._reservation.holds(turn.id):
            try:
                await self._reservation.take(turn.id, standing.generation)
            except BusyError:
                if turn.patient:
                    self.turn = None
                    await until(self._changed, _PLACE_SECONDS, self._clock)
                    return False
        if not still_first():
            await self._reservation.release(turn.id)
            return False
        return True
