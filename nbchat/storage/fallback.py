"""FallbackStore: a database that never stops a chat. When it refuses, the chat goes on in memory and that is said.

Owns what each call of the storage ports means in trouble: reads prefer memory and add what the database still can give.
When to try, what to keep and how to catch up is `carrier`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from nbchat.core.calibration import Calibration
from nbchat.core.conversations import Conversation, ConversationSummary, SearchHit
from nbchat.core.cost import Cost, sum_amounts, sum_cost
from nbchat.core.errors import StorageError
from nbchat.core.messages import Message, Part
from nbchat.core.models import Provider
from nbchat.core.requests import RequestRecord
from nbchat.sessions.ports import Standing, TurnRecord
from nbchat.storage.carrier import Carrier
from nbchat.storage.unsaved import Write

__all__ = ["FallbackStore"]

_log = logging.getLogger("nbchat.storage")


class FallbackStore(Carrier):
    """The three storage ports over `primary`, with memory behind. `on_trouble(info)` is called on the loop when saving
    stops working, and `on_trouble(None)` when everything is saved again."""

    # ------------------------------------------------------------ conversations

    async def create(self, conversation: Conversation) -> Conversation:
        """Save a new conversation; where its name is taken, return the one that has it."""
        return self._note(await self._write(Write("create", (conversation,))))

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation by id."""
        return self._visible(await self._either("get", conversation_id))

    async def find(self, name: str) -> Conversation | None:
        """Return a conversation by its unique name."""
        return self._visible(await self._either("find", name))

    async def summaries(
        self, query: str = "", *, limit: int = 50, offset: int = 0, archived: bool | None = False
    ) -> list[ConversationSummary]:
        """Return conversations, last updated first, whose name or title contains `query`: those that are not archived, the
        archived ones, or (None) all."""
        if self.trouble is None:
            found = await self._readable(self._primary.summaries(query, limit=limit, offset=offset, archived=archived), None)
            if found is not None:
                return found
        memory, end = self._unsaved.memory, limit + offset
        stored: list[ConversationSummary] = await self._readable(self._primary.summaries(query, limit=end, archived=archived), [])
        hidden = await self._not_of_the_file({row.conversation.id for row in stored})
        rows = [row for row in stored if row.conversation.id not in hidden]
        rows += await memory.summaries(query, limit=end, archived=archived)
        rows.sort(key=lambda row: row.conversation.updated, reverse=True)
        return rows[offset:end]

    async def search(self, text: str, *, conversation_id: str | None = None, limit: int = 50, offset: int = 0) -> list[SearchHit]:
        """Return the messages that contain all words of `text`, newest first; in trouble those in memory, and what the
        database still can give."""
        if self.trouble is None:
            searching = self._primary.search(text, conversation_id=conversation_id, limit=limit, offset=offset)
            if (found := await self._readable(searching, None)) is not None:
                return found
        memory, end = self._unsaved.memory, limit + offset
        searching = self._primary.search(text, conversation_id=conversation_id, limit=end)
        stored: list[SearchHit] = await self._readable(searching, [])
        hidden = await self._not_of_the_file({hit.conversation.id for hit in stored})
        hits = [hit for hit in stored if hit.conversation.id not in hidden]
        hits += await memory.search(text, conversation_id=conversation_id, limit=end)
        hits.sort(key=lambda hit: hit.created, reverse=True)
        return hits[offset:end]

    async def _not_of_the_file(self, conversation_ids: set[str]) -> set[str]:
        """Return those of which memory knows better than the file: changed or deleted there."""
        memory, deleted = self._unsaved.memory, self._unsaved.deleted
        return {each for each in conversation_ids if each in deleted or await memory.get(each) is not None}

    async def update(self, conversation_id: str, **changes: Any) -> Conversation:
        """Change fields of a conversation; raises UsageError for a name that is taken, KeyError if there is none."""
        return self._note(await self._write(Write("update", (conversation_id,), changes, conversation_id)))

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation and its messages; its ledger rows stay."""
        await self._write(Write("delete", (conversation_id,)))
        self._known.pop(conversation_id, None)
        if self.trouble is not None:
            self._unsaved.deleted.add(conversation_id)

    async def purge(self, before: float, *, archived: bool | None = None, keep: Collection[str] = ()) -> int:
        """Remove old conversations and deleted messages for good. Never in trouble: raises StorageError then, since what
        would be removed later is not what was to be seen when it was asked for."""
        if self.trouble is not None:
            await self.heartbeat()
        if self.trouble is not None:
            raise StorageError("nothing can be removed for good now: " + self.trouble.text, hint=self.trouble.hint)
        began = self._clock.monotonic()
        try:
            gone = await self._primary.purge(before, archived=archived, keep=keep)
        except StorageError as error:
            self._fail(error, began)
            raise
        for conversation_id in list(self._known):
            if await self._primary.get(conversation_id) is None:
                del self._known[conversation_id]
        return gone

    async def add_conversation(self, conversation: Conversation, messages: Sequence[Message]) -> Conversation:
        """Save a new conversation with its whole tree; a name that is taken gets a number, ids that are not new are refused."""
        return self._note(await self._write(Write("add_conversation", (conversation, tuple(messages)))))

    async def add_messages(self, conversation_id: str, messages: Sequence[Message], *, head: str) -> None:
        """Add messages that no turn made and move the head; raises UsageError when the conversation is gone."""
        await self._write(Write("add_messages", (conversation_id, tuple(messages)), {"head": head}, conversation_id))

    async def mark(
        self, conversation_id: str, message_ids: Sequence[str], *, hidden: bool | None = None, deleted: bool | None = None
    ) -> None:
        """Set or take away marks of messages; None leaves one as it is."""
        marks = {"hidden": hidden, "deleted": deleted}
        await self._write(Write("mark", (conversation_id, tuple(message_ids)), marks, conversation_id))

    async def messages(self, conversation_id: str) -> list[Message]:
        """Return all messages of the tree in order of creation."""
        if self.trouble is not None:
            async with self._lock:  # behind the writes that are under way
                memory = self._unsaved.memory
                if await memory.get(conversation_id) is not None:
                    return await memory.messages(conversation_id)
        none: list[Message] = []
        if conversation_id in self._unsaved.deleted:
            return none
        return await self._readable(self._primary.messages(conversation_id), none)

    # ------------------------------------------------------------ turns

    async def standing(self, conversation_id: str) -> Standing:
        """Return how a conversation stands before a turn begins in it; in trouble, as far as this process knows."""
        if self.trouble is not None and await self._unsaved.memory.get(conversation_id) is not None:
            return replace(await self._unsaved.memory.standing(conversation_id), changes=None)
        return await self._readable(self._primary.standing(conversation_id), Standing())

    async def begin_turn(self, turn: TurnRecord, messages: Sequence[Message]) -> TurnRecord:
        """Save the turn with its messages; a known request id returns its turn, whose `id` then differs. Raises BusyError while
        another turn runs in the conversation."""
        begun: TurnRecord = await self._write(Write("begin_turn", (turn, tuple(messages)), conversation=turn.conversation))
        return begun

    async def checkpoint(self, turn: TurnRecord, parts: Sequence[Part]) -> None:
        """Save what came since the last checkpoint. What cannot be saved now goes along with the next one, so that the
        stored partial never has a hole."""
        running = self._running.get(turn.id)
        if running is None or not parts:
            return
        running.pieces.append(tuple(parts))
        if self.trouble is not None:
            await self._unsaved.memory.checkpoint(turn, parts)
            return
        began = self._clock.monotonic()
        try:
            await running.save_on(self._primary)
        except StorageError as error:
            self._fail(error, began)

    async def end_turn(self, turn: TurnRecord, message: Message, records: Sequence[RequestRecord]) -> bool:
        """Save the final answer and settle its requests; False when the turn had already ended (its requests are settled)."""
        write = Write("end_turn", (turn, message, tuple(records)), conversation=turn.conversation)
        won: bool = await self._write(write)
        return won

    async def turn_of_cell(self, conversation_id: str | None, cell: str | None) -> TurnRecord | None:
        """Return the newest turn that the cell with this key, or (None) any cell, asked in this conversation, or (None) any."""
        found: TurnRecord | None = await self._either("turn_of_cell", conversation_id, cell)
        return found

    async def recover(self, conversation_id: str | None = None) -> list[str]:
        """Mark the answers of turns whose owner is dead as "interrupted"; returns their message ids."""
        none: list[str] = []
        return none if self.trouble is not None else await self._readable(self._primary.recover(conversation_id), none)

    async def heartbeat(self) -> None:
        """Renew the lease of this process on its running turns; in trouble, try to save what is unsaved."""
        if self.trouble is None:
            await self._readable(self._primary.heartbeat(), None)
            return
        async with self._lock:
            await self._saved_again(Write("probe", ()))

    # ------------------------------------------------------------ ledger and settings

    async def settle(self, record: RequestRecord) -> bool:
        """Append one ledger row that belongs to no turn's end; False when its id is there already."""
        won: bool = await self._write(Write("settle", (record,)))
        return won

    async def records(self, conversation_id: str | None = None, *, since: float | None = None) -> list[RequestRecord]:
        """Return the ledger's rows, oldest first, those that are not saved yet at the end."""
        stored: list[RequestRecord] = await self._readable(self._primary.records(conversation_id, since=since), [])
        if self.trouble is None:
            return stored
        known = {record.id for record in stored}
        unsaved = await self._unsaved.memory.records(conversation_id, since=since)
        return stored + [each for each in unsaved if each.id not in known]

    async def spent(self, conversation_id: str | None = None, *, since: float | None = None) -> Decimal:
        """Return what these rows came to in US dollars, those that are not saved yet too."""
        stored: Decimal = await self._readable(self._primary.spent(conversation_id, since=since), Decimal(0))
        if self.trouble is None:
            return stored
        costs = [record.cost for record in await self.records(conversation_id, since=since)]
        return sum_amounts(cost.amount for cost in costs if cost.amount is not None and cost.currency == "USD")

    async def costs(self, conversations: Sequence[str]) -> dict[str, Cost]:
        """Return what each of these conversations has cost, with what is not saved yet."""
        stored: dict[str, Cost] = await self._readable(self._primary.costs(conversations), {})
        if self.trouble is None:
            return stored
        records = {each: await self.records(each) for each in conversations}
        return {each: sum_cost(row.cost for row in rows) for each, rows in records.items() if rows}

    async def calibration(self, provider: str, model: str) -> Calibration:
        """Return what the newest reported requests to this model teach, those that are not saved yet too."""
        stored: Calibration = await self._readable(self._primary.calibration(provider, model), Calibration())
        return stored if self.trouble is None else stored + await self._unsaved.memory.calibration(provider, model)

    async def settings(self) -> dict[str, Any]:
        """Return all settings by name."""
        return await (await self._settings_store()).settings()

    async def providers(self) -> list[Provider]:
        """Return the configured providers, oldest first."""
        return await (await self._settings_store()).providers()

    async def set(self, name: str, value: Any) -> None:
        """Save one setting; None removes it."""
        await self._write(Write("set", (name, value)))

    async def save_provider(self, provider: Provider) -> None:
        """Save a provider, replacing the one with its id."""
        await self._write(Write("save_provider", (provider,)))

    async def update_provider(self, provider_id: str, **changes: Any) -> None:
        """Change `enabled`, `last_used`, `last_model` or `learned` of a provider; does nothing if there is none."""
        await self._write(Write("update_provider", (provider_id,), changes))

    async def delete_provider(self, provider_id: str) -> None:
        """Remove a provider."""
        await self._write(Write("delete_provider", (provider_id,)))

    # ------------------------------------------------------------ life

    async def aclose(self) -> None:
        """Try once more to save what is unsaved, then close; says in the log what is lost. Idempotent."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.trouble is not None:
            async with self._lock:
                self._retry_at = float("-inf")
                saved, _ = await self._saved_again(Write("probe", ()))
                if not saved and self.unsaved:
                    _log.warning("%d changes could not be saved and end with this process", self.unsaved)
        await self._unsaved.memory.aclose()
        await self._primary.aclose()
