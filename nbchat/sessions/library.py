"""Library: the saved conversations as a whole: listing, search, names, copies, removal.

Owns what is done to conversations whether or not a session of theirs lives; the manager, which stands on it, owns the sessions.
On the background loop.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from nbchat.core.conversations import Conversation, ConversationSummary, SearchHit
from nbchat.core.errors import UsageError
from nbchat.core.ids import new_id
from nbchat.core.messages import Message
from nbchat.core.texts import text_of
from nbchat.sessions.ports import Ports
from nbchat.sessions.session import Session

__all__ = ["Library"]

_SEARCH_MOST = 1_000
_log = logging.getLogger("nbchat.sessions")


class Library(ABC):
    """What `SessionManager` stands on."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._live: dict[str, Session] = {}
        self._list_listeners: list[Callable[[], None]] = []

    @property
    def active(self) -> tuple[Session, ...]:
        """The live sessions. Any thread."""
        return tuple(self._live.values())

    def get(self, name_or_id: str) -> Session | None:
        """Return the live session with this id or name."""
        for session in self.active:
            if name_or_id in (session.id, session.name):
                return session
        return None

    @abstractmethod
    async def open(self, name: str, *, model: str | None = None, system: str | None = None, private: bool = False) -> Session:
        """Return the session of a conversation."""

    async def conversations(
        self, query: str = "", *, limit: int = 50, offset: int = 0, archived: bool | None = False
    ) -> list[ConversationSummary]:
        """Return the saved conversations, last updated first, whose name or title contains `query`: those that are not
        archived, with `archived=True` the archived ones, with None all."""
        return await self._ports.store.summaries(query, limit=limit, offset=offset, archived=archived)

    async def search(self, text: str, *, limit: int = 50, offset: int = 0) -> list[SearchHit]:
        """Return the messages of all saved conversations that contain all words of `text`, newest first."""
        words = text_of(text, "What is searched for")
        if len(words) > _SEARCH_MOST:
            raise UsageError(f"A search takes at most {_SEARCH_MOST} characters.", hint="A few words find more.")
        return await self._ports.store.search(words, limit=limit, offset=offset)

    async def _stored(self, name_or_id: str) -> Conversation:
        found = await self._ports.store.find(name_or_id) or await self._ports.store.get(name_or_id)
        if found is None:
            raise UsageError(f"There is no conversation {name_or_id!r}.", hint="`%nbchat sessions` lists them.")
        return found

    async def rename(self, name_or_id: str, name: str) -> None:
        """Give a conversation another unique name; raises UsageError when there is none, and for a name that is taken."""
        name, session = _name(name), self.get(name_or_id)
        if session is not None and session.private and await self._ports.store.find(name) is not None:
            raise _taken(name)
        if (other := self.get(name)) is not None and other is not session:  # a private one, whose name no database knows
            raise _taken(name)
        await self._update(name_or_id, name=name)

    async def archive(self, name_or_id: str, archived: bool = True) -> None:
        """Leave a conversation out of listings, or show it there again; raises UsageError when there is none."""
        await self._update(name_or_id, archived=archived)

    async def _update(self, name_or_id: str, **changes: Any) -> None:
        session = self.get(name_or_id)
        if session is not None:
            await session.update(**changes)
        else:
            await self._ports.store.update((await self._stored(name_or_id)).id, **changes)
        self._list_changed()

    async def add(self, conversation: Conversation, messages: Sequence[Message]) -> Session:
        """Save a conversation that came from elsewhere, under a name of its own, and open it. Raises UsageError for one without
        a name."""
        _name(conversation.name)
        saved = await self._ports.store.add_conversation(conversation, messages)
        self._list_changed()
        return await self.open(saved.name)

    async def fork(self, name_or_id: str, name: str = "", message_id: str | None = None) -> Session:
        """Begin a new conversation with the active path of another one, or with the path to one of its messages; returns its
        session. Costs stay with the old one. Raises UsageError for an unknown conversation or message."""
        session = self.get(name_or_id)
        if session is None:
            session = await self.open((await self._stored(name_or_id)).name)
        path = session.path if message_id is None else session.path_to(message_id)
        now = self._ports.clock.time()
        copies: list[Message] = []
        for message in path:
            parent = copies[-1].id if copies else None
            copy = replace(message, id=new_id(), parent=parent, usage=None, cost=None)
            copies.append(replace(copy, status="stopped") if copy.status == "streaming" else copy)
        head = copies[-1].id if copies else None
        old = session.conversation
        fresh = replace(old, id=new_id(), name=name or f"{old.name} (fork)", head=head, created=now, updated=now, archived=False)
        if session.private:
            raise UsageError("A private conversation is not saved, and so it cannot be forked.", hint="Export it to a file.")
        return await self.add(fresh, copies)

    async def purge(self, before: float, *, archived: bool | None = None) -> int:
        """Remove for good what was last updated before then (seconds since the epoch), but for live sessions, and every
        deleted message; ledger rows stay. Returns how many conversations went."""
        gone = await self._ports.store.purge(before, archived=archived, keep=[session.id for session in self.active])
        self._list_changed()
        return gone

    def _list_changed(self) -> None:
        for listener in tuple(self._list_listeners):
            try:
                listener()
            except Exception:
                _log.exception("a listener for the list of conversations failed")

    def listen_to_list(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener()` on the loop when the list of saved conversations may have changed in this process; returns the
        way to stop it."""
        self._list_listeners.append(listener)
        return lambda: self._list_listeners.remove(listener) if listener in self._list_listeners else None


def _name(name: object) -> str:
    """Return the name as it can be saved; raises UsageError for an empty one."""
    found = text_of(name, "A conversation's name")
    if not found.strip():
        raise UsageError("A conversation needs a name.", hint="A word or two that you will know again.")
    return found


def _taken(name: str) -> UsageError:
    return UsageError(f"Another conversation is named “{name}”.", hint="Choose another name.")
