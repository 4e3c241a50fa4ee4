"""Unsaved: the writes that a database refused, in order, and how they are done again once it takes them.

Every write can be repeated without harm (begin by request id, end once, ledger rows by id), so an entry whose fate is
unknown, because the commit itself failed, is simply done again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nbchat.core.conversations import Conversation
from nbchat.core.errors import StorageError
from nbchat.core.messages import Message, Part
from nbchat.sessions.ports import TurnRecord
from nbchat.storage.conversations import Whole
from nbchat.storage.pieces import fold
from nbchat.storage.store import SqliteStore

__all__ = ["RunningTurn", "Unsaved", "Write"]

_log = logging.getLogger("nbchat.storage")


@dataclass(frozen=True, slots=True)
class Write:
    """One call of a store's method. `conversation` is the one it needs, "" for none."""

    method: str
    arguments: tuple[Any, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    conversation: str = ""

    async def on(self, store: SqliteStore) -> Any:
        """Make the call."""
        return await getattr(store, self.method)(*self.arguments, **self.changes)


@dataclass(slots=True)
class RunningTurn:
    """A turn that this process runs: what it began with, and the pieces that no checkpoint could save."""

    record: TurnRecord
    messages: tuple[Message, ...]
    missed: list[tuple[Part, ...]] = field(default_factory=list)


class Unsaved:
    """The journal of one trouble. `memory` holds what the journal's writes made, for reading meanwhile."""

    def __init__(self, memory: SqliteStore) -> None:
        self.memory = memory
        self.writes: list[Write] = []
        self.deleted: set[str] = set()

    async def replay(self, store: SqliteStore, running: Mapping[str, RunningTurn], known: Mapping[str, Conversation]) -> None:
        """Do everything again on `store`; raises StorageError where it refuses once more, what is done is then forgotten.

        Conversations that are missing there (the file is a new one) are brought back from memory first, and running
        turns are begun there and get their missed pieces, so that their ends find them.
        """
        needed = {write.conversation for write in self.writes} | {turn.record.conversation for turn in running.values()}
        for conversation_id in sorted(needed - {""} - self.deleted):
            if await store.get(conversation_id) is None:
                whole = await self.memory.copy(conversation_id)
                if whole is None and conversation_id in known:
                    whole = Whole(known[conversation_id], (), 0)
                if whole is not None:
                    await store.adopt(whole)
        for turn in running.values():
            await self._once(Write("begin_turn", (turn.record, turn.messages)), store)
            if turn.missed:
                missed, turn.missed = turn.missed, []
                try:
                    await store.checkpoint(turn.record, fold(missed))
                except StorageError:
                    turn.missed = missed + turn.missed
                    raise
        while self.writes:
            await self._once(self.writes[0], store)
            del self.writes[0]

    async def _once(self, write: Write, store: SqliteStore) -> None:
        try:
            await write.on(store)
        except StorageError:
            raise
        except Exception:  # another kernel renamed or deleted meanwhile: this one change has lost its object
            _log.warning("a change could not be saved later: %s", write.method, exc_info=True)
