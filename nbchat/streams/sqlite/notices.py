"""Notices: what this kernel wants to hear of the file, and where it stands in it. Lives on the backend's thread.

Other kernels' commits are seen by SQLite's `data_version`, which the thread asks for at the pace that is wanted here: that costs
some microseconds, reads no table, and finds no more than that somebody wrote. What is new is then found by position.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nbchat.sessions.ports import Clock, EventLogEntry, Job
from nbchat.sessions.ports.streams import LEASE_SECONDS
from nbchat.streams.sqlite import entries, job_rows, subscribers
from nbchat.streams.sqlite.file import StreamsFile

__all__ = ["FAST", "SLOW", "Follower", "SqliteNotices"]

_log = logging.getLogger("nbchat.streams")

FAST = 0.02
"""Seconds between two looks while a log is followed or its last reader waited for: a delta is seen 10 ms after it was written, on
average. 50 looks a second take 0.7 % of a core (tests/bench, B15)."""
SLOW = 0.25
"""The same while there are only watches of jobs: 4 looks a second take 0.06 % of a core; a turn that another kernel
begins shows a quarter of a second later at most."""


@dataclass(frozen=True, slots=True)
class Follower:
    """How the loop is told of a log: each entry, and that some were lost."""

    tell: Callable[[EventLogEntry], None]
    gap: Callable[[], None]


@dataclass(slots=True)
class _Cursor:
    """Where this kernel stands in a log; generation 0 is before its beginning."""

    follower: Follower
    generation: int = 0
    seq: int = 0
    readers: int = 0


class SqliteNotices:
    """The logs that are followed, the watches of jobs, and those who wait for a log's last reader to leave; of one owner."""

    def __init__(self, user: str, clock: Clock, kernel: str) -> None:
        self._user = user
        self._clock = clock
        self._kernel = kernel
        self._cursors: dict[str, _Cursor] = {}
        self._on_job: Callable[[Job], None] | None = None
        self._seen = 0
        self._waiting: dict[str, tuple[Callable[[], None], int]] = {}
        self._renewed = clock.monotonic()

    @property
    def pace(self) -> float | None:
        """How many seconds may pass before somebody must look."""
        if self._cursors or self._waiting:
            return FAST
        return None if self._on_job is None else SLOW

    def follow(self, file: StreamsFile, stream_id: str, follower: Follower) -> None:
        """Count one more reader of a log; the first one begins at its end. Who follows already is told of what is new first."""
        cursor = self._cursors.get(stream_id)
        if cursor is None:
            cursor = self._cursors[stream_id] = _Cursor(follower)
            cursor.generation, cursor.seq = entries.position(file, self._user, stream_id) or (0, 0)
        elif cursor.follower is not follower:
            cursor.follower = follower
        self._follow_up(file, stream_id, cursor)
        cursor.readers += 1

    def unfollow(self, stream_id: str) -> None:
        """Count one reader less."""
        cursor = self._cursors.get(stream_id)
        if cursor is not None:
            cursor.readers -= 1
            if cursor.readers <= 0:
                del self._cursors[stream_id]

    def forget(self, stream_id: str) -> None:
        """Follow a log no longer, whoever reads it."""
        self._cursors.pop(stream_id, None)

    def watch(self, file: StreamsFile, on_job: Callable[[Job], None] | None) -> None:
        """Tell of each change of jobs from now on, or (None) of none."""
        self._seen = job_rows.last_change(file)
        self._on_job = on_job

    def wait(self, file: StreamsFile, stream_id: str, left: Callable[[], None] | None) -> None:
        """Tell of each time that a log's last reader leaves from now on, or (None) no more."""
        if left is None:
            self._waiting.pop(stream_id, None)
        else:
            self._waiting[stream_id] = left, subscribers.emptied(file, self._user, stream_id)

    def look(self, file: StreamsFile) -> None:
        """Tell of what is new."""
        with file.snapshot():
            for stream_id, cursor in list(self._cursors.items()):
                self._follow_up(file, stream_id, cursor)
            if self._on_job is not None:
                for number, job in job_rows.changed_since(file, self._user, self._seen):
                    self._seen = number
                    self._on_job(job)
            for stream_id, (left, seen) in list(self._waiting.items()):
                emptied = subscribers.emptied(file, self._user, stream_id)
                self._waiting[stream_id] = left, emptied
                for _ in range(seen, emptied):
                    left()

    def _follow_up(self, file: StreamsFile, stream_id: str, cursor: _Cursor) -> None:
        there = entries.position(file, self._user, stream_id)
        if there is None or there == (cursor.generation, cursor.seq):
            return  # a log that is not there (any more) has nothing to tell; if it comes back, it goes on or shows a gap
        after = cursor.seq if there[0] == cursor.generation else 0
        try:
            found = entries.read(file, self._user, stream_id, there[0], after)
        except Exception as error:  # what a newer version wrote, say: the file is not at fault
            if type(error).__module__ == "sqlite3":
                raise
            _log.debug("entries of another kernel cannot be read", exc_info=True)
            found = None
        cursor.generation, cursor.seq = there
        if found is None:
            cursor.follower.gap()
        for entry in found or ():
            cursor.follower.tell(entry)

    def tick(self, file: StreamsFile) -> None:
        """Three times in a lease: show that this kernel's readers live, and clear away those of dead ones."""
        now = self._clock.monotonic()
        if (self._cursors or self._waiting) and now - self._renewed >= LEASE_SECONDS / 3:
            self._renewed = now
            subscribers.renew(file, self._user, self._kernel)
            for stream_id in self._waiting:
                subscribers.clear_dead(file, self._user, stream_id)

    def back(self, file: StreamsFile) -> None:
        """The file is there again: its readers are counted there, running jobs told, logs followed from where they stood."""
        for stream_id, cursor in self._cursors.items():
            subscribers.put(file, self._user, stream_id, self._kernel, cursor.readers)
        self.look(file)
        if self._on_job is not None:
            self._seen = job_rows.last_change(file)
            for job in job_rows.running(file, self._user):
                self._on_job(job)
        for stream_id, (left, _) in list(self._waiting.items()):
            self._waiting[stream_id] = left, subscribers.emptied(file, self._user, stream_id)


def on_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., None]) -> Callable[..., None]:
    """Return `call` to be made from another thread: it runs on the loop, in order."""

    def schedule(*arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop was closed; nobody is there to be told
            loop.call_soon_threadsafe(call, *arguments)

    return schedule
