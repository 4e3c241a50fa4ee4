"""Beside: the part of a session that knows of other kernels: what they do in its conversation, and what they want of it.

Owns what of theirs is shown or obeyed here; how a turn of theirs is followed is `following.py`'s matter. On the background loop.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from nbchat.sessions.budget import Budgets
from nbchat.sessions.ports import Job, Ports
from nbchat.sessions.spending import Spending
from nbchat.sessions.state import SessionState
from nbchat.sessions.tasks import begin
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

if TYPE_CHECKING:
    from nbchat.sessions.session import Session

__all__ = ["Beside"]

_PLACE_LENGTH = 40
"""A header has room for so much of a notebook's name."""


class Beside(Spending):
    """What `Session` stands on: its neighbours in other kernels."""

    def __init__(self, tree: ConversationTree, ports: Ports, budgets: Budgets) -> None:
        super().__init__(tree, ports, budgets)
        self._stopping: asyncio.Task[None] | None = None

    @abstractmethod
    def facts_changed(self) -> None:
        """The conversation's own facts changed."""

    @abstractmethod
    def _become(self, state: SessionState) -> None:
        """Be in this state from now on."""

    def other_job(self, job: Job) -> None:
        """Another kernel does something in this conversation: its turn is shown; one of this kernel that it wants stopped is."""
        turn = self.turn
        if turn is not None and turn.id == job.stream_id:
            if job.stop_requested and turn.producer is None and turn.status == "running":
                self._stopping = begin(self.stop(turn, at_once=False))
            elif job.status != "running" and turn.producer is not None and turn.status == "ended":
                self._worker.catch_up()  # here it may have ended otherwise: it could not be followed, or its kernel seemed dead
        elif job.status == "running" and not job.interrupted:
            self._worker.follow(job)
        else:  # it was over before this kernel heard of it
            self._worker.catch_up()

    def catch_up(self) -> None:
        """Another kernel answers here, and it is not known how: show what it saves, until it is."""
        self._worker.catch_up()

    async def met(self) -> None:
        """Wait until the turn of another kernel that was just found is shown, for a second at most."""
        await self._worker.met()

    def elsewhere(self, job: Job) -> Turn:
        """Return a turn of this session for a job of another kernel."""
        asked = "" if job.user_message is None else job.user_message.text or ""
        return Turn(cast("Session", self), asked, "", id=job.stream_id, model=job.sender or "", producer=_place_of(job))

    def reloaded(self) -> None:
        """What other kernels saved was taken over."""
        self._become(replace(self.state, usage=self._tree.usage, cost=self._tree.cost))
        self.facts_changed()
        self.emit("path-changed")

    def watched(self, count: int) -> None:
        """In so many other kernels the running turn is followed."""
        if count != self.state.watchers:
            self._become(replace(self.state, watchers=count))
            self.emit("changed")


def _place_of(job: Job) -> str:
    """Where another kernel is that runs a job, for people: its notebook or script, else its host."""
    place = job.place or job.owner.partition("|")[0] or "another notebook"
    return place if len(place) <= _PLACE_LENGTH else f"{place[: _PLACE_LENGTH - 1]}…"
