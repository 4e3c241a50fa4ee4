"""ConversationTree: one conversation's messages in memory, its active path, and what its requests came to.

Owns the tree and its sums; must not know about turns, queues or storage. `path` may be read from any thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nbchat.core.conversations import Conversation
from nbchat.core.cost import UNKNOWN_COST, Cost, sum_cost
from nbchat.core.messages import Message
from nbchat.core.requests import RequestRecord
from nbchat.core.usage import Usage, sum_usage

__all__ = ["ConversationTree", "path_to"]


class ConversationTree:
    """The messages of `conversation` by id, and the costs of all its requests (every branch, deleted messages too)."""

    def __init__(self, conversation: Conversation, messages: Iterable[Message], records: Iterable[RequestRecord]) -> None:
        self.conversation = conversation
        self._messages = {message.id: message for message in messages}
        self._settled: list[tuple[Usage | None, Cost | None]] = [(row.usage, row.cost) for row in records]
        self._version = 0
        self._path: tuple[int, str | None, tuple[Message, ...]] | None = None

    @property
    def path(self) -> tuple[Message, ...]:
        """The messages from the root to the head of the active path."""
        # The version is read first: when the loop changes a message while another thread walks, what that thread keeps
        # is of an old version, and so nobody is given it again.
        version, head, known = self._version, self.conversation.head, self._path
        if known is None or known[:2] != (version, head):
            known = self._path = (version, head, path_to(dict(self._messages), head))
        return known[2]

    def get(self, message_id: str) -> Message | None:
        """Return a message of any branch."""
        return self._messages.get(message_id)

    def path_to(self, message_id: str) -> tuple[Message, ...]:
        """Return the messages from the root to this one."""
        return path_to(self._messages, message_id)

    def add(self, messages: Iterable[Message], *, now: float) -> None:
        """Add new messages; the last one becomes the head."""
        head = self.conversation.head
        for message in messages:
            self._messages[message.id] = message
            head = message.id
        self.conversation = replace(self.conversation, head=head, updated=now)

    def replace(self, message: Message) -> None:
        """Put a newer version of a message in its place; one that is not in the tree is ignored."""
        if message.id in self._messages:
            self._messages[message.id] = message
            self._version += 1

    def load(self, conversation: Conversation, messages: Iterable[Message]) -> None:
        """Take over what storage says."""
        self.conversation = conversation
        self._messages = {message.id: message for message in messages}
        self._version += 1

    def settle(self, message: Message) -> None:
        """Count what the request behind this answer used and cost."""
        if message.usage is not None or message.cost is not None:
            self._settled.append((message.usage, message.cost))

    @property
    def usage(self) -> Usage:
        """Tokens of all requests."""
        return sum_usage(usage for usage, _ in self._settled)

    @property
    def cost(self) -> Cost:
        """Cost of all requests."""
        return self.cost_with(())

    def cost_with(self, more: Iterable[Cost]) -> Cost:
        """Return the cost of all requests and of those that are not counted yet; unknown where currencies differ."""
        try:
            return sum_cost([*(cost for _, cost in self._settled), *more])
        except ValueError:
            return UNKNOWN_COST


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
