"""Neighbours: what else happens in one conversation, in whichever kernel: the turn that runs there, where, what was saved.

Owns nothing but the questions, of which the store can always answer the first: one turn at a time is its rule. What is done about
the answers is the worker's matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import Message
from nbchat.sessions.catching_up import CatchingUp
from nbchat.sessions.ports import Job, Ports, Standing, TurnRecord
from nbchat.sessions.tasks import until
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

__all__ = ["Neighbours", "unfollowed"]

_WAY_SECONDS = 0.3
"""How long a kernel with a queue lets others go first who show its answer: they hear of its end, and look at the store."""


class Neighbours:
    """Of one session. `reloaded()` is called when what other kernels saved was taken over."""

    def __init__(self, tree: ConversationTree, ports: Ports, reloaded: Callable[[], None]) -> None:
        self._tree = tree
        self._ports = ports
        self._reloaded = reloaded
        self._catching_up = CatchingUp(tree, ports)

    @property
    def known(self) -> bool:
        """Whether there is a way to other kernels, besides the store."""
        return self._ports.others is not None

    async def look(self, own: Turn | None) -> tuple[TurnRecord | None, Standing]:
        """Return the turn that runs elsewhere (`own` is this kernel's), and how the conversation stands."""
        standing = await self._ports.store.standing(self._tree.conversation.id)
        running = standing.running
        if running is not None and own is not None and own.id == running.id and own.producer is None:
            running = None
        return running, standing

    async def take_over(self, standing: Standing) -> None:
        """Take over what other kernels have saved."""
        if await self._catching_up.everything(standing.changes):
            self._reloaded()

    async def job_of(self, running: TurnRecord) -> Job | None:
        """Return the job by which this turn can be followed; None where nobody knows it, or its kernel is dead."""
        others = self._ports.others
        job = None if others is None else await others.running(running.conversation)
        return None if job is None or job.stream_id != running.id or job.interrupted else job

    async def give_way(self, turn: Turn, changed: asyncio.Event) -> None:
        """Let those go first who wait in other kernels for the end of this turn, however many wait here, unless something has
        `changed`. Known are those that showed it for a second or so; a shorter one keeps nobody waiting for long."""
        others = self._ports.others
        if others is not None and await others.watchers(turn.id):
            changed.clear()
            await until(changed, _WAY_SECONDS, self._ports.clock)


def unfollowed(turn: Turn, error: Exception) -> Message:
    """Return what is shown for another kernel's answer that this one fails to show."""
    assert turn.answer is not None
    text = f"nbchat could not follow this answer of another kernel ({type(error).__name__}: {error}). It goes on there."
    return replace(
        turn.answer, parts=turn.content.parts, status="interrupted", error=ErrorInfo("internal", text, "Open it there.")
    )
