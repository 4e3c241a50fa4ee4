"""Folded: what the events of a log come to, as far as they were applied. Pure; appending costs what the batch costs."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.errors import ErrorInfo
from nbchat.core.events import Event, TurnEnd, TurnError, TurnStart
from nbchat.core.messages import Message
from nbchat.sessions.ports import Job, ResumeState
from nbchat.streams.rules import state_of

__all__ = ["SILENT", "Folded"]

SILENT = ErrorInfo(
    "interrupted",
    "Nothing came for 20 minutes, so this answer was given up.",
    'What was received is kept: "Continue" goes on with it.',
)
"""Why a running job ends that nobody ended."""


class Folded:
    """The content, the turn's start with its messages, and its end once there is one."""

    __slots__ = ("content", "end", "start")

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.content = TurnAccumulator()
        self.start: TurnStart | None = None
        self.end: Event | None = None
        for event in events:
            self.apply(event)

    def apply(self, event: Event) -> None:
        """Take one more event into account."""
        self.content.apply(event)
        if isinstance(event, TurnStart):
            self.start = event
            self.content = TurnAccumulator(event.messages[-1].parts)
        elif isinstance(event, TurnEnd | TurnError):
            self.end = event

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages of the turn's start."""
        return () if self.start is None else self.start.messages

    @property
    def events(self) -> list[Event]:
        """The fewest events that fold to the same; tool calls keep their numbers, for later deltas. O(answer)."""
        start: list[Event] = [] if self.start is None else [self.start]
        return [*start, *self.content.events(), *([] if self.end is None else [self.end])]

    def state(self, stream_id: str, generation: int, seq: int) -> ResumeState:
        """Return what a late reader is given, as of `seq`; O(answer)."""
        return state_of(stream_id, generation, seq, self.content, self.messages, self.end)

    def given_up(self, job: Job) -> TurnError:
        """Return the end of a job that showed no life for too long: an interrupted answer, with what came of it."""
        answer = next((message for message in reversed(self.messages) if message.role == "assistant"), None)
        if answer is None:
            answer = Message(job.response_message_id or job.stream_id, "assistant", model=job.sender)
        checksum = zlib.crc32(self.content.text.encode("utf-8", "replace"))
        return TurnError(job.stream_id, replace(answer, parts=(), status="interrupted", error=SILENT), checksum)
