"""Reservation: a turn's place among the answers that run at once, and the job that holds it.

Owns the rule of `Ports.max_running`: the place is taken, over all kernels, before anything is saved, and given back whatever
way the turn takes. Must not know queues.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nbchat.sessions.ports import Job, Ports, UserMessage
from nbchat.sessions.turn import Turn

__all__ = ["Reservation"]


class Reservation:
    """The place of one session's next turn, and the way from it to a job that others can follow. `model()` is the session's."""

    def __init__(self, conversation: str, ports: Ports, model: Callable[[], str]) -> None:
        self._conversation = conversation
        self._ports = ports
        self._model = model
        self._held: Job | None = None

    def holds(self, turn_id: str) -> bool:
        """Whether this turn has its place, and has not begun."""
        return self._held is not None and self._held.stream_id == turn_id

    async def take(self, turn_id: str, generation: int) -> None:
        """Take a place for a turn that will probably get this generation; raises BusyError where as many answers run as may. Does
        nothing where any number may."""
        limit = self._ports.max_running()
        if limit is not None:
            self._held = await self._ports.jobs.create_job(self._job(turn_id, generation), limit=limit)

    async def release(self, turn_id: str) -> None:
        """Give the place back, if the turn did not begin; idempotent."""
        if self.holds(turn_id):
            self._held = None
            await self._ports.jobs.delete_job(turn_id)

    async def begun(self, turn: Turn, asked: UserMessage, answer: str) -> None:
        """The turn has begun: its job says what is asked and answered, and by whom."""
        held = self._held
        if held is not None and held.stream_id == turn.id and held.generation != turn.generation:
            await self.release(turn.id)  # somebody else's turn came and went in between
            held = None
        self._held = None
        said: dict[str, Any] = {"user_message": asked, "response_message_id": answer, "sender": turn.model or self._model()}
        if held is None or held.stream_id != turn.id:
            await self._ports.jobs.create_job(replace(self._job(turn.id, turn.generation), **said))
        else:
            await self._ports.jobs.update_job(turn.id, turn.generation, **said)

    def _job(self, turn_id: str, generation: int) -> Job:
        return Job(
            stream_id=turn_id,
            user_id=self._ports.user,
            conversation_id=self._conversation,
            generation=generation,
            created_at=self._ports.clock.time(),
            place=self._ports.notebook(),
        )
