"""SqliteStore: the ConversationStore, RequestLedger and SettingsStore ports over one database.

Owns nothing but the way to the writer's thread: each method is one job there, and returns once it was committed.
Raises StorageError when the database is in trouble; going on in memory is `fallback`'s matter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from nbchat.core.calibration import Calibration
from nbchat.core.conversations import Conversation, ConversationSummary, SearchHit
from nbchat.core.cost import Cost
from nbchat.core.messages import Message, Part
from nbchat.core.models import Provider
from nbchat.core.requests import RequestRecord
from nbchat.sessions.ports import Clock, Standing, TurnRecord
from nbchat.storage import conversations, index, ledger, messages, purge, search, settings, turns
from nbchat.storage.conversations import Whole
from nbchat.storage.database import BUSY_SECONDS, Database
from nbchat.storage.gathering import Gathering
from nbchat.storage.messages import settled
from nbchat.storage.place import Place
from nbchat.storage.words import phrases
from nbchat.storage.writer import Writer

__all__ = ["SqliteStore"]


class SqliteStore:
    """One database. Nothing is opened before the first call. Another process's lock is waited for `busy_seconds`."""

    def __init__(self, place: Place, clock: Clock, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.place = place
        self._clock = clock
        self._writer = Writer(place, partial(Database, busy_seconds=busy_seconds))
        self._gathering = Gathering(self._writer)
        self._running: set[str] = set()
        """Turns begun here and not yet ended: what `aclose` must not leave "streaming" while this process lives on."""

    # ------------------------------------------------------------ conversations

    async def create(self, conversation: Conversation) -> Conversation:
        """Save a new conversation; where its name is taken, return the one that has it."""
        return await self._writer.run(lambda db: conversations.create(db, conversation))

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation by id."""
        return await self._writer.run(lambda db: conversations.get(db, conversation_id))

    async def find(self, name: str) -> Conversation | None:
        """Return a conversation by its unique name."""
        return await self._writer.run(lambda db: conversations.find(db, name))

    async def summaries(
        self, query: str = "", *, limit: int = 50, offset: int = 0, archived: bool | None = False
    ) -> list[ConversationSummary]:
        """Return conversations, last updated first, whose name or title contains `query`: those that are not archived, the
        archived ones, or (None) all."""
        now = self._clock.time()
        return await self._writer.run(lambda db: conversations.summaries(db, query, limit, offset, archived, now))

    async def search(self, text: str, *, conversation_id: str | None = None, limit: int = 50, offset: int = 0) -> list[SearchHit]:
        """Return the messages that contain all words of `text`, newest first. What changed since the last search is indexed
        before, in steps between which other jobs are done."""
        wanted = phrases(text)
        if not wanted:
            return []

        def work(db: Database) -> list[SearchHit] | None:
            progress = index.catch_up(db)
            indexed = progress == "done"
            return None if progress == "more" else search.search(db, wanted, conversation_id, limit, offset, indexed=indexed)

        while (hits := await self._writer.run(work)) is None:
            pass
        return hits

    async def update(self, conversation_id: str, **changes: Any) -> Conversation:
        """Change fields of a conversation; raises UsageError for a name that is taken, KeyError if there is none."""
        now = self._clock.time()
        return await self._writer.run(lambda db: conversations.update(db, conversation_id, changes, now))

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation and its messages; its ledger rows stay."""
        await self._writer.run(lambda db: conversations.delete(db, conversation_id))

    async def purge(self, before: float, *, archived: bool | None = None, keep: Collection[str] = ()) -> int:
        """Remove conversations that were last updated before then, and the deleted messages of the others, for good. In
        steps, between which other jobs are done."""
        now = self._clock.time()
        gone = 0
        while found := await self._writer.run(lambda db: purge.conversations(db, before, archived, keep, now)):
            gone += found
        await self._writer.run(lambda db: purge.messages(db, keep))
        return gone

    async def add_conversation(self, conversation: Conversation, messages: Sequence[Message]) -> Conversation:
        """Save a new conversation with its whole tree; a name that is taken gets a number, ids that are not new are refused."""
        whole = Whole.imported(conversation, messages)
        return await self._writer.run(lambda db: conversations.add(db, whole))

    async def add_messages(self, conversation_id: str, messages: Sequence[Message], *, head: str) -> None:
        """Add messages that no turn made and move the head; raises UsageError when the conversation is gone."""
        now = self._clock.time()
        given = [settled(message) for message in messages]
        await self._writer.run(lambda db: conversations.extend(db, conversation_id, given, head, now))

    async def mark(
        self, conversation_id: str, message_ids: Sequence[str], *, hidden: bool | None = None, deleted: bool | None = None
    ) -> None:
        """Set or take away marks of messages; None leaves one as it is."""
        ids = tuple(message_ids)
        await self._writer.run(lambda db: messages.mark(db, conversation_id, ids, hidden, deleted))

    async def messages(self, conversation_id: str) -> list[Message]:
        """Return all messages of the tree in order of creation; those of dead turns as "interrupted"."""
        now = self._clock.time()
        return await self._writer.run(lambda db: messages.messages(db, conversation_id, now))

    async def copy(self, conversation_id: str) -> Whole | None:
        """Return everything that `adopt` takes."""
        now = self._clock.time()
        return await self._writer.run(lambda db: conversations.copy(db, conversation_id, now))

    async def adopt(self, whole: Whole) -> Conversation:
        """Save a conversation that was kept elsewhere; messages that are there already stay as they are. Where its name
        is taken, it gets a number."""
        return await self._writer.run(lambda db: conversations.adopt(db, whole))

    # ------------------------------------------------------------ turns

    async def standing(self, conversation_id: str) -> Standing:
        """Return how a conversation stands before a turn begins in it."""
        now = self._clock.time()
        return await self._writer.run(lambda db: turns.standing(db, conversation_id, now))

    async def begin_turn(self, turn: TurnRecord, messages: Sequence[Message]) -> TurnRecord:
        """Save the turn with its messages; a known request id returns its turn, whose `id` then differs. Raises BusyError while
        another turn runs in the conversation."""
        now = self._clock.time()

        def work(db: Database) -> TurnRecord:
            begun = turns.begin(db, turn, messages, now)
            if begun.id == turn.id:  # noted here, not after the await: the caller may be cancelled while it waits
                self._running.add(turn.id)
            return begun

        return await self._writer.run(work)

    async def checkpoint(self, turn: TurnRecord, parts: Sequence[Part]) -> None:
        """Save what came since the last checkpoint."""
        if parts:
            await self._gathering.save(turn.id, parts, len(self._running))

    async def end_turn(self, turn: TurnRecord, message: Message, records: Sequence[RequestRecord]) -> bool:
        """Save the final answer and settle its requests; False when the turn had already ended (its requests are settled)."""
        now = self._clock.time()
        self._gathering.send()
        won = await self._writer.run(lambda db: turns.end(db, turn, message, records, now))
        self._running.discard(turn.id)
        return won

    async def has_turn(self, turn_id: str) -> bool:
        """Whether this turn was begun here."""
        return await self._writer.run(lambda db: db.row("SELECT 1 FROM turns WHERE id = ?", (turn_id,)) is not None)

    async def turn_of_cell(self, conversation_id: str | None, cell: str | None) -> TurnRecord | None:
        """Return the newest turn that the cell with this key, or (None) any cell, asked in this conversation, or (None) any."""
        return await self._writer.run(lambda db: turns.of_cell(db, conversation_id, cell))

    async def recover(self, conversation_id: str | None = None) -> list[str]:
        """Mark the answers of turns whose owner is dead as "interrupted"; returns their message ids."""
        now = self._clock.time()
        return await self._writer.run(lambda db: turns.recover(db, conversation_id, now))

    async def heartbeat(self) -> None:
        """Renew the lease of this process on its running turns; writes nothing when there are none."""
        now = self._clock.time()
        if self._running:
            await self._writer.run(lambda db: turns.heartbeat(db, now))

    async def probe(self) -> None:
        """Raise StorageError when the database cannot be written now."""

        def work(db: Database) -> None:
            with db.transaction(durable=False):
                pass

        await self._writer.run(work)

    # ------------------------------------------------------------ ledger

    async def settle(self, record: RequestRecord) -> bool:
        """Append one ledger row that belongs to no turn's end; False when its id is there already."""
        return await self._writer.run(lambda db: ledger.settle(db, record))

    async def records(self, conversation_id: str | None = None, *, since: float | None = None) -> list[RequestRecord]:
        """Return the ledger's rows, oldest first."""
        return await self._writer.run(lambda db: ledger.records(db, conversation_id, since))

    async def spent(self, conversation_id: str | None = None, *, since: float | None = None) -> Decimal:
        """Return what these rows came to in US dollars, as far as it is known."""
        return await self._writer.run(lambda db: ledger.spent(db, conversation_id, since))

    async def costs(self, conversations: Sequence[str]) -> dict[str, Cost]:
        """Return what each of these conversations has cost; one that asked nothing is left out."""
        return await self._writer.run(lambda db: ledger.costs(db, conversations))

    async def calibration(self, provider: str, model: str) -> Calibration:
        """Return what the newest reported requests to this model teach of characters and tokens."""
        return await self._writer.run(lambda db: ledger.calibration(db, provider, model))

    # ------------------------------------------------------------ settings

    async def settings(self) -> dict[str, Any]:
        """Return all settings by name."""
        return await self._writer.run(settings.settings)

    async def set(self, name: str, value: Any) -> None:
        """Save one setting; None removes it."""
        await self._writer.run(lambda db: settings.set_value(db, name, value))

    async def providers(self) -> list[Provider]:
        """Return the configured providers, oldest first."""
        return await self._writer.run(settings.providers)

    async def save_provider(self, provider: Provider) -> None:
        """Save a provider, replacing the one with its id."""
        await self._writer.run(lambda db: settings.save_provider(db, provider))

    async def update_provider(self, provider_id: str, **changes: Any) -> None:
        """Change `enabled`, `last_used`, `last_model` or `learned` of a provider; does nothing if there is none."""
        await self._writer.run(lambda db: settings.update_provider(db, provider_id, changes))

    async def delete_provider(self, provider_id: str) -> None:
        """Remove a provider."""
        await self._writer.run(lambda db: settings.delete_provider(db, provider_id))

    # ------------------------------------------------------------ life

    async def journal_mode(self) -> str:
        """Return "wal", "delete" (on a network file system), "read-only" or "memory"."""
        return await self._writer.run(lambda db: db.journal_mode)

    async def aclose(self) -> None:
        """End what this store began and nobody ended (as interrupted), drain the writer and close; idempotent."""
        self._gathering.send()
        left, self._running = sorted(self._running), set()
        if left:
            now = self._clock.time()

            def work(db: Database) -> None:
                with db.transaction():
                    turns.interrupt(db, left, now)

            try:
                await self._writer.run(work)
            finally:
                await self._writer.aclose()
        await self._writer.aclose()
