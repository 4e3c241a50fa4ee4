"""TurnFeed: a turn as its event log tells it: position, and the content folded up to exactly that position.

Owns the agreement of text and position: a session's own text runs ahead of its log by up to a frame, and a snapshot that held
it would make a view apply the next delta twice.
"""

from __future__ import annotations

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.events import TurnEnd, TurnError, TurnStart
from nbchat.core.messages import Message
from nbchat.sessions.ports import EventLogEntry
from nbchat.sessions.turn import Turn

__all__ = ["TurnFeed"]


class TurnFeed:
    """Follows one turn's log from its first entry. On the loop."""

    def __init__(self, turn: Turn) -> None:
        # Not the turn itself: a view keeps the feed of an ended turn, and must not keep a closed session by it.
        self.turn = turn.id
        self.generation = turn.generation
        self.answer = "" if turn.answer is None else turn.answer.id
        self.seq = 0
        self.ended = False
        self._content: TurnAccumulator | None = TurnAccumulator()
        self._question: Message | None = None
        self._answer: Message | None = None

    def take(self, entry: EventLogEntry) -> None:
        """Fold the log's next entry."""
        for event in entry.events:
            if isinstance(event, TurnStart):
                self._question, self._answer = event.messages[0], event.messages[-1]
                self._content = TurnAccumulator(self._answer.parts)
            elif isinstance(event, TurnEnd | TurnError):
                self._answer = event.message
                self.ended = True
            elif self._content is not None:
                self._content.apply(event)
        self.seq = entry.seq

    def settle(self) -> None:
        """The turn is over and the session holds its answer: let go of the copy."""
        self.ended = True
        self._question = self._answer = self._content = None

    @property
    def messages(self) -> tuple[Message, ...]:
        """Question and answer as of `seq`; () before the first entry, and once the session holds them."""
        if self._question is None or self._answer is None or self._content is None:
            return ()
        return (self._question, self._answer.with_parts(self._content.parts))
