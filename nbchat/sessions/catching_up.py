"""CatchingUp: takes over into the tree what storage knows and this kernel does not: messages, marks, titles, costs.

Owns the rules of that: what people do here in the same moment stays, and a database in trouble takes nothing away. Must not know
turns or views.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nbchat.core.conversations import Conversation
from nbchat.core.messages import Message
from nbchat.sessions.ports import Ports
from nbchat.sessions.tree import ConversationTree

__all__ = ["CatchingUp"]


class CatchingUp:
    """Brings one conversation's tree up to date."""

    def __init__(self, tree: ConversationTree, ports: Ports) -> None:
        self._tree = tree
        self._ports = ports

    async def everything(self, changes: object) -> bool:
        """Take over all that was saved elsewhere, the active path and the requests too; says whether there can have been
        anything: `changes` is what the store says of that (`Standing.changes`)."""
        tree = self._tree
        if changes is None or changes == tree.seen:
            return False
        for row in await self._ports.ledger.records(tree.conversation.id):
            tree.settle(row)
        found = await self._read(lambda messages: bool(messages) or not tree.all)
        if found is None:
            return False
        stored, messages = found
        ids = {message.id for message in messages}
        tree.load(replace(stored, head=stored.head if stored.head in ids else tree.conversation.head), messages)
        tree.go_on()
        tree.seen = changes
        return True

    async def message(self, message_id: str, head: str | None = None) -> None:
        """Take over what storage says, if it knows this message (in trouble it may know nothing); the head stays where it is,
        unless one is given."""
        found = await self._read(lambda messages: any(each.id == message_id for each in messages))
        if found is not None:
            known = self._tree.conversation
            self._tree.load(replace(found[0], head=head or known.head), found[1])

    async def _read(self, useful: Callable[[Sequence[Message]], bool]) -> tuple[Conversation, list[Message]] | None:
        store, tree = self._ports.store, self._tree
        while True:
            version = tree.version
            messages = await store.messages(tree.conversation.id)
            stored = await store.get(tree.conversation.id)  # last: a title that is saved meanwhile is in it, or comes after it
            if not useful(messages):
                return None
            if version == tree.version:  # else somebody hid a message, say, after it was read
                return stored or tree.conversation, messages
