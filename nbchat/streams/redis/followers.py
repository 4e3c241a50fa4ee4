"""Followers: the readers of one log in this process, each with a position of its own, so that none is told anything twice or
out of order, whatever came how often. A reader's failure is its own: logged, never passed on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias

from nbchat.core.events import TurnEnd, TurnError
from nbchat.sessions.ports import EventLogEntry

__all__ = ["Follower", "Followers", "Leaving", "Position"]

_log = logging.getLogger("nbchat.streams")
Position: TypeAlias = "tuple[int, int]"
"""Generation and seq; (0, 0) before the first entry."""
_Callback = Callable[[EventLogEntry], None]


class Follower:
    """One reader's hold on a log. `position` is None until it is known where the log ends."""

    __slots__ = ("_followers", "chunk", "done", "error", "gap", "lost", "position")

    def __init__(
        self, followers: Followers, chunk: _Callback, done: _Callback, error: _Callback, gap: Callable[[], None] | None
    ) -> None:
        self._followers: Followers | None = followers
        self.chunk = chunk
        self.done = done
        self.error = error
        self.gap = gap
        self.position: Position | None = None
        self.lost = False

    @property
    def active(self) -> bool:
        """Whether it still is called."""
        return self._followers is not None

    def unsubscribe(self) -> None:
        """Let go; idempotent."""
        followers, self._followers = self._followers, None
        if followers is not None:
            followers.remove(self)

    def abandon(self) -> None:
        """Stop being called: the log is forgotten."""
        self._followers = None

    def tell(self, entry: EventLogEntry) -> None:
        """Pass an entry on that follows from what this reader has; one that wants to know of gaps is told nothing behind one."""
        here = (entry.generation, entry.seq)
        if self.lost or self.position is None or here <= self.position:
            return
        follows = entry.after == (self.position[1] if entry.generation == self.position[0] else 0)
        if not follows and self.gap is not None:
            self.lose()
            return
        self.position = here
        last = entry.events[-1] if entry.events else None
        callback = self.done if isinstance(last, TurnEnd) else self.error if isinstance(last, TurnError) else self.chunk
        try:
            callback(entry)
        except Exception:
            _log.exception("a reader of an event log raised")

    def lose(self) -> None:
        """Say that what comes next does not follow, once; nothing more is told."""
        if self.gap is None or self.lost:
            return
        self.lost = True
        try:
            self.gap()
        except Exception:
            _log.exception("a reader of an event log raised")


class Followers:
    """All readers of one log; `changed()` is called when one comes or goes.

    `cursor` is the position up to which the log was read for them; `made`, `left` count, since it was last told to the server,
    the readers that came, and how often the last one went.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._open: list[Follower] = []
        self.cursor: Position | None = None
        self.made = 0
        self.left = 0
        self.told = 0
        """How many readers the server knows of."""
        self.when_empty: list[Callable[[], None]] = []

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    @property
    def is_told(self) -> bool:
        """Whether the server knows of all readers."""
        return not self.made and not self.left and self.told == self.count

    @property
    def unplaced(self) -> bool:
        """Whether there is a reader whose position is still to be found."""
        return any(follower.position is None for follower in self._open)

    def add(
        self, chunk: _Callback, done: _Callback | None, error: _Callback | None, gap: Callable[[], None] | None = None
    ) -> Follower:
        """Add a reader, whose position is still to be found; what ends the log goes to `chunk` where nothing else is given."""
        follower = Follower(self, chunk, done or chunk, error or chunk, gap)
        self._open.append(follower)
        self.made += 1
        self._changed()
        return follower

    def place(self, position: Position, follower: Follower | None = None) -> None:
        """Let readers without a position (or this one) begin behind `position`."""
        for each in self._open if follower is None else (follower,):
            if each.position is None:
                each.position = position
        if self.cursor is None or position < self.cursor:
            self.cursor = position

    def remove(self, follower: Follower) -> None:
        """Let go of a reader; called by its `unsubscribe`."""
        self._open.remove(follower)
        if not self._open:
            self.left += 1
            self.cursor = None
        self._changed()

    def tell(self, entry: EventLogEntry) -> None:
        """Hand an entry to every reader, in the order of their coming."""
        self.cursor = (entry.generation, entry.seq)
        for follower in tuple(self._open):
            if follower.active:  # one before it in this round may have let it go
                follower.tell(entry)

    def lose(self) -> None:
        """Tell all that entries may be missing."""
        for follower in tuple(self._open):
            if follower.active:
                follower.lose()

    def tell_empty(self) -> None:
        """Say that no process has a reader any more."""
        for callback in tuple(self.when_empty):
            try:
                callback()
            except Exception:
                _log.exception("a callback for the last reader's leaving raised")

    def forget(self) -> None:
        """Let go of all, without a word."""
        for follower in self._open:
            follower.abandon()
        self._open.clear()
        self.when_empty.clear()
        self.cursor = None


class Leaving:
    """The hold of somebody who wants to know when the last reader of all processes leaves."""

    __slots__ = ("_callback", "_changed", "_followers")

    def __init__(self, followers: Followers, callback: Callable[[], None], changed: Callable[[], None]) -> None:
        self._followers = followers
        self._callback = callback
        self._changed = changed
        followers.when_empty.append(callback)

    def unsubscribe(self) -> None:
        """Let go; idempotent."""
        if self._callback in self._followers.when_empty:
            self._followers.when_empty.remove(self._callback)
            self._changed()
