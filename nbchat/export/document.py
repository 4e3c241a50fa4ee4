"""A conversation's whole tree as a JSON document, and fresh ids for one that was read: what every lossless form contains.

Reading, where the document may be anybody's, is `reading`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from nbchat.core.conversations import Conversation
from nbchat.core.ids import new_id
from nbchat.core.messages import Message

__all__ = ["FORMAT", "kept", "renewed", "to_document"]

FORMAT = "nbchat/2"
FIELDS = ("id", "name", "title", "provider", "model", "system", "head", "created", "updated", "titled", "archived", "when_full")
"""Facts of a conversation that travel; its budget is the person's own and stays behind."""


def to_document(conversation: Conversation, messages: Iterable[Message]) -> dict[str, Any]:
    """Return the conversation with all messages of all branches, in the order given, as JSON values; what was deleted stays
    behind."""
    conversation, left = kept(conversation, messages)
    facts: dict[str, Any] = {name: getattr(conversation, name) for name in FIELDS}
    facts["parameters"] = dict(conversation.parameters)
    return {"format": FORMAT, "conversation": facts, "messages": [message.to_json() for message in left]}


def kept(conversation: Conversation, messages: Iterable[Message]) -> tuple[Conversation, list[Message]]:
    """Leave out deleted messages: what stood below one stands below its nearest ancestor that is left, and so does the head
    (as `sessions.tree` shows them)."""
    by_id = {message.id: message for message in messages}
    left = [
        message if (above := _left(by_id, message.parent)) == message.parent else replace(message, parent=above)
        for message in by_id.values()
        if not message.deleted
    ]
    return replace(conversation, head=_left(by_id, conversation.head)), left


def _left(messages: Mapping[str, Message], at: str | None) -> str | None:
    """The message itself or its nearest ancestor that is not deleted."""
    seen: set[str] = set()
    while at is not None and at in messages and messages[at].deleted and at not in seen:
        seen.add(at)
        at = messages[at].parent
    return at if at in messages and at not in seen else None


def renewed(conversation: Conversation, messages: Iterable[Message]) -> tuple[Conversation, list[Message]]:
    """Return the same tree under fresh ids, so that it can stand beside the one that it was exported from."""
    given = list(messages)
    ids: dict[str | None, str] = {message.id: new_id() for message in given}
    fresh = [replace(message, id=ids[message.id], parent=ids.get(message.parent)) for message in given]
    return replace(conversation, id=new_id(), head=ids.get(conversation.head)), fresh
