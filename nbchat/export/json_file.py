"""JSON of a conversation: a file to keep, from which every value of every branch comes back equal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from nbchat.core.conversations import Conversation
from nbchat.core.errors import UsageError
from nbchat.core.messages import Message
from nbchat.export.document import to_document
from nbchat.export.reading import NOT_OURS, from_document

__all__ = ["from_json", "parsed", "to_json"]


def to_json(conversation: Conversation, messages: Iterable[Message]) -> str:
    """Return the conversation and all its messages, in the order given, as JSON text in ASCII."""
    return json.dumps(to_document(conversation, messages), indent=1) + "\n"


def from_json(text: str) -> tuple[Conversation, list[Message]]:
    """Return what `to_json` was given, without what had been deleted; raises UsageError that says what is wrong."""
    return from_document(parsed(text))


def parsed(text: str) -> Any:
    """Return the JSON values of a text; raises UsageError for a text that is none."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise UsageError("This file is nested too deep to be a conversation that nbchat exported.", hint=NOT_OURS) from None
    except ValueError as error:
        raise UsageError(f"This is not a file that nbchat exported, or it was cut: {error}.", hint=NOT_OURS) from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
