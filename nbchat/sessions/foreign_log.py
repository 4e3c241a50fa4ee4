"""ForeignLog: the log of a turn that another kernel runs, as this one hears it: the content so far, then entry after entry.

Owns the position in it, and the knowledge that something was missed. Must not know what is shown of it.
"""

from __future__ import annotations

import asyncio
from collections import deque

from nbchat.sessions.ports import EventLogEntry, Job, OtherKernels, Ports, ResumeState, Subscription
from nbchat.sessions.tasks import until

__all__ = ["SOON_SECONDS", "ForeignLog"]

SOON_SECONDS = 0.25
"""How soon it is looked again while something is amiss."""
_BEGUN_SECONDS = 0.05
_BEGIN_SECONDS = 10.0
"""How long a job may have no log before it is not worth waiting for."""


class ForeignLog:
    """Of one job. `woken` is set when there is something to look at: an entry, a `gap`, or that it is `left`."""

    def __init__(self, job: Job, conversation: str, ports: Ports) -> None:
        assert ports.others is not None
        self.gap = False
        """Whether something was missed: attach again."""
        self.left = False
        """Whether nobody wants to hear it any more."""
        self.woken = asyncio.Event()
        self._job = job
        self._conversation = conversation
        self._ports = ports
        self._others: OtherKernels = ports.others
        self._entries: deque[EventLogEntry] = deque()
        self._held: Subscription | None = None
        self._seq = 0

    def leave(self) -> None:
        """Hear it no longer."""
        self.left = True
        self.woken.set()

    def let_go(self) -> None:
        """Have no more entries come. Idempotent."""
        held, self._held = self._held, None
        if held is not None:
            held.unsubscribe()

    async def begin(self) -> ResumeState | None:
        """Attach as soon as there is a log, and return what it holds; None where nothing comes of it. (A job is made before its
        log; a short answer may have ended by then; a backend in trouble may come back.)"""
        clock = self._ports.clock
        given_up = clock.monotonic() + _BEGIN_SECONDS
        over = False
        while (state := await self.attach()) is None and not over and not self.left:
            job = await self._others.look(self._job)
            await until(self.woken, SOON_SECONDS if job is None else _BEGUN_SECONDS, clock)
            if job is None:
                over = not await self.is_running()
            else:
                over = job.interrupted or job.status != "running" or clock.monotonic() > given_up
        return state

    async def attach(self) -> ResumeState | None:
        """Attach (again), and return what the log holds; None while that cannot be had."""
        self.let_go()
        self._entries.clear()
        self.gap = False
        state, self._held = await self._others.attach(self._job, on_entry=self._entered, on_gap=self._missed) or (None, None)
        if state is not None and state.generation == self._job.generation:
            self._seq = state.last_seq
            return state
        self.let_go()
        return None

    def next(self) -> EventLogEntry | None:
        """Return the entry that follows what was heard; None where there is none yet, or one is missing."""
        while self._entries:
            entry = self._entries.popleft()
            if entry.after > self._seq:
                self._missed()
                return None
            if entry.seq > self._seq:
                self._seq = entry.seq
                return entry
        return None

    async def is_running(self) -> bool:
        """Whether the store says that the turn runs."""
        running = (await self._ports.store.standing(self._conversation)).running
        return running is not None and running.id == self._job.stream_id

    def _entered(self, entry: EventLogEntry) -> None:
        self._entries.append(entry)
        self.woken.set()

    def _missed(self) -> None:
        self.gap = True
        self.woken.set()
