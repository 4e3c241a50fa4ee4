"""Readers: the subscriptions of one log, and how they are called. A reader's failure is its own: logged, never passed on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from nbchat.core.events import TurnEnd, TurnError
from nbchat.sessions.ports import EventLogEntry

__all__ = ["HeldBack", "Readers", "Subscription"]

_log = logging.getLogger("nbchat.streams")
_Callback = Callable[[EventLogEntry], None]


class Subscription:
    """One reader's hold on a log."""

    __slots__ = ("_readers", "chunk", "done", "error", "gap")

    def __init__(
        self, readers: Readers, chunk: _Callback, done: _Callback, error: _Callback, gap: Callable[[], None] | None = None
    ) -> None:
        self._readers: Readers | None = readers
        self.chunk = chunk
        self.done = done
        self.error = error
        self.gap = gap

    @property
    def active(self) -> bool:
        """Whether it still is called."""
        return self._readers is not None

    def unsubscribe(self) -> None:
        """Let go; idempotent."""
        readers, self._readers = self._readers, None
        if readers is not None:
            readers.remove(self)


class HeldBack:
    """The calls of a reader whose `attach` has not returned yet: kept in order, and made when it has what they follow from."""

    __slots__ = ("_kept", "subscription")

    def __init__(self) -> None:
        self._kept: list[tuple[Callable[..., None], tuple[Any, ...]]] | None = []
        self.subscription: Subscription | None = None

    def through(self, call: Callable[..., None]) -> Callable[..., None]:
        """Return `call`, kept back until `let_go`."""

        def kept(*arguments: Any) -> None:
            if self._kept is None:
                call(*arguments)
            else:
                self._kept.append((call, arguments))

        return kept

    def let_go(self) -> None:
        """Make the calls that were kept, and keep no more."""
        kept, self._kept = self._kept or [], None
        for call, arguments in kept:
            if self.subscription is not None and self.subscription.active:
                try:
                    call(*arguments)
                except Exception:
                    _log.exception("a reader of an event log raised")


class LastLeft:
    """Somebody who wants to know when the last reader leaves."""

    __slots__ = ("_callback", "_readers")

    def __init__(self, readers: Readers, callback: Callable[[], None]) -> None:
        self._readers = readers
        self._callback = callback

    def unsubscribe(self) -> None:
        """Let go; idempotent."""
        self._readers.unlisten(self._callback)


class Readers:
    """All subscriptions of one log; `made` counts every one there ever was."""

    __slots__ = ("_open", "made", "when_empty")

    def __init__(self) -> None:
        self._open: list[Subscription] = []
        self.made = 0
        self.when_empty: list[Callable[[], None]] = []

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    def add(self, chunk: _Callback, done: _Callback, error: _Callback, gap: Callable[[], None] | None = None) -> Subscription:
        """Open a subscription."""
        subscription = Subscription(self, chunk, done, error, gap)
        self._open.append(subscription)
        self.made += 1
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Close a subscription; called by its `unsubscribe`."""
        self._open.remove(subscription)
        self.closed()

    def closed(self) -> None:
        """One let go. A backend whose other kernels have readers too says itself when the last one left."""
        if not self._open:
            self.tell_left()

    def tell_left(self) -> None:
        """Tell those who wait for it that the last reader left."""
        for callback in tuple(self.when_empty):
            try:
                callback()
            except Exception:
                _log.exception("a callback for the last reader's leaving raised")

    def listen(self, when_empty: Callable[[], None]) -> LastLeft:
        """Call `when_empty` each time the last subscription lets go."""
        self.when_empty.append(when_empty)
        return LastLeft(self, when_empty)

    def unlisten(self, when_empty: Callable[[], None]) -> None:
        """Call it no more; called by its `unsubscribe`."""
        if when_empty in self.when_empty:
            self.when_empty.remove(when_empty)

    def tell_gap(self) -> None:
        """Tell every reader that what comes next does not follow from what it has."""
        for subscription in tuple(self._open):
            if subscription.active and subscription.gap is not None:
                try:
                    subscription.gap()
                except Exception:
                    _log.exception("a reader of an event log raised")

    def tell(self, entry: EventLogEntry) -> None:
        """Hand an entry to every reader, in the order of their coming."""
        last = entry.events[-1]
        for subscription in tuple(self._open):
            if not subscription.active:  # one before it in this round let it go
                continue
            try:
                if isinstance(last, TurnEnd):
                    subscription.done(entry)
                elif isinstance(last, TurnError):
                    subscription.error(entry)
                else:
                    subscription.chunk(entry)
            except Exception:
                _log.exception("a reader of an event log raised")
