"""Reservation: a turn's place among the answers that run at once, and the job that holds it.

Owns the rule of `Ports.max_running`: the place is taken, over all kernels, before anything is saved, and given back whatever
way the turn takes. Must not know queues.
"""

from __future__ import annotations

from collections.abc import Callable

from nbchat.sessions.ports import Job, Ports, UserMessage
from nbchat.sessions.turn import Turn

__all__ = ["Reservation"]


class Reservation:
    """The place of one session's next turn, and the way from it to a job that others can follow."""

    def __init__(self, ports: Ports, model: Callable[[], str]) -> None:
        self._ports = ports
        self._model = model
        self._held: Job | None = None

    def holds(self, turn: Turn) -> bool:
        """Whether this turn has its place, and has not begun."""
        return self._held is not None and self._held.stream_id == turn.id

    async def take(self, turn: Turn, generation: int) -> None:
        """Take a place for a turn that will probably get this generation; raises BusyError where as many answers run as may. Does
        nothing where any number may."""
        limit = self._ports.max_running()
        if limit is not None:
            self._held = await self._ports.jobs.create_job(self._job(turn, generation), limit=limit)

    async def release(self, turn: Turn) -> None:
        """Give the place back, if the turn did not begin; idempotent."""
        if self.holds(turn):
            self._held = None
            await self._ports.jobs.delete_job(turn.id)

    async def begun(self, turn: Turn, asked: UserMessage, answer: str) -> None:
        """The turn has begun: its job says what is asked and answered."""
        jobs, held = self._ports.jobs, self._held if self.holds(turn) else None
        if held is not None and held.generation != turn.generation:  # somebody else's turn came and went in between
            await self.release(turn)
            held = None
        self._held = None
        if held is None:
            await jobs.create_job(self._job(turn, turn.generation, asked, answer))
        else:
            await jobs.update_job(turn.id, turn.generation, user_message=asked, response_message_id=answer)

    def _job(self, turn: Turn, generation: int, asked: UserMessage | None = None, answer: str | None = None) -> Job:
        return Job(
            stream_id=turn.id,
            user_id=self._ports.user,
            conversation_id=turn.session.id,
            generation=generation,
            created_at=self._ports.clock.time(),
            user_message=asked,
            response_message_id=answer,
            sender=turn.model or self._model(),
            place=self._ports.notebook(),
        )
