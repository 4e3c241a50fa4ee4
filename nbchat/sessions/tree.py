"""The tree of messages: which of them form the active path. Pure functions over values."""

from __future__ import annotations

from collections.abc import Mapping

from nbchat.core.messages import Message

__all__ = ["path_to"]


def path_to(messages: Mapping[str, Message], head: str | None) -> tuple[Message, ...]:
    """Return the messages from the root to `head`, in order; a parent that is missing ends the walk there.

    A cycle (only a damaged database has one) ends it too.
    """
    path: list[Message] = []
    seen: set[str] = set()
    while head is not None and head in messages and head not in seen:
        seen.add(head)
        path.append(messages[head])
        head = messages[head].parent
    return tuple(reversed(path))
