"""Watchers: who is told of jobs. One that fails is logged, and disturbs neither the others nor what happened."""

from __future__ import annotations

import logging
from collections.abc import Callable

from nbchat.sessions.ports import Job

__all__ = ["Watch", "Watchers"]

_log = logging.getLogger("nbchat.streams")


class Watch:
    """One watcher's hold."""

    __slots__ = ("_watchers", "tell")

    def __init__(self, watchers: Watchers, tell: Callable[[Job], None]) -> None:
        self._watchers: Watchers | None = watchers
        self.tell = tell

    def unsubscribe(self) -> None:
        """Let go; idempotent."""
        watchers, self._watchers = self._watchers, None
        if watchers is not None:
            watchers.remove(self)


class Watchers:
    """The watchers of one backend. On the loop."""

    def __init__(self) -> None:
        self._open: list[Watch] = []

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._open)

    def add(self, on_job: Callable[[Job], None]) -> Watch:
        """Open a watch."""
        watch = Watch(self, on_job)
        self._open.append(watch)
        return watch

    def remove(self, watch: Watch) -> None:
        """Close a watch; called by its `unsubscribe`."""
        if watch in self._open:
            self._open.remove(watch)

    def tell(self, job: Job) -> None:
        """Call every watcher, in the order of their coming."""
        for watch in tuple(self._open):
            if watch in self._open:  # one before it in this round may have let it go
                try:
                    watch.tell(job)
                except Exception:
                    _log.exception("a watcher of jobs raised")

    def close(self) -> None:
        """Forget all."""
        self._open.clear()
