"""Courier: sends what this kernel writes to the backend that kernels share: in order, behind the writers' backs.

    note -> waiting (joined while it is behind) -> in flight (repeated unchanged until it has arrived) -> the backend

Owns what of each running job is still to be sent. Whoever notes something never waits, and nothing of an answer is lost or
doubled: an entry carries its positions, so that trying again is harmless, and where the backend lost something, or too much has
piled up, the whole text is sent as it stands (`rewrite`). Must not know who follows, but how many.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbchat.core.errors import UsageError
from nbchat.core.events import Event, TurnEnd, TurnError
from nbchat.sessions.ports import Clock, Job, LogGapError, StreamsError
from nbchat.sessions.tasks import begin, until
from nbchat.streams.memory_log import MemoryEventTransport
from nbchat.streams.outgoing import Outgoing
from nbchat.streams.reach import Reach
from nbchat.streams.signs import Signs
from nbchat.streams.watchers import Watchers

__all__ = ["Courier"]

JOIN_SECONDS = 0.1
MOST_SECONDS = 1.0
_SENDS = 400
"""How long batches that nobody follows elsewhere may wait for more: what costs is the message, not its length. As streams
multiply it is longer, up to a second, so that there are some four hundred messages a second: each takes a third of a
millisecond of this process."""
_AT_ONCE = 16
"""How many jobs are served at the same time: what a call takes is mostly the way."""
_AGAIN_SECONDS = (0.25, 2.0)
_CLOSE_SECONDS = 0.7
"""How long the last batches may take when a kernel ends, which has two seconds for everything."""
_log = logging.getLogger("nbchat.streams")


class Courier:
    """On the loop. `local` holds the same logs: this process's own."""

    def __init__(self, reach: Reach, local: MemoryEventTransport, clock: Clock) -> None:
        self.stops = Watchers()
        """Who is told of own jobs that another kernel wants stopped, where the backend's word was missed."""
        self.sent = self.rewritten = 0
        """How many batches arrived, and how many times a whole text was sent instead."""
        self._reach = reach
        self._local = local
        self._clock = clock
        self._streams: dict[str, Outgoing] = {}
        self._queue: list[tuple[float, int, str]] = []
        self._count = itertools.count()
        self._wake = asyncio.Event()
        self._again = _AGAIN_SECONDS[0]
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._signs = Signs(reach, clock, self._streams, self.stops, lambda out: self._send_at(out, clock.monotonic()))
        self._closed = False

    # ------------------------------------------------------------ notes

    def create(self, job: Job, *, made: bool = False) -> None:
        """A job began here; `made` where the backend has it already."""
        known = self._streams.get(job.stream_id)
        if known is not None and not known.deleted:
            return
        out = self._streams[job.stream_id] = Outgoing(job, made=made, replaces=known is not None and not made)
        self._send_at(out, self._clock.monotonic())
        for name, work in (("run", self._run), ("signs", self._signs.run)):
            if not self._closed and (name not in self._tasks or self._tasks[name].done()):
                self._tasks[name] = begin(work())

    def append(self, stream_id: str, seq: int, events: Sequence[Event]) -> None:
        """A job's log ends with these events at `seq`; one that was not begun here is nobody else's matter."""
        out = self._streams.get(stream_id)
        if out is None or not events:
            return
        first = not out.noted
        now = self._clock.monotonic()
        out.note(seq, events, now)
        quick = first or out.followers or isinstance(events[-1], TurnEnd | TurnError)
        wait = min(max(JOIN_SECONDS, len(self._streams) / _SENDS), MOST_SECONDS)
        self._send_at(out, now if quick else now + wait)

    def update(self, stream_id: str, changes: Mapping[str, Any]) -> None:
        """A job changed; with a terminal status it is over, and forgotten here once that has arrived."""
        out = self._streams.get(stream_id)
        if out is not None:
            out.changes.update(changes)
            out.ending = out.changes.get("status", "running") != "running"
            self._send_at(out, self._clock.monotonic())

    def delete(self, stream_id: str) -> None:
        """A job is dropped (it never began)."""
        out = self._streams.get(stream_id)
        if out is not None:
            out.deleted = True
            self._send_at(out, self._clock.monotonic())

    def followers(self, stream_id: str) -> int:
        """Return in how many other kernels a running job of this one was followed when that was last asked."""
        out = self._streams.get(stream_id)
        return 0 if out is None else out.followers

    @property
    def all_followers(self) -> int:
        """How often jobs of this kernel are followed in others, all together."""
        return sum(out.followers for out in self._streams.values())

    @property
    def behind(self) -> float:
        """For how many seconds the oldest batch that has not arrived is waiting."""
        now = self._clock.monotonic()
        return max((now - out.since for out in self._streams.values() if out.since is not None), default=0.0)

    async def close(self) -> None:
        """Send what is left, if that takes no longer than a moment, and stop. Idempotent."""
        self._closed = True
        for out in self._streams.values():
            self._send_at(out, self._clock.monotonic())
        loop = asyncio.get_running_loop()
        end = loop.time() + _CLOSE_SECONDS
        while self._tasks and any(out.busy for out in self._streams.values()):
            if self._reach.trouble is not None or loop.time() > end:
                break
            await asyncio.sleep(0.005)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        self._streams.clear()
        self.stops.close()

    # ------------------------------------------------------------ sending

    def _send_at(self, out: Outgoing, when: float) -> None:
        if out.due is None or when < out.due:
            out.due = when
            heapq.heappush(self._queue, (when, next(self._count), out.job.stream_id))
            self._wake.set()

    def _next(self) -> tuple[Outgoing | None, float | None]:
        """Return what is to be sent now, or else when there will be something."""
        while self._queue:
            when, _, stream_id = self._queue[0]
            out = self._streams.get(stream_id)
            if out is None or out.due != when:  # ended, or sent earlier than was thought
                heapq.heappop(self._queue)
            elif when > self._clock.monotonic():
                return None, when
            else:
                heapq.heappop(self._queue)
                out.due = None
                return out, when
        return None, None

    async def _run(self) -> None:
        while self._streams:
            due: list[Outgoing] = []
            out, when = self._next()
            while out is not None:
                due.append(out)
                out, when = self._next() if len(due) < _AT_ONCE else (None, None)
            if not due:
                await self._pause(when)
            elif all(await asyncio.gather(*map(self._served, due))):
                self._again = _AGAIN_SECONDS[0]
            else:
                await self._clock.sleep(self._again)
                self._again = min(2 * self._again, _AGAIN_SECONDS[1])
        self._reach.nothing_to_send()

    async def _served(self, out: Outgoing) -> bool:
        """Send what a job has to send; False where that did not arrive, and is to be tried again."""
        arrived = True
        try:
            await self._serve(out)
        except StreamsError:
            arrived = False
        except Exception:
            _log.exception("a job can no longer be followed elsewhere")
            self._forget(out)
        if out.due is None and out.busy and self._streams.get(out.job.stream_id) is out:
            self._send_at(out, self._clock.monotonic())
        return arrived

    async def _pause(self, due: float | None) -> None:
        """Wait for a note, or for the time when something is due."""
        if due is not None:
            await until(self._wake, due - self._clock.monotonic(), self._clock)
            return
        await self._wake.wait()
        self._wake.clear()

    async def _serve(self, out: Outgoing) -> None:
        reach, job = self._reach, out.job
        try:
            if out.over:
                self._forget(out)
                return
            if out.deleted or out.replaces:
                await reach.call(lambda: reach.jobs.delete_job(job.stream_id))
                out.replaces = False
            if out.deleted:
                self._forget(out)
                return
            if not out.made:
                await reach.call(lambda: reach.jobs.create_job(job))
                out.made = True
            if out.lost:
                await self._rewrite(out)
            elif (flight := out.take_off()) is not None:
                sending = reach.log.append
                await reach.call(
                    lambda: sending(job.stream_id, job.generation, flight.events, after=flight.after, seq=flight.seq)
                )
                out.arrived(flight.seq)
                self.sent += 1
            if not out.unsent:
                await self._update(out)
        except LogGapError:  # it lost what it had, and perhaps the job too
            out.made = False
            out.lose()
        except UsageError as error:  # its log has ended there, or belongs to another one
            _log.debug("a job is no longer followed elsewhere: %s", error)
            self._forget(out)

    async def _rewrite(self, out: Outgoing) -> None:
        """Send the whole text as it stands; nothing where this kernel has forgotten it, so that the job's end follows at once."""
        whole = self._local.folded(out.job.stream_id)
        if whole is None or not whole[0]:
            out.give_up()
            return
        events, seq = whole
        out.lose()
        out.lost = False  # what comes from here on follows
        job, rewriting = out.job, self._reach.log.rewrite
        try:
            await self._reach.call(lambda: rewriting(job.stream_id, job.generation, events, seq))
        except StreamsError:
            out.lose()
            raise
        out.arrived(seq)
        self.rewritten += 1

    async def _update(self, out: Outgoing) -> None:
        """Say how the job stands, once its log has arrived."""
        job, changes, ends = out.job, out.changes, out.ending
        if not changes:
            return
        out.changes = {}
        try:
            await self._reach.call(lambda: self._reach.jobs.update_job(job.stream_id, job.generation, **changes))
        except StreamsError:
            out.changes = {**changes, **out.changes}
            raise
        if ends:
            self._forget(out)
        else:  # should the backend lose the job, this is how it is made again
            out.job = replace(job, **changes)

    def _forget(self, out: Outgoing) -> None:
        if self._streams.get(out.job.stream_id) is out:
            del self._streams[out.job.stream_id]
        if not self._streams:
            self._wake.set()
