"""Coalescer: gathers deltas so that a log and its views get at most one batch per frame.

Owns when a batch is due; must not own a timer (the session asks `due_in` and waits).
"""

from __future__ import annotations

from nbchat.core.events import Event, ReasoningDelta, TextDelta, ToolCallDelta

__all__ = ["Coalescer", "merge"]


class Coalescer:
    """Holds events until a frame has passed (1/30 s), 1 kB has gathered or an event is a boundary.

    The first event after a pause is due at once (the leading edge), so a token that comes alone is never delayed.
    """

    def __init__(self, *, frame: float = 1 / 30, limit: int = 1024) -> None:
        self._frame = frame
        self._limit = limit
        self._events: list[Event] = []
        self._size = 0
        self._urgent = False
        self._last = float("-inf")

    def add(self, event: Event) -> None:
        """Take one event; anything but a delta is a boundary and makes the batch due now."""
        self._events.append(event)
        if isinstance(event, TextDelta | ReasoningDelta):
            self._size += len(event.text)
        elif isinstance(event, ToolCallDelta):
            self._size += len(event.arguments)
        else:
            self._urgent = True

    def due_in(self, now: float) -> float | None:
        """Seconds until the batch is due (0 is now), or None when there is nothing. `now` is monotonic seconds."""
        if not self._events:
            return None
        if self._urgent:
            return 0.0
        wait = max(self._last + self._frame - now, 0.0)
        return wait if self._size < self._limit else min(wait, self._frame / 4)

    def take(self, now: float) -> list[Event]:
        """Return the batch with neighbouring deltas merged, and start the next frame."""
        batch, self._events = merge(self._events), []
        self._size, self._urgent, self._last = 0, False, now
        return batch


def merge(events: list[Event]) -> list[Event]:
    """Join neighbouring deltas of one kind; the order of everything else stays."""
    merged: list[Event] = []
    run: list[str] = []
    kind: type[TextDelta | ReasoningDelta] | None = None
    for event in events:
        if kind is not None and type(event) is kind:
            run.append(event.text)
            continue
        if kind is not None:
            merged.append(kind("".join(run)))
            kind = None
        if isinstance(event, TextDelta | ReasoningDelta):
            kind, run = type(event), [event.text]
        else:
            merged.append(event)
    if kind is not None:
        merged.append(kind("".join(run)))
    return merged
