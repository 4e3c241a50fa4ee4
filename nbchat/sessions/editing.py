"""Editing: the part of a session that changes its tree: branches, replies by hand, marks. No request is made here.

Owns the rule "save, then show": the store has a change before the tree does. On the background loop, but for reading.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nbchat.core.conversations import Conversation
from nbchat.core.errors import UsageError
from nbchat.core.ids import new_id
from nbchat.core.messages import Message, TextPart
from nbchat.core.texts import text_of
from nbchat.sessions.ports import Ports
from nbchat.sessions.state import SignalName
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

__all__ = ["Editing"]


class Editing(ABC):
    """What `Session` stands on: the tree and the changes that people make in it."""

    def __init__(self, tree: ConversationTree, ports: Ports) -> None:
        self._tree = tree
        self._ports = ports
        self.closed = False
        """Whether this session has ended; another one of its conversation may live."""

    @abstractmethod
    def emit(self, name: SignalName, turn: Turn | None = None, data: Any = None) -> None:
        """Send a signal to all listeners."""

    def siblings(self, message_id: str) -> tuple[Message, ...]:
        """Return the messages in the same place of the tree, itself among them, oldest first. Any thread."""
        found = (self._tree.get(each) for each in self._tree.siblings(message_id))
        return tuple(message for message in found if message is not None)

    def path_to(self, message_id: str) -> tuple[Message, ...]:
        """Return the path that ends with this message; raises UsageError for an unknown one. Any thread."""
        return self._tree.path_to(self._message(message_id).id)

    async def switch(self, message_id: str) -> None:
        """Make the newest branch through this message the active path; raises UsageError for an unknown one."""
        self._check_open()
        head = self._tree.leaf(self._message(message_id).id)
        if head != self._tree.conversation.head:
            await self._save_head(head)
            self.emit("path-changed")

    async def edit_reply(self, message_id: str, text: str) -> Message:
        """Put an answer in other words by hand, beside the old one, and go on from there; returns it. Raises UsageError for a
        message that is no answer, or that still runs."""
        self._check_open()
        message = self._message(message_id)
        if message.role != "assistant" or message.status == "streaming":
            raise UsageError("This message is no finished answer.", hint="A question is changed with edit(message_id, text).")
        text = text_of(text, "An answer")
        if not text.strip():
            raise UsageError("The answer is empty.", hint="Write something, or delete the answer.")
        now = self._ports.clock.time()
        reply = Message(new_id(), "assistant", (TextPart(text),), message.parent, created=now)
        await self._ports.store.add_messages(self._tree.conversation.id, [reply], head=reply.id)
        self._tree.add([reply], now=now)
        self.emit("message-added", None, reply)
        self.emit("path-changed")
        return reply

    async def hide(self, message_id: str, hidden: bool = True) -> None:
        """Keep a message from the model, from the next request on, or show it again."""
        self._check_open()
        await self._mark([self._message(message_id).id], hidden=hidden)

    async def delete(self, message_id: str) -> tuple[str, ...]:
        """Delete a message, a question together with its answers; what follows stays. Returns the ids, for `restore`. Raises
        UsageError while its answer runs."""
        self._check_open()
        message = self._message(message_id)
        gone = [message, *(each for each in self._tree.all if _answers(each, message))]
        if any(each.status == "streaming" for each in gone):
            raise UsageError("This answer still runs.", hint="Stop it first.")
        ids = tuple(each.id for each in gone)
        await self._mark(ids, deleted=True)
        return ids

    async def restore(self, message_ids: Sequence[str]) -> None:
        """Take a deletion back; unknown ids are ignored."""
        self._check_open()
        await self._mark([each for each in message_ids if self._tree.get(each) is not None], deleted=False)

    async def _mark(self, message_ids: Sequence[str], **marks: bool) -> None:
        await self._ports.store.mark(self._tree.conversation.id, message_ids, **marks)
        for message_id in message_ids:
            message = self._tree.get(message_id)
            if message is not None:
                self._tree.replace(replace(message, **marks))  # type: ignore[arg-type]  # names of bool fields
        self.emit("path-changed")

    async def _save_head(self, head: str) -> None:
        await self._saved(head=head)
        self._tree.conversation = replace(self._tree.conversation, head=head)

    async def _saved(self, **changes: Any) -> Conversation:
        """Change fields of the stored conversation; raises UsageError where it is there no more."""
        try:
            return await self._ports.store.update(self._tree.conversation.id, **changes)
        except KeyError:
            raise UsageError("This conversation was deleted.", hint="Open it again to start anew.") from None

    def _check_open(self) -> None:
        """Raise UsageError in a closed session: another one of its conversation would not hear of what is done here."""
        if self.closed:
            name = self._tree.conversation.name
            raise UsageError(f"The session {name!r} was closed.", hint=f"Open it again: nbchat.session({name!r}).")

    def _message(self, message_id: str) -> Message:
        message = self._tree.get(message_id)
        if message is None or message.deleted:
            raise UsageError("There is no such message in this conversation.", hint="s.messages has those of the active path.")
        return message


def _answers(message: Message, question: Message) -> bool:
    return message.parent == question.id and message.role == "assistant" and question.role == "user" and not message.deleted
