"""Numbering: the numbers of a followed turn's tool calls, and what an answer has grown by. Pure.

Deltas name a call by its number in its turn. Who attaches in the midst of one gets parts, which have none: so this kernel numbers
the calls that it tells by itself, and learns the other's numbers as they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nbchat.core.events import Event, ReasoningDelta, TextDelta, ToolCallDelta, ToolResult
from nbchat.core.messages import Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

__all__ = ["Numbering"]


class Numbering:
    """One followed turn's."""

    def __init__(self) -> None:
        self._ours: dict[int, int] = {}
        self._told = 0
        """How many calls were told as deltas."""
        self._before = 0
        """How many calls the answer had at the start."""

    def begin(self, parts: Sequence[Part]) -> tuple[tuple[Part, ...], list[Event]]:
        """Return the parts to begin with, and what is told right after them: calls at the end, which may still grow."""
        closed = len(parts)
        while closed and isinstance(parts[closed - 1], ToolCallPart):
            closed -= 1
        start = tuple(parts[:closed])
        self._before = sum(isinstance(part, ToolCallPart) for part in start)
        return start, self.grown(start, parts)

    def of(self, event: Event) -> Event:
        """Return the event with this kernel's number of its call."""
        if not isinstance(event, ToolCallDelta):
            return event
        if event.index not in self._ours:
            fresh = bool(event.id or event.name) or not self._told
            self._ours[event.index] = self._told if fresh else self._told - 1
            self._told += fresh
        return replace(event, index=self._ours[event.index])

    def grown(self, old: Sequence[Part], new: Sequence[Part]) -> list[Event]:
        """Return what leads from the one content to the other, which begins with it; nothing where it does not."""
        found: list[Event] = []
        calls = sum(isinstance(part, ToolCallPart) for part in old) - self._before
        if old:
            last, now = old[-1], new[len(old) - 1] if len(new) >= len(old) else None
            if tuple(new[: len(old) - 1]) != tuple(old[:-1]) or type(now) is not type(last):
                return []
            rest = _rest(last, now, calls - 1)
            if rest is None:
                return []
            found += rest
        for part in new[len(old) :]:
            if isinstance(part, ToolCallPart):
                found.append(ToolCallDelta(calls, part.id, part.name, part.arguments))
                calls += 1
            elif isinstance(part, ToolResultPart):
                found.append(ToolResult(part.call_id, part.text, part.error, part.denied))
            elif isinstance(part, TextPart | ReasoningPart):
                found.append(TextDelta(part.text) if isinstance(part, TextPart) else ReasoningDelta(part.text))
        self._told = max(self._told, calls)
        return found


def _rest(old: Part, new: Part | None, number: int) -> list[Event] | None:
    """What one part has grown by; None where it has not grown but changed."""
    if isinstance(old, ToolCallPart) and isinstance(new, ToolCallPart):
        if not new.arguments.startswith(old.arguments):
            return None
        rest = new.arguments[len(old.arguments) :]
        return [ToolCallDelta(number, arguments=rest)] if rest else []
    if isinstance(old, TextPart | ReasoningPart) and isinstance(new, TextPart | ReasoningPart):
        if not new.text.startswith(old.text):
            return None
        rest = new.text[len(old.text) :]
        kind = TextDelta if isinstance(old, TextPart) else ReasoningDelta
        return [kind(rest)] if rest else []
    return [] if old == new else None
