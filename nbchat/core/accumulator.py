"""TurnAccumulator: folds a turn's events into the parts of its answer, in order.

Owns nothing but the fold; appending is O(1), the text is joined only when somebody reads it.
Safe to read from another thread than the one that applies events: lists only grow.
"""

from __future__ import annotations

from collections.abc import Iterable

from nbchat.core.events import Event, ModelNamed, ReasoningDelta, TextDelta, ToolCallDelta, ToolResult
from nbchat.core.messages import Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

__all__ = ["TurnAccumulator"]


class _OpenPart:
    """A part that still grows: kind "text", "reasoning" or "tool-call", and its pieces."""

    __slots__ = ("given", "id", "kind", "name", "pieces")

    def __init__(self, kind: str, text: str = "") -> None:
        self.kind = kind
        self.pieces = [text] if text else []
        self.given = len(self.pieces)
        self.id = ""
        self.name = ""

    def freeze(self) -> Part:
        text = "".join(self.pieces)
        if self.kind == "tool-call":
            return ToolCallPart(self.id, self.name, text)
        return TextPart(text) if self.kind == "text" else ReasoningPart(text)

    def event(self, index: int) -> Event:
        """What the part has grown by; `index` is a tool call's number."""
        text = "".join(self.pieces[self.given :])
        if self.kind == "tool-call":
            return ToolCallDelta(index, self.id, self.name, text)
        return TextDelta(text) if self.kind == "text" else ReasoningDelta(text)


class TurnAccumulator:
    """The answer so far: its parts, and the model that answers.

    `parts` are those that the answer has already; what comes goes on in the last one where it is of the same kind.
    `characters` counts what came since.
    """

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        # What there was at the start, and the last part of it once that grows: one value, so that readers see both change.
        self._start: tuple[tuple[Part, ...], tuple[_OpenPart, ...]] = (tuple(parts), ())
        self._open: list[_OpenPart | ToolResultPart] = []
        self._calls: dict[int, _OpenPart] = {}
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
        elif isinstance(event, ToolResult):
            self._open.append(ToolResultPart(event.call_id, event.text, event.error, event.denied))
        elif isinstance(event, ModelNamed):
            self.model = event.model

    def _append(self, kind: str, text: str) -> None:
        if not text:
            return
        last = self._open[-1] if self._open else self._reopened(kind)
        if not isinstance(last, _OpenPart) or last.kind != kind:
            last = _OpenPart(kind)
            self._open.append(last)
        last.pieces.append(text)
        self.characters += len(text)

    def _reopened(self, kind: str) -> _OpenPart | None:
        """Return the last part that was there from the start, open again, where it is of this kind."""
        frozen, opened = self._start
        if not opened and frozen and isinstance(last := frozen[-1], TextPart if kind == "text" else ReasoningPart):
            opened = (_OpenPart(kind, last.text),)
            self._start = (frozen[:-1], opened)
        return opened[0] if opened else None

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
        frozen, opened = self._start
        return frozen + tuple(part.freeze() if isinstance(part, _OpenPart) else part for part in (*opened, *self._open))

    def events(self) -> list[Event]:
        """Return the fewest events that fold to what came since the start; tool calls keep their numbers, so that later deltas go
        on in them. O(answer)."""
        numbers = {id(part): number for number, part in self._calls.items()}
        found: list[Event] = [] if self.model is None else [ModelNamed(self.model)]
        for part in (*self._start[1], *self._open):
            if isinstance(part, ToolResultPart):
                found.append(ToolResult(part.call_id, part.text, part.error, part.denied))
            else:
                found.append(part.event(numbers.get(id(part), 0)))
        return found

    @property
    def text(self) -> str:
        """The text parts so far, joined; O(answer)."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))
