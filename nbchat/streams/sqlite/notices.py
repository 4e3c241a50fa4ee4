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

from nbchat.sessions.ports import Clock, EventLogEntry, Job, StreamsError
from nbchat.sessions.ports.streams import LEASE_SECONDS
from nbchat.streams.sqlite import entries, job_rows, subscribers
from nbchat.streams.sqlite.file import StreamsFile

__all__ = ["FAST", "SLOW", "Follower", "SqliteNotices"]

_log = logging.getLogger("nbchat.streams")

FAST = 0.02
"""Seconds between two looks while a log is followed: a delta is seen 10 ms after it was written, on average. 50 looks a second
take 0.7 % of a core (tests/bench, B15)."""
SLOW = 0.25
"""The same while there are only watches of jobs, or somebody waits for readers to leave: a turn that another kernel begins shows
a quarter of a second later at most. 4 looks a second take 0.06 % of a core."""


@dataclass(frozen=True, slots=True)
class Follower:
    """How the loop is told of a log: each entry, and that some were lost."""

    tell: Callable[[EventLogEntry], None]
    gap: Callable[[], None]


@dataclass(slots=True)
class _Cursor:
    """Where this kernel stands in a log, None before the file was asked where it ends; generation 0 is before its beginning."""

    follower: Follower
    place: tuple[int, int] | None = None
    readers: int = 0


