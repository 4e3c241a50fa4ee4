"""Unsaved: the writes that a database refused, in order, and how they are done again once it takes them.

Every write can be repeated without harm (begin by request id, end once, messages and ledger rows by id), so an entry whose
fate is unknown, because the commit itself failed, is simply done again.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
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

    def again(self) -> Write:
        """Return the call to make when this one may have been done already, although it failed."""
        if self.method != "add_conversation":
            return self
        return replace(self, method="adopt", arguments=(Whole.imported(*self.arguments),))


@dataclass(slots=True)
class RunningTurn:
    """A turn that this process runs: what it began with, the pieces that came since, and how many of them are in the file."""

    record: TurnRecord
    messages: tuple[Message, ...]
    pieces: list[tuple[Part, ...]] = field(default_factory=list)
    saved: int = 0

    @property
    def so_far(self) -> tuple[Message, ...]:
        """What it began with, the answer with all that has come."""
        return tuple(
            replace(each, parts=fold([each.parts, *self.pieces])) if each.id == self.record.assistant_message else each
            for each in self.messages
        )

    async def begin_on(self, store: SqliteStore) -> None:
        """Begin it where it is not known, with all that has come, in one step."""
        before, self.saved = self.saved, len(self.pieces)
        try:
            await store.begin_turn(self.record, self.so_far)
        except BaseException:
            self.saved = before
            raise

    async def save_on(self, store: SqliteStore) -> None:
        """Save what the file does not have yet, as one piece. Raises StorageError; then it is still to be saved."""
        before, self.saved = self.saved, len(self.pieces)
        try:
            await store.checkpoint(self.record, fold(self.pieces[before : self.saved]))
        except BaseException:
            self.saved = before
            raise


class Unsaved:
    """The journal of one trouble. `memory` holds what the journal's writes made, for reading meanwhile."""

    def __init__(self, memory: SqliteStore) -> None:
        self.memory = memory
        self.writes: list[Write] = []
        self.deleted: set[str] = set()

    async def replay(self, store: SqliteStore, running: Mapping[str, RunningTurn], known: Mapping[str, Conversation]) -> None:
        """Do everything again on `store`; raises StorageError where it refuses once more, what is done is then forgotten.

        Conversations and running turns that are missing there (the file is a new one, or an old copy) are brought back
        first, so that what follows finds them; at the end running turns get the pieces that they missed.
        """
        needed = {write.conversation for write in self.writes} | {turn.record.conversation for turn in running.values()}
        for conversation_id in sorted(needed - {""} - self.deleted):
            if await store.get(conversation_id) is None:
                whole = await self.memory.copy(conversation_id)
                if whole is None and conversation_id in known:
                    whole = Whole(known[conversation_id], (), 0)
                if whole is not None:
                    await store.adopt(whole)
        begun_later = {write.arguments[0].id for write in self.writes if write.method == "begin_turn"}
        for turn in [turn for turn_id, turn in running.items() if turn_id not in begun_later]:
            if not await store.has_turn(turn.record.id):
                await _forgiving(turn.begin_on(store), "begin_turn")
        while self.writes:
            await _forgiving(self.writes[0].again().on(store), self.writes[0].method)
            del self.writes[0]
        for turn in list(running.values()):
            await turn.save_on(store)


async def _forgiving(doing: Coroutine[Any, Any, Any], what: str) -> None:
    try:
        await doing
    except StorageError:
        raise
    except Exception:  # another kernel renamed or deleted meanwhile: this one change has lost its object
        _log.warning("a change could not be saved later: %s", what, exc_info=True)
