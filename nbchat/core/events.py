"""Events: the ordered facts of a job. What a provider yields, what the log keeps and what a view reduces are the same values.

A provider yields `ProviderEvent`s; the session adds `ToolResult`, `TurnStart`, `TurnEnd` and
`TurnError`. `to_json` is the wire form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeAlias

from nbchat.core.cost import Cost
from nbchat.core.messages import Message
from nbchat.core.usage import Usage

__all__ = [
    "Event",
    "Finish",
    "LeftOut",
    "Loading",
    "ModelNamed",
    "ProviderEvent",
    "ReasoningDelta",
    "RequestSent",
    "Retry",
    "TextDelta",
    "ToolCallDelta",
    "ToolResult",
    "TurnEnd",
    "TurnError",
    "TurnStart",
    "UsageReport",
    "Waiting",
]


class _Wire:
    """Gives an event its JSON form: the fields of the dataclass and `type`."""

    __slots__ = ()
    type: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """Return the event as a JSON object with its `type`; nested values by their own `to_json`, None and {} left out."""
        data: dict[str, Any] = {"type": self.type}
        for each in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, each.name)
            if isinstance(value, tuple):
                data[each.name] = [item.to_json() for item in value]
            elif hasattr(value, "to_json"):
                data[each.name] = value.to_json()
            elif isinstance(value, Mapping):
                if value:
                    data[each.name] = {name: list(ids) for name, ids in value.items()}
            elif value is not None:
                data[each.name] = value
        return data


@dataclass(frozen=True, slots=True)
class TextDelta(_Wire):
    """The answer goes on with `text`."""

    type: ClassVar[str] = "text-delta"
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta(_Wire):
    """The model's reasoning goes on with `text`."""

    type: ClassVar[str] = "reasoning-delta"
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta(_Wire):
    """A fragment of tool call number `index` of the answer; `id` and `name` come once, `arguments` in pieces.

    Providers count the calls of one request, from 0; a session counts on over all requests of a turn."""

    type: ClassVar[str] = "tool-call-delta"
    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult(_Wire):
    """What the tool call `call_id` of this turn gave; `error` when it failed, was refused or was stopped, and `denied` when it
    was refused: by a person, or because nobody was there to allow it."""

    type: ClassVar[str] = "tool-result"
    call_id: str
    text: str
    error: bool = False
    denied: bool = False


@dataclass(frozen=True, slots=True)
class UsageReport(_Wire):
    """The provider's count so far; a later report replaces an earlier one. `raw` is what it literally said."""

    type: ClassVar[str] = "usage"
    usage: Usage
    cost: Cost | None = None
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class ModelNamed(_Wire):
    """The response names the model that answers; it wins over the one asked for."""

    type: ClassVar[str] = "model"
    model: str


@dataclass(frozen=True, slots=True)
class Finish(_Wire):
    """The provider ended the answer; `reason` is its finish reason, None when it only sent [DONE]."""

    type: ClassVar[str] = "finish"
    reason: str | None


@dataclass(frozen=True, slots=True)
class Retry(_Wire):
    """Attempt number `attempt` (2 is the first retry) starts in `delay` seconds because of `reason`."""

    type: ClassVar[str] = "retry"
    attempt: int
    delay: float
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut(_Wire):
    """`parameter` was given for this request and is not in it: the provider is known to refuse it."""

    type: ClassVar[str] = "left-out"
    parameter: str


@dataclass(frozen=True, slots=True)
class RequestSent(_Wire):
    """The request has left: from here on it may be billed."""

    type: ClassVar[str] = "request-sent"


@dataclass(frozen=True, slots=True)
class Waiting(_Wire):
    """The connection lives (a comment came, or the model is loaded) but no token did, `seconds` since the last one."""

    type: ClassVar[str] = "waiting"
    seconds: float


@dataclass(frozen=True, slots=True)
class Loading(_Wire):
    """The server brings the model into memory, since `seconds`: `text` says so for people, `progress` (0 to 1) how far it is
    where the server tells. `again`: it refused the request for now, which is sent anew in that many seconds; None: it keeps
    the request until the model is there."""

    type: ClassVar[str] = "loading"
    text: str
    progress: float | None = None
    seconds: float = 0.0
    again: float | None = None


@dataclass(frozen=True, slots=True)
class TurnStart(_Wire):
    """A turn begins: its id, and the user and (streaming) assistant messages, both already saved. The answer has no parts
    yet, unless the turn goes on with one that was cut short. `siblings` gives, for those of the two that have any, the ids
    of all messages in the same place of the tree, itself among them, oldest first."""

    type: ClassVar[str] = "turn-start"
    turn: str
    messages: tuple[Message, ...]
    siblings: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class TurnEnd(_Wire):
    """A turn ended as "complete" or "stopped" and is saved. `message` is the answer without its parts; `checksum` is the
    CRC-32 of its text as UTF-8, so that a view can tell whether it has it all. `total` is the conversation's cost."""

    type: ClassVar[str] = "turn-end"
    turn: str
    message: Message
    checksum: int
    total: Cost | None = None


@dataclass(frozen=True, slots=True)
class TurnError(_Wire):
    """A turn ended as "error" or "interrupted" (see `message.error`) and its partial is saved; fields as in `TurnEnd`."""

    type: ClassVar[str] = "turn-error"
    turn: str
    message: Message
    checksum: int
    total: Cost | None = None


ProviderEvent: TypeAlias = (
    TextDelta
    | ReasoningDelta
    | ToolCallDelta
    | UsageReport
    | ModelNamed
    | Finish
    | Retry
    | LeftOut
    | RequestSent
    | Waiting
    | Loading
)
Event: TypeAlias = ProviderEvent | ToolResult | TurnStart | TurnEnd | TurnError
