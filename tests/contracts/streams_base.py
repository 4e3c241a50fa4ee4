"""What the event log contracts share: a backend's way in, a log with entries, a reader that notes how it was called."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from nbchat.core.cost import Cost
from nbchat.core.events import (
    Event,
    TurnEnd,
    TurnError,
    TurnStart,
)
from nbchat.core.messages import Message, TextPart
from nbchat.sessions.ports import EventLogEntry, EventTransport

__all__ = ["END", "FAILED", "START", "LogBase", "Reader"]

QUESTION = Message("u1", "user", (TextPart("why?"),), "p0")
ANSWER = Message("a1", "assistant", (), "u1", "streaming", model="lab/tiny")
START = TurnStart("t1", (QUESTION, ANSWER))
END = TurnEnd("t1", ANSWER, 0, Cost(Decimal(1)))
FAILED = TurnError("t1", ANSWER, 0)


class Reader:
    """Notes how it was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, EventLogEntry]] = []

    def callbacks(self) -> dict[str, Any]:
        def noting(kind: str) -> Any:
            return lambda entry: self.calls.append((kind, entry))

        return {f"on_{kind}": noting(kind) for kind in ("chunk", "done", "error")}

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.calls]


class LogBase:
    """Inherit and define `make`; `max_entries` bounds the tail that the backend keeps."""

    max_entries = 512

    def make(self) -> EventTransport:
        raise AssertionError("a backend says how it is made")

    async def filled(self, batches: Sequence[Sequence[Event]], generation: int = 1) -> EventTransport:
        log = self.make()
        for batch in batches:
            await log.append("t1", generation, batch)
        return log
