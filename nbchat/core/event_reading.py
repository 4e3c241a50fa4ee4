"""From the JSON form of an event (`to_json`) back to the event: what one kernel wrote, another one reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbchat.core.cost import Cost
from nbchat.core.errors import UsageError
from nbchat.core.events import (
    Event,
    Finish,
    LeftOut,
    Loading,
    ModelNamed,
    ReasoningDelta,
    RequestSent,
    Retry,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    TurnEnd,
    TurnError,
    TurnStart,
    UsageReport,
    Waiting,
)
from nbchat.core.messages import Message
from nbchat.core.usage import Usage

__all__ = ["event_from_json"]


def event_from_json(data: Mapping[str, Any]) -> Event:
    """Return the event that `to_json` made; raises UsageError for one that this version does not know."""
    kind = data["type"]
    values = {name: value for name, value in data.items() if name != "type"}
    if kind in _NESTED:
        return _NESTED[kind](values)
    if kind not in _FLAT:
        raise UsageError(f"this version knows no event {kind!r}.", hint="Upgrade it to that of the kernel that answers.")
    if kind == "finish":  # None is left out
        return Finish(values.get("reason"))
    return _FLAT[kind](**values)


def _usage(data: Mapping[str, Any]) -> Event:
    return UsageReport(Usage.from_json(data["usage"]), _cost(data.get("cost")), data.get("raw"))


def _start(data: Mapping[str, Any]) -> Event:
    siblings = {message: tuple(ids) for message, ids in data.get("siblings", {}).items()}
    return TurnStart(data["turn"], tuple(Message.from_json(message) for message in data["messages"]), siblings)


def _end(kind: type[TurnEnd | TurnError]) -> Callable[[Mapping[str, Any]], Event]:
    def read(data: Mapping[str, Any]) -> Event:
        return kind(data["turn"], Message.from_json(data["message"]), data["checksum"], _cost(data.get("total")))

    return read


def _cost(data: dict[str, Any] | None) -> Cost | None:
    return None if data is None else Cost.from_json(data)


_FLAT: dict[str, Callable[..., Event]] = {
    each.type: each
    for each in (
        TextDelta, ReasoningDelta, ToolCallDelta, ToolResult, ModelNamed, Finish, Retry, LeftOut, RequestSent, Waiting, Loading,
    )
}  # fmt: skip
_NESTED: dict[str, Callable[[Mapping[str, Any]], Event]] = {
    UsageReport.type: _usage,
    TurnStart.type: _start,
    TurnEnd.type: _end(TurnEnd),
    TurnError.type: _end(TurnError),
}
