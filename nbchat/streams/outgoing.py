"""Outgoing: what of one job is still to be sent to the backend that kernels share. Pure: the courier does the sending."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbchat.core.events import Event, ReasoningDelta, TextDelta, ToolCallDelta, ToolResult
from nbchat.sessions.ports import EventLogEntry, Job
from nbchat.streams.codec import joined

__all__ = ["Outgoing"]

MOST_CHARACTERS = 256_000
"""How much waits in pieces (an event counts 64 besides its text); above that the whole text is sent as it stands then."""


class Outgoing:
    """One job on its way. Positions: `noted` is the last one that this kernel's log has, `sent` the last one that arrived."""

    def __init__(self, job: Job, *, made: bool = False, replaces: bool = False) -> None:
        self.job = job
        self.made = made
        """Whether the backend has the job."""
        self.replaces = replaces
        """Whether it may have another one of this id, which is to be deleted first."""
        self.deleted = False
        self.over = False
        """Whether the backend has ended the job: it was silent for too long."""
        self.changes: dict[str, Any] = {}
        """What is to be said of the job."""
        self.ending = False
        """Whether that is its end."""
        self.followers = 0
        self.due: float | None = None
        """When it is to be served (monotonic seconds); None while nobody thinks so."""
        self.noted = 0
        self.sent = 0
        self.lost = False
        """Whether only the whole text can be sent: what waited was dropped, or the backend lost what it had."""
        self.since: float | None = None
        """Since when the oldest of what has not arrived has been waiting (monotonic seconds)."""
        self._behind: float | None = None
        """The same of what waits behind the batch in flight."""
        self._waiting: list[Sequence[Event]] = []
        self._size = 0
        self._flight: EventLogEntry | None = None

    @property
    def unsent(self) -> bool:
        """Whether some of the log has not arrived."""
        return self.lost or self._flight is not None or bool(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether there is anything to send."""
        return self.unsent or not self.made or self.deleted or self.over or bool(self.changes)

    def note(self, seq: int, events: Sequence[Event], now: float) -> None:
        """The log goes on with these events to `seq`, as of `now` (monotonic seconds)."""
        self.noted = seq
        self.since = now if self.since is None else self.since
        if self.lost:
            return
        self._behind = now if self._behind is None else self._behind
        self._waiting.append(events)
        self._size += sum(64 + len(_text(event)) for event in events)
        if self._size > MOST_CHARACTERS:
            self.lose()

    def lose(self) -> None:
        """Drop what waits: the whole text is to be sent instead."""
        self._drop()
        self.lost = bool(self.noted)

    def give_up(self) -> None:
        """Drop what waits, and the whole text too: there is none here any more."""
        self._drop()
        self.lost, self.since = False, None

    def _drop(self) -> None:
        self._waiting, self._size, self._flight, self._behind = [], 0, None, None

    def take_off(self) -> EventLogEntry | None:
        """Return the next batch to send: the one that is in flight, unchanged, else all that waits as one; None where there is
        nothing, or nothing but what was for those who watched."""
        if self._flight is None and self._waiting:
            batches = self._waiting
            self._drop()
            events = tuple(batches[0]) if len(batches) == 1 else tuple(joined(event for batch in batches for event in batch))
            if events:
                self._flight = EventLogEntry(self.job.generation, self.sent, self.noted, events)
            else:
                self.since = None
        return self._flight

    def arrived(self, seq: int) -> None:
        """The backend has the log up to `seq`."""
        self.sent, self._flight = seq, None
        if not self.lost:
            self.since = self._behind


def _text(event: Event) -> str:
    if isinstance(event, TextDelta | ReasoningDelta | ToolResult):
        return event.text
    return event.arguments if isinstance(event, ToolCallDelta) else ""
