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
    """The places of one session's next turns, and the way from one to a job that others follow. `model()` is the session's."""

    def __init__(self, conversation: str, ports: Ports, model: Callable[[], str]) -> None:
        self._conversation = conversation
        self._ports = ports
        self._model = model
        self._held: dict[str, Job] = {}
        """By turn. Mostly one, but two may ask for a place in the same moment."""

    def holds(self, turn_id: str) -> bool:
        """Whether this turn has its place, and has not begun."""
        return turn_id in self._held

    async def take(self, turn_id: str, generation: int) -> None:
        """Take a place for a turn that will probably get this generation; raises BusyError where as many answers run as may. Does
        nothing where any number may."""
        limit = self._ports.max_running()
        if limit is not None:
            self._held[turn_id] = await self._ports.jobs.create_job(self._job(turn_id, generation), limit=limit)

    async def release(self, turn_id: str) -> None:
        """Give the place back, if the turn did not begin; idempotent."""
        if self._held.pop(turn_id, None) is not None:
            await self._ports.jobs.delete_job(turn_id)

    async def begun(self, turn: Turn, asked: UserMessage, answer: str) -> None:
        """The turn has begun: its job says what is asked and answered, and by whom."""
        held = self._held.get(turn.id)
        if held is not None and held.generation != turn.generation:
            await self.release(turn.id)  # somebody else's turn came and went in between
            held = None
        self._held.pop(turn.id, None)
        said: dict[str, Any] = {"user_message": asked, "response_message_id": answer, "sender": turn.model or self._model()}
        if held is None:
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
