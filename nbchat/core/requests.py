"""RequestRecord: one billed call in the append-only ledger; and what is asked of a provider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nbchat.core.attachments import caption, framed
from nbchat.core.cost import Cost, Price
from nbchat.core.messages import FilePart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.tools import ToolSpec
from nbchat.core.usage import Usage

__all__ = ["ModelRequest", "Purpose", "RequestRecord", "RequestStatus"]

Purpose = Literal["answer", "tool-round", "title", "continuation", "check"]
"""Why a request was made; a "check" is the small one of `%nbchat doctor`."""
RequestStatus = Literal["complete", "stopped", "error", "interrupted"]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a provider is asked: the model's id, the messages in order (a system message first, if any) and parameters.

    `id` is the client request id: the same id is never billed twice. With `continues` the last message is a partial answer
    that the model is to go on with (only for a provider that `continues`). `tools` are what the model may call.
    """

    id: str
    model: str
    messages: tuple[Message, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[ToolSpec, ...] = ()
    continues: bool = False

    @property
    def texts(self) -> list[str]:
        """All the text that is sent: messages without their reasoning, files in their frames, calls and results, and tools."""
        texts: list[str] = []
        for part in (part for message in self.messages for part in message.parts):
            if isinstance(part, ToolCallPart):
                texts += (part.name, part.arguments)
            elif isinstance(part, FilePart):
                texts.append(framed(part))
            elif isinstance(part, ImagePart):
                texts.append(caption(part))
            elif isinstance(part, TextPart | ToolResultPart):
                texts.append(part.text)
        for tool in self.tools:
            texts += (tool.name, tool.description, json.dumps(dict(tool.parameters), default=str))
        return texts

    @property
    def has_images(self) -> bool:
        """Whether images are sent along, which nobody can count in characters."""
        return any(isinstance(part, ImagePart) for message in self.messages for part in message.parts)


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One row of the ledger: what was asked of whom, why, how it ended, what it used and cost, and the price used.

    Written once when the request is settled and never changed; it survives the deletion of messages and conversations.
    `started` and `ended` are seconds since the epoch; `raw_usage` is the provider's own JSON text. `notebook` names the notebook
    (or script) in whose kernel it was made. `input_characters` and `output_characters` are how much text was sent and came
    (reasoning and arguments included), None where nobody counted: with reported tokens they tell what a character is worth.
    """

    id: str
    conversation: str
    conversation_name: str
    turn: str
    message: str
    purpose: Purpose
    provider: str
    model: str
    status: RequestStatus
    started: float
    ended: float
    usage: Usage
    cost: Cost
    price: Price | None = None
    raw_usage: str | None = None
    first_token_seconds: float | None = None
    notebook: str = ""
    input_characters: int | None = None
    output_characters: int | None = None
