"""Folds the appended pieces of a running answer into its parts. Pure.

A piece goes on where the one before ended: its first part continues the last part so far when both are of one kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbchat.core.messages import Part, ReasoningPart, TextPart, ToolCallPart

__all__ = ["fold"]


def fold(pieces: Iterable[Sequence[Part]]) -> tuple[Part, ...]:
    """Return the parts that the pieces make, O(size). A tool call continues one with its id (or one that has none yet)."""
    parts: list[list[Part]] = []
    for piece in pieces:
        for number, part in enumerate(piece):
            if number == 0 and parts and _continues(parts[-1][0], part):
                parts[-1].append(part)
            else:
                parts.append([part])
    return tuple(_join(run) for run in parts)


def _continues(before: Part, part: Part) -> bool:
    if isinstance(part, ToolCallPart):
        return isinstance(before, ToolCallPart) and (not part.id or part.id == before.id)
    return isinstance(part, TextPart | ReasoningPart) and type(before) is type(part)


def _join(run: list[Part]) -> Part:
    first = run[0]
    if len(run) == 1:
        return first
    if isinstance(first, TextPart):
        return TextPart("".join(part.text for part in run if isinstance(part, TextPart)))
    if isinstance(first, ReasoningPart):
        texts = [part for part in run if isinstance(part, ReasoningPart)]
        seconds = next((part.seconds for part in reversed(texts) if part.seconds is not None), None)
        return ReasoningPart("".join(part.text for part in texts), seconds)
    calls = [part for part in run if isinstance(part, ToolCallPart)]
    name = next((call.name for call in calls if call.name), "")
    return ToolCallPart(calls[0].id, name, "".join(call.arguments for call in calls))
