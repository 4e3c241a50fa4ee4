"""ConversationTree: one conversation's messages in memory, its active path and branches, and what its requests came to.

Owns the tree and its sums; must not know about turns, queues or storage. `path` and the branches may be read from any thread.

A deleted message is passed over wherever the tree is walked: its children stand below its parent, and come back to their own
place when it is restored. So nothing is ever written anew when something is deleted in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost, sum_cost
from nbchat.core.messages import Message
from nbchat.core.model_names import is_model
from nbchat.core.requests import RequestRecord
from nbchat.core.usage import Usage, sum_usage
from nbchat.sessions.size import Told, told_by

__all__ = ["ConversationTree", "path_to"]


class ConversationTree:
    """The messages of `conversation` by id, and the costs of all its requests (every branch, deleted messages too)."""

    def __init__(self, conversation: Conversation, messages: Iterable[Message], records: Iterable[RequestRecord]) -> None:
        self.conversation = conversation
        self._messages = {message.id: message for message in messages}
        self.seen: object = None
        """What the store said when this was read there (`Standing.changes`)."""
        self._settled: dict[str, tuple[Usage | None, Cost | None]] = {}
        self._told: dict[str, Told] = {}
        self._outputs: list[int] = []
        for row in records:
            self.settle(row)
        self._version = 0
        self._path: tuple[int, str | None, tuple[Message, ...]] | None = None
        self._children: tuple[int, Mapping[str | None, tuple[str, ...]]] | None = None

    # ------------------------------------------------------------ reading

    @property
    def path(self) -> tuple[Message, ...]:
        """The messages from the root to the head of the active path."""
        # The version is read first: when the loop changes a message while another thread walks, what that thread keeps
        # is of an old version, and so nobody is given it again.
        version, head, known = self._version, self.conversation.head, self._path
        if known is None or known[:2] != (version, head):
            known = self._path = (version, head, path_to(dict(self._messages), head))
        return known[2]

    @property
    def version(self) -> int:
        """A number that changes with every change of a message."""
        return self._version

    @property
    def all(self) -> tuple[Message, ...]:
        """Every message in the order of creation, deleted ones too."""
        return tuple(self._messages.values())

    def get(self, message_id: str) -> Message | None:
        """Return a message of any branch, a deleted one too."""
        return self._messages.get(message_id)

    def path_to(self, message_id: str | None) -> tuple[Message, ...]:
        """Return the messages from the root to this one."""
        return path_to(self._messages, message_id)

    def siblings(self, message_id: str) -> tuple[str, ...]:
        """Return the ids of the messages of the same role in the same place of the tree, itself among them, oldest first."""
        message = self._messages.get(message_id)
        if message is None or message.deleted:
            return ()
        beside = self._below().get(_parent(self._messages, message), ())
        return tuple(each for each in beside if self._messages[each].role == message.role)

    def leaf(self, message_id: str) -> str:
        """Return the id of the newest message below this one along the newest branch, or its own."""
        below, seen = self._below(), {message_id}
        while (children := below.get(message_id)) and children[-1] not in seen:
            message_id = children[-1]
            seen.add(message_id)
        return message_id

    def _below(self) -> Mapping[str | None, tuple[str, ...]]:
        """The children that are shown, by parent that is shown, in the order of creation."""
        version, known = self._version, self._children
        if known is None or known[0] != version:
            messages = dict(self._messages)
            found: dict[str | None, list[str]] = {}
            for message in messages.values():
                if not message.deleted:
                    found.setdefault(_parent(messages, message), []).append(message.id)
            known = self._children = (version, {parent: tuple(ids) for parent, ids in found.items()})
        return known[1]

    # ------------------------------------------------------------ changing

    def go_on(self) -> None:
        """Let the active path go on to its end: a kernel that died while an answer in its midst was resumed left the rest below
        its head."""
        head = self._messages.get(self.conversation.head or "")
        if head is not None and not head.deleted:
            self.conversation = replace(self.conversation, head=self.leaf(head.id))

    def add(self, messages: Iterable[Message], *, now: float) -> None:
        """Add messages (one that is there already is replaced, but for its marks); the last one becomes the head."""
        head = self.conversation.head
        for message in messages:
            known = self._messages.get(message.id, message)
            self._messages[message.id] = replace(message, hidden=known.hidden, deleted=known.deleted)
            head = message.id
        self._version += 1
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

    # ------------------------------------------------------------ money

    def settle(self, row: RequestRecord) -> None:
        """Count what one request used and cost, once."""
        if row.id in self._settled:
            return
        self._settled[row.id] = (row.usage, row.cost)
        if (told := told_by(row)) is not None:
            self._told[row.message] = told
        if row.purpose != "title" and row.usage.output_tokens:
            self._outputs.append(row.usage.output_tokens)

    def told(self, message_id: str) -> Told | None:
        """Return what was reported of the size of an answer's last request."""
        return self._told.get(message_id)

    def answering(self, label: str) -> str:
        """Return the label under which the model of this one answered last here, with its version, or the label itself: what its
        requests stand under in the ledger."""
        return next((told.model for told in reversed(self._told.values()) if is_model(label, told.model)), label)

    @property
    def mean_output(self) -> int:
        """How many tokens an answer of this conversation has on average; 0 before the first."""
        return sum(self._outputs) // len(self._outputs) if self._outputs else 0

    @property
    def usage(self) -> Usage:
        """Tokens of all requests."""
        return sum_usage(usage for usage, _ in self._settled.values())

    @property
    def cost(self) -> Cost:
        """Cost of all requests."""
        return self.cost_with(())

    def cost_with(self, more: Iterable[Cost]) -> Cost:
        """Return the cost of all requests and of those that are not counted yet."""
        return sum_cost([*(cost for _, cost in self._settled.values()), *more])


def path_to(messages: Mapping[str, Message], head: str | None) -> tuple[Message, ...]:
    """Return the messages from the root to `head`, in order, each with the parent that it is shown below; a parent that is
    missing ends the walk there.

    A cycle (only a damaged database has one) ends it too.
    """
    path: list[Message] = []
    seen: set[str] = set()
    while head is not None and head in messages and head not in seen:
        seen.add(head)
        message = messages[head]
        if not message.deleted:
            path.append(message)
        head = message.parent
    path.reverse()
    for at, message in enumerate(path):
        shown_below = path[at - 1].id if at else None
        if message.parent != shown_below and message.parent in messages:
            path[at] = replace(message, parent=shown_below)
    return tuple(path)


def _parent(messages: Mapping[str, Message], message: Message) -> str | None:
    """The nearest ancestor that is shown."""
    seen = {message.id}
    parent = message.parent
    while parent is not None and parent in messages and messages[parent].deleted and parent not in seen:
        seen.add(parent)
        parent = messages[parent].parent
    return parent if parent in messages else None
