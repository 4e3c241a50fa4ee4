"""TurnAccumulator: folds a turn's events into the parts of its answer, in order.

Owns nothing but the fold; appending is O(1), the text is joined only when somebody reads it.
Safe to read from another thread than the one that applies events: lists only grow.
"""

from __future__ import annotations

from collections.abc import Iterable

from nbchat.core.events import Event, Finish, ModelNamed, ReasoningDelta, TextDelta, ToolCallDelta, UsageReport
from nbchat.core.messages import Part, ReasoningPart, TextPart, ToolCallPart

__all__ = ["TurnAccumulator"]


class _OpenPart:
    """A part that still grows: kind "text", "reasoning" or "tool-call", and its pieces."""

    __slots__ = ("id", "kind", "name", "pieces")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.pieces: list[str] = []
        self.id = ""
        self.name = ""

    def freeze(self) -> Part:
        text = "".join(self.pieces)
        if self.kind == "tool-call":
            return ToolCallPart(self.id, self.name, text)
        return TextPart(text) if self.kind == "text" else ReasoningPart(text)


class TurnAccumulator:
    """The answer so far: parts, the last usage report, the finish reason and the model that answers."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self._frozen: tuple[Part, ...] = tuple(parts)
        self._open: list[_OpenPart] = []
        self._calls: dict[int, _OpenPart] = {}
        self.report: UsageReport | None = None
        self.finish: Finish | None = None
        self.model: str | None = None
        self.characters = 0

    def apply(self, event: Event) -> None:
        """Take one event into account; events that carry no content are ignored."""
        if isinstance(event, TextDelta):
            self._append("text", event.text)
        elif isinstance(event, ReasoningDelta):
            self._append("reasoning", event.text)
        elif isinstance(event, ToolCallDelta):
            self._append_call(event)
        elif isinstance(event, UsageReport):
            self.report = event
        elif isinstance(event, Finish):
            self.finish = event
        elif isinstance(event, ModelNamed):
            self.model = event.model

    def _append(self, kind: str, text: str) -> None:
        if not text:
            return
        if not self._open or self._open[-1].kind != kind:
            self._open.append(_OpenPart(kind))
        self._open[-1].pieces.append(text)
        self.characters += len(text)

    def _append_call(self, event: ToolCallDelta) -> None:
        part = self._calls.get(event.index)
        if part is None:
            part = self._calls[event.index] = _OpenPart("tool-call")
            self._open.append(part)
        part.id = part.id or event.id
        part.name = part.name or event.name
        part.pieces.append(event.arguments)
        self.characters += len(event.arguments)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts so far, as values; O(answer)."""
        return self._frozen + tuple(part.freeze() for part in list(self._open))

    @property
    def text(self) -> str:
        """The text parts so far, joined; O(answer)."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))
