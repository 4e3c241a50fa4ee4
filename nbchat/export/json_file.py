"""JSON of a conversation: a file to keep, from which every value comes back equal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from nbchat.core.conversations import Conversation
from nbchat.core.errors import UsageError
from nbchat.core.messages import Message

__all__ = ["FORMAT", "from_json", "to_json"]

FORMAT = "nbchat/1"
_FIELDS = ("id", "name", "title", "provider", "model", "system", "parameters", "head", "created", "updated")


def to_json(conversation: Conversation, messages: Iterable[Message]) -> str:
    """Return the conversation and the messages, in the order given, as JSON text in ASCII."""
    facts: dict[str, Any] = {name: getattr(conversation, name) for name in _FIELDS}
    facts["parameters"] = dict(conversation.parameters)
    document = {"format": FORMAT, "conversation": facts, "messages": [message.to_json() for message in messages]}
    return json.dumps(document, indent=1) + "\n"


def from_json(text: str) -> tuple[Conversation, list[Message]]:
    """Return what `to_json` was given; raises UsageError for another kind of file."""
    try:
        document = json.loads(text)
        known = document["format"] == FORMAT
        conversation = Conversation(**{name: document["conversation"][name] for name in _FIELDS}) if known else None
        messages = [Message.from_json(message) for message in document["messages"]] if known else []
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("this is not a conversation that nbchat exported.") from error
    if conversation is None:
        raise UsageError(f"this export has the format {document['format']}, which this nbchat does not know.")
    return conversation, messages