class SqliteNotices:
    """The logs that are followed, the watches of jobs, and those who wait for a log's last reader to leave; of one owner.

    What is wanted is known here at once, and begins when the file can be read: trouble with it is no reason to forget a wish.
    """

    def __init__(self, user: str, clock: Clock, kernel: str) -> None:
        self._user = user
        self._clock = clock
        self._kernel = kernel
        self._cursors: dict[str, _Cursor] = {}
        self._uncounted: dict[str, int] = {}
        """Logs of which the file does not know yet how many readers they have here, and how many of them were made since."""
        self._on_job: Callable[[Job], None] | None = None
        self._seen: int | None = None
        self._waiting: dict[str, tuple[Callable[[], None], int | None]] = {}
        self._renewed = clock.monotonic()

    @property
    def pace(self) -> float | None:
        """How many seconds may pass before somebody must look."""
        if self._cursors or self._uncounted:
            return FAST
        return SLOW if self._on_job is not None or self._waiting else None

    # ------------------------------------------------------------ what is wanted

    def join(self, file: StreamsFile, stream_id: str, follower: Follower) -> None:
        """Count one more reader of a log, as of the caller's snapshot; those that there are get what is new first."""
        cursor = self._cursors.get(stream_id)
        place = entries.position(file, self._user, stream_id)
        if cursor is not None:
            self._follow_up(file, stream_id, cursor)
        cursor = self._count_one(stream_id, follower)
        cursor.place = cursor.place or place or (0, 0)

    def subscribe(self, stream_id: str, follower: Follower) -> None:
        """Count one more reader of a log, from its end."""
        self._count_one(stream_id, follower)

    def _count_one(self, stream_id: str, follower: Follower) -> _Cursor:
        cursor = self._cursors.setdefault(stream_id, _Cursor(follower))
        cursor.follower = follower
        cursor.readers += 1
        self._uncounted[stream_id] = self._uncounted.get(stream_id, 0) + 1
        return cursor

    def leave(self, stream_id: str) -> None:
        """Count one reader less."""
        cursor = self._cursors.get(stream_id)
        if cursor is not None:
            cursor.readers -= 1
            self._uncounted.setdefault(stream_id, 0)
            if cursor.readers <= 0:
                del self._cursors[stream_id]

    def forget(self, stream_id: str) -> None:
        """Follow a log no longer, whoever reads it or waits for its readers."""
        for each in (self._cursors, self._uncounted, self._waiting):
            each.pop(stream_id, None)

    def watch(self, on_job: Callable[[Job], None] | None) -> None:
        """Tell of each change of jobs from now on, or (None) of none."""
        self._seen, self._on_job = None, on_job

    def wait(self, stream_id: str, left: Callable[[], None] | None) -> None:
        """Tell of each time that a log's last reader leaves from now on, or (None) no more."""
        if left is None:
            self._waiting.pop(stream_id, None)
        else:
            self._waiting[stream_id] = left, None

    # ------------------------------------------------------------ what there is

    def look(self, file: StreamsFile) -> None:
        """Tell of what is new."""
        with file.snapshot():
            for stream_id, cursor in self._cursors.items():
                if cursor.place is not None:
                    self._follow_up(file, stream_id, cursor)
            if self._on_job is not None and self._seen is not None:
                for number, job in job_rows.changed_since(file, self._user, self._seen):
                    self._seen = number
                    if job is not None:
                        self._on_job(job)
            for stream_id, (left, seen) in self._waiting.items():
                if seen is not None:
                    emptied = subscribers.emptied(file, self._user, stream_id)
                    self._waiting[stream_id] = left, emptied
                    for _ in range(seen, emptied):
                        left()

    def _follow_up(self, file: StreamsFile, stream_id: str, cursor: _Cursor) -> None:
        there = entries.position(file, self._user, stream_id)
        if there is None or there == cursor.place or cursor.place is None:
            return  # a log that is not there (any more) has nothing to tell; if it comes back, it goes on or shows a gap
        after = cursor.place[1] if there[0] == cursor.place[0] else 0
        try:
            found = entries.read(file, self._user, stream_id, there[0], after)
        except StreamsError:  # another version wrote it: the file is not at fault
            _log.debug("entries of another kernel cannot be read", exc_info=True)
            found = None
        cursor.place = there
        if found is None:
            cursor.follower.gap()
        for entry in found or ():
            cursor.follower.tell(entry)

    def tick(self, file: StreamsFile) -> None:
        """Begin what is new among the wishes, count this kernel's readers in the file, and three times in a lease show that it
        lives, and clear away the readers of dead kernels."""
        self._begin(file)
        for stream_id, made in list(self._uncounted.items()):
            cursor = self._cursors.get(stream_id)
            readers = 0 if cursor is None else cursor.readers
            subscribers.count_ours(file, self._user, stream_id, self._kernel, readers, made)
            del self._uncounted[stream_id]
        now = self._clock.monotonic()
        if (self._cursors or self._waiting) and now - self._renewed >= LEASE_SECONDS / 3:
            self._renewed = now
            subscribers.renew(file, self._user, self._kernel)
            for stream_id in self._waiting:
                subscribers.clear_dead(file, self._user, stream_id)

    def _begin(self, file: StreamsFile) -> None:
        for stream_id, cursor in self._cursors.items():
            if cursor.place is None:
                cursor.place = entries.position(file, self._user, stream_id) or (0, 0)
        if self._on_job is not None and self._seen is None:
            self._seen = job_rows.last_change(file)
        for stream_id, (left, seen) in self._waiting.items():
            if seen is None:
                self._waiting[stream_id] = left, subscribers.emptied(file, self._user, stream_id)

    def back(self, file: StreamsFile) -> None:
        """The file is there again, or another one: each running job is told, logs are followed from where they stood."""
        if self._on_job is not None:
            self._seen = job_rows.last_change(file)
            for job in job_rows.running(file, self._user):
                self._on_job(job)
        self._waiting = {stream_id: (left, None) for stream_id, (left, _) in self._waiting.items()}
        for stream_id in self._cursors:
            self._uncounted.setdefault(stream_id, 0)
        self.look(file)


def on_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., None]) -> Callable[..., None]:
    """Return `call` to be made from another thread: it runs on the loop, in order."""

    def schedule(*arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop was closed; nobody is there to be told
            loop.call_soon_threadsafe(call, *arguments)

    return schedule
