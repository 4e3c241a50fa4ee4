"""Message: one node of a conversation's tree, made of parts. Frozen values; a changed message is a new one.

Must not know how messages are stored, sent or drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from nbchat.core.cost import Cost
from nbchat.core.errors import ErrorInfo
from nbchat.core.usage import Usage

__all__ = [
    "Attachment",
    "FilePart",
    "ImagePart",
    "Message",
    "MessageStatus",
    "Part",
    "ReasoningPart",
    "Role",
    "TextPart",
    "ToolCallPart",
    "ToolResultPart",
    "part_from_json",
    "part_to_json",
]

Role = Literal["system", "user", "assistant", "tool"]
MessageStatus = Literal["streaming", "complete", "stopped", "error", "interrupted"]


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text as the person or the model wrote it."""

    text: str
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """What a reasoning model thought aloud; `seconds` is how long it took, when known."""

    text: str
    seconds: float | None = None
    type: Literal["reasoning"] = "reasoning"


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """The model asks for a call of `name`; `arguments` is the JSON text as it came, valid or not."""

    id: str
    name: str
    arguments: str
    type: Literal["tool-call"] = "tool-call"


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    """What the call `call_id` gave, as text; `error` when it gave none, and `denied` when that is because nobody allowed it."""

    call_id: str
    text: str
    error: bool = False
    denied: bool = False
    type: Literal["tool-result"] = "tool-result"


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image: a URL, or a `data:` URL with its bytes; `alt` is its description, or the name of its file. Width and height
    are in pixels, None where nobody knows."""

    url: str
    alt: str = ""
    width: int | None = None
    height: int | None = None
    type: Literal["image"] = "image"


@dataclass(frozen=True, slots=True)
class FilePart:
    """A text file that goes with a question: its name (no path) and its content."""

    name: str
    text: str
    type: Literal["file"] = "file"


Attachment: TypeAlias = ImagePart | FilePart
"""What goes with a question besides its text."""
Part: TypeAlias = TextPart | ReasoningPart | ToolCallPart | ToolResultPart | ImagePart | FilePart
_PARTS: dict[str, type[Any]] = {
    "text": TextPart,
    "reasoning": ReasoningPart,
    "tool-call": ToolCallPart,
    "tool-result": ToolResultPart,
    "image": ImagePart,
    "file": FilePart,
}


def part_to_json(part: Part) -> dict[str, Any]:
    """Return the part as JSON; `part_from_json` gives it back equal."""
    return {name: value for name in part.__slots__ if (value := getattr(part, name)) is not None}


def part_from_json(data: dict[str, Any]) -> Part:
    """Return the part that `part_to_json` made; raises KeyError for an unknown type."""
    cls = _PARTS[data["type"]]
    part: Part = cls(**{name: data[name] for name in cls.__slots__ if name in data and name != "type"})
    return part


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its place (`id`, `parent`), its content (`parts`) and how it came to be.

    `role` is "user" or "assistant" ("system" and "tool" stand in what is sent alone); `finish_reason` is the provider's word
    for why an answer ended ("stop", "length", ...). `created` is in seconds since the epoch (UTC). `usage` and `cost` are those
    of the requests that made this answer, None for questions. `error` is set when the status is "error" or "interrupted". Of
    answers only: `parameters` are those that were sent along (None for one that was given and left out, since the provider
    refuses it), `first_token_seconds` passed between the (last) request and its first token, `seconds` between that request and
    its end, tools not counted. An answer without `model` was written by the person. A `hidden` message is not sent to the
    model; a `deleted` one is shown nowhere until it is restored. `omitted` is how many of the messages before an answer were
    not sent, because the model's context was full.
    """

    id: str
    role: Role
    parts: tuple[Part, ...] = ()
    parent: str | None = None
    status: MessageStatus = "complete"
    finish_reason: str | None = None
    model: str | None = None
    created: float = 0.0
    usage: Usage | None = None
    cost: Cost | None = None
    error: ErrorInfo | None = None
    parameters: Mapping[str, Any] | None = field(default=None, hash=False)
    first_token_seconds: float | None = None
    seconds: float | None = None
    hidden: bool = False
    deleted: bool = False
    omitted: int = 0

    @property
    def tokens_per_second(self) -> float | None:
        """Output tokens a second since the first one came; None where a number is missing or no time passed."""
        tokens = None if self.usage is None else self.usage.output_tokens
        if tokens is None or self.seconds is None or self.first_token_seconds is None:
            return None
        passed = self.seconds - self.first_token_seconds
        return tokens / passed if passed > 0 else None

    @property
    def whole(self) -> bool:
        """Whether there is nothing to go on with: the model ended it, and not because of its length."""
        return self.status == "complete" and self.finish_reason not in ("length", None)

    @property
    def text(self) -> str:
        """All text parts joined; without reasoning and tools."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def reasoning(self) -> str:
        """All reasoning parts joined."""
        return "".join(part.text for part in self.parts if isinstance(part, ReasoningPart))

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The images and files, in order."""
        return tuple(part for part in self.parts if isinstance(part, ImagePart | FilePart))

    def _repr_markdown_(self) -> str:
        return self.text

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text)  # a terminal shows the answer, too; repr() has all there is to know

    def with_parts(self, parts: Sequence[Part]) -> Message:
        """Return this message with other content."""
        new = tuple(parts)
        return self if new == self.parts else replace(self, parts=new)

    def to_json(self) -> dict[str, Any]:
        """Return the message as JSON; `from_json` gives it back equal. What most messages lack is left out."""
        data: dict[str, Any] = {
            "id": self.id,
            "role": self.role,
            "parts": [part_to_json(part) for part in self.parts],
            "parent": self.parent,
            "status": self.status,
            "finish_reason": self.finish_reason,
            "model": self.model,
            "created": self.created,
            "usage": None if self.usage is None else self.usage.to_json(),
            "cost": None if self.cost is None else self.cost.to_json(),
            "error": None if self.error is None else self.error.to_json(),
        }
        if self.parameters is not None:
            data["parameters"] = dict(self.parameters)
        for name in ("first_token_seconds", "seconds"):
            if (value := getattr(self, name)) is not None:
                data[name] = value
        data.update((name, value) for name in ("hidden", "deleted", "omitted") if (value := getattr(self, name)))
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Message:
        """Return the message that `to_json` made."""
        usage, cost, error = data.get("usage"), data.get("cost"), data.get("error")
        return cls(
            id=data["id"],
            role=data["role"],
            parts=tuple(part_from_json(part) for part in data["parts"]),
            parent=data.get("parent"),
            status=data["status"],
            finish_reason=data.get("finish_reason"),
            model=data.get("model"),
            created=data.get("created", 0.0),
            usage=None if usage is None else Usage.from_json(usage),
            cost=None if cost is None else Cost.from_json(cost),
            error=None if error is None else ErrorInfo.from_json(error),
            parameters=data.get("parameters"),
            first_token_seconds=data.get("first_token_seconds"),
            seconds=data.get("seconds"),
            hidden=data.get("hidden", False),
            deleted=data.get("deleted", False),
            omitted=data.get("omitted", 0),
        )
