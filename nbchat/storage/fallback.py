"""FallbackStore: a database that never stops a chat. When it refuses, the chat goes on in memory and that is said.

Healthy, every call goes straight to the database. In trouble, writes go to memory and to a journal, reads prefer memory
and add what the database still can give; each write (and the heartbeat) first tries the journal on the database again.
Nothing in the file is overwritten. Must not know SQL.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from nbchat.core.conversations import Conversation, ConversationSummary
from nbchat.core.errors import ErrorInfo, StorageError
from nbchat.core.messages import Message, Part
from nbchat.core.models import Provider
from nbchat.core.requests import RequestRecord
from nbchat.sessions.ports import Clock, TurnRecord
from nbchat.storage.conversations import Whole
from nbchat.storage.pieces import fold
from nbchat.storage.place import Place
from nbchat.storage.store import SqliteStore
from nbchat.storage.unsaved import RunningTurn, Unsaved, Write

__all__ = ["FallbackStore", "TroubleListener"]

T = TypeVar("T")
TroubleListener = Callable[[ErrorInfo | None], None]
_RETRY_FACTOR = 10
_QUICK_SECONDS = 0.25
"""A try that was refused quickly is repeated with the next write. One that took n seconds (a lock is waited for 10 s) is not
repeated for 10 n, so that a chat is not held up again and again."""
_log = logging.getLogger("nbchat.storage")


class FallbackStore:
    """The three storage ports over `primary`, with memory behind. `on_trouble(info)` is called on the loop when saving
    stops working, and `on_trouble(None)` when everything is saved again."""

    def __init__(self, primary: SqliteStore, clock: Clock, on_trouble: TroubleListener | None = None) -> None:
        self._primary = primary
        self._clock = clock
        self.on_trouble = on_trouble
        self.trouble: ErrorInfo | None = None
        """What is wrong with the database now; None while everything is saved."""
        self._lock = asyncio.Lock()
        self._unsaved = Unsaved(self._new_memory())
        self._running: dict[str, RunningTurn] = {}
        self._known: dict[str, Conversation] = {}
        self._settings_seeded = False
        self._retry_at = float("-inf")
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def place(self) -> Place:
        """Where the database is."""
        return self._primary.place

    @property
    def unsaved(self) -> int:
        """How many writes are in memory only."""
        return len(self._unsaved.writes)

    async def journal_mode(self) -> str:
        """Return the database's journal mode; raises StorageError when it cannot be opened."""
        return await self._primary.journal_mode()

    def _new_memory(self) -> SqliteStore:
        return SqliteStore(Place(None), self._clock)

    # ------------------------------------------------------------ the policy

    async def _write(self, write: Write) -> Any:
        # A task of its own: a write that was asked for is done, in the file or in memory, though its caller be cancelled.
        task = asyncio.create_task(self._written(write))
        self._tasks.add(task)
        task.add_done_callback(self._settled)
        return await asyncio.shield(task)

    def _settled(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # asked for, so that one whose caller is gone is no noise in the log

    async def _written(self, write: Write) -> Any:
        result = await self._somewhere(write)
        if write.method == "begin_turn" and result.id == write.arguments[0].id:
            self._running[result.id] = RunningTurn(result, write.arguments[1])
        elif write.method == "end_turn":
            self._running.pop(write.arguments[0].id, None)
        return result

    async def _somewhere(self, write: Write) -> Any:
        if self.trouble is None:
            began = self._clock.monotonic()
            try:
                return await write.on(self._primary)
            except StorageError as error:
                self._fail(error, began)
        async with self._lock:
            saved, result = await self._saved_again(write)
            return result if saved else await self._keep(write)

    def _fail(self, error: StorageError, began: float) -> None:
        now = self._clock.monotonic()
        took = now - began
        self._retry_at = now + _RETRY_FACTOR * took if took > _QUICK_SECONDS else now
        if self.trouble is None:
            _log.warning("nbchat cannot save: %s", error)
            text = f"{error.text} Chats go on in memory, until the kernel ends."
            self._tell(ErrorInfo("storage", text, error.hint))

    def _tell(self, trouble: ErrorInfo | None) -> None:
        self.trouble = trouble
        if self.on_trouble is not None:
            try:
                self.on_trouble(trouble)
            except Exception:
                _log.exception("a listener for storage trouble failed")

    async def _saved_again(self, write: Write) -> tuple[bool, Any]:
        """Try the journal and then `write` on the database; (True, its result) when all is saved. Under the lock."""
        began = self._clock.monotonic()
        if self.trouble is not None and began < self._retry_at:
            return False, None
        try:
            await self._unsaved.replay(self._primary, self._running, self._known)
            result = await write.on(self._primary)
        except StorageError as error:
            self._fail(error, began)
            return False, None
        if self.trouble is not None:  # else another task, before this one, got the lock and succeeded
            old, self._unsaved = self._unsaved, Unsaved(self._new_memory())
            self._settings_seeded = False
            self._tell(None)
            await old.memory.aclose()
        return True, result

    async def _keep(self, write: Write) -> Any:
        """Do a write in memory and note it for later. Under the lock."""
        if write.conversation:
            await self._seed(write.conversation)
        elif write.method in ("set", "save_provider", "delete_provider"):
            await self._seed_settings()
        result = await write.on(self._unsaved.memory)
        if write.method == "begin_turn":  # later it must be begun with the generation that readers know by then
            write = replace(write, arguments=(result, write.arguments[1]))
        self._unsaved.writes.append(write)
        return result

    async def _seed(self, conversation_id: str) -> None:
        memory = self._unsaved.memory
        if conversation_id in self._unsaved.deleted or await memory.get(conversation_id) is not None:
            return
        running = [turn for turn in self._running.values() if turn.record.conversation == conversation_id]
        whole = await self._readable(self._primary.copy(conversation_id), None)
        if whole is None:
            if conversation_id not in self._known:
                return
            whole = Whole(self._known[conversation_id], (), 0)
        own = {message.id for turn in running for message in turn.messages}
        await memory.adopt(replace(whole, messages=tuple(each for each in whole.messages if each.id not in own)))
        for turn in running:
            await memory.begin_turn(turn.record, turn.messages)
            saved = [each.parts for each in whole.messages if each.id == turn.record.assistant_message]
            await memory.checkpoint(turn.record, fold([*saved, *turn.missed]))

    async def _seed_settings(self) -> None:
        if not self._settings_seeded:
            self._settings_seeded = True
            for name, value in (await self._readable(self._primary.settings(), {})).items():
                await self._unsaved.memory.set(name, value)
            for provider in await self._readable(self._primary.providers(), []):
                await self._unsaved.memory.save_provider(provider)

    async def _readable(self, reading: Awaitable[T], otherwise: T) -> T:
        """Return what the database gives, or `otherwise` when it is in trouble (which is noted)."""
        began = self._clock.monotonic()
        try:
            return await reading
        except StorageError as error:
            if self.trouble is None:
                self._fail(error, began)
            return otherwise

    # ------------------------------------------------------------ conversations

    async def create(self, conversation: Conversation) -> Conversation:
        """Save a new conversation; where its name is taken, return the one that has it."""
        if self.trouble is not None and (found := await self.find(conversation.name)) is not None:
            return found
        return self._note(await self._write(Write("create", (conversation,))))

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation by id."""
        return self._visible(await self._either("get", conversation_id))

    async def find(self, name: str) -> Conversation | None:
        """Return a conversation by its unique name."""
        return self._visible(await self._either("find", name))

    async def _either(self, method: str, *arguments: Any) -> Any:
        """Ask memory first in trouble, then the database."""
        if self.trouble is not None and (found := await getattr(self._unsaved.memory, method)(*arguments)) is not None:
            return found
        return await self._readable(getattr(self._primary, method)(*arguments), None)

    def _visible(self, found: Conversation | None) -> Conversation | None:
        return None if found is None or found.id in self._unsaved.deleted else self._note(found)

    def _note(self, conversation: Conversation) -> Conversation:
        self._known[conversation.id] = conversation
        return conversation

    async def summaries(self, query: str = "", *, limit: int = 50, offset: int = 0) -> list[ConversationSummary]:
        """Return conversations, last updated first, whose name or title contains `query`."""
        if self.trouble is None:
            found = await self._readable(self._primary.summaries(query, limit=limit, offset=offset), None)
            if found is not None:
                return found
        end = limit + offset
        stored: list[ConversationSummary] = await self._readable(self._primary.summaries(query, limit=end), [])
        rows = {row.conversation.id: row for row in stored if row.conversation.id not in self._unsaved.deleted}
        rows.update({row.conversation.id: row for row in await self._unsaved.memory.summaries(query, limit=end)})
        newest = sorted(rows.values(), key=lambda row: row.conversation.updated, reverse=True)
        return newest[offset:end]

    async def update(self, conversation_id: str, **changes: Any) -> Conversation:
        """Change fields of a conversation; raises UsageError for a name that is taken, KeyError if there is none."""
        return self._note(await self._write(Write("update", (conversation_id,), changes, conversation_id)))

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation and its messages; its ledger rows stay."""
        await self._write(Write("delete", (conversation_id,)))
        self._known.pop(conversation_id, None)
        if self.trouble is not None:
            self._unsaved.deleted.add(conversation_id)

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

    async def begin_turn(self, turn: TurnRecord, messages: Sequence[Message]) -> TurnRecord:
        """Save the turn with its messages; a known request id returns its turn, whose `id` then differs."""
        begun: TurnRecord = await self._write(Write("begin_turn", (turn, tuple(messages)), conversation=turn.conversation))
        return begun

    async def checkpoint(self, turn: TurnRecord, parts: Sequence[Part]) -> None:
        """Save what came since the last checkpoint. What cannot be saved now goes along with the next one, so that the
        stored partial never has a hole."""
        running = self._running.get(turn.id)
        if running is None or not parts:
            return
        running.missed.append(tuple(parts))
        if self.trouble is not None:
            await self._unsaved.memory.checkpoint(turn, parts)
            return
        pieces, running.missed = running.missed, []
        began = self._clock.monotonic()
        try:
            await self._primary.checkpoint(turn, fold(pieces) if len(pieces) > 1 else parts)
        except StorageError as error:
            running.missed = pieces
            self._fail(error, began)

    async def end_turn(self, turn: TurnRecord, message: Message, records: Sequence[RequestRecord]) -> bool:
        """Save the final answer and settle its requests; False when the turn had already ended (its requests are settled)."""
        write = Write("end_turn", (turn, message, tuple(records)), conversation=turn.conversation)
        won: bool = await self._write(write)
        return won

    async def turn_of_cell(self, conversation_id: str, cell: str) -> TurnRecord | None:
        """Return the newest turn that the cell with this key asked."""
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

    async def records(self, conversation_id: str | None = None) -> list[RequestRecord]:
        """Return the ledger's rows, oldest first, those that are not saved yet at the end."""
        stored: list[RequestRecord] = await self._readable(self._primary.records(conversation_id), [])
        if self.trouble is None:
            return stored
        known = {record.id for record in stored}
        return stored + [each for each in await self._unsaved.memory.records(conversation_id) if each.id not in known]

    async def settings(self) -> dict[str, Any]:
        """Return all settings by name."""
        return await (await self._settings_store()).settings()

    async def providers(self) -> list[Provider]:
        """Return the configured providers, oldest first."""
        return await (await self._settings_store()).providers()

    async def _settings_store(self) -> SqliteStore:
        if self.trouble is None:
            await self._readable(self._primary.journal_mode(), "")  # notes the trouble when it cannot be opened
        if self.trouble is None:
            return self._primary
        async with self._lock:
            await self._seed_settings()
            return self._unsaved.memory

    async def set(self, name: str, value: Any) -> None:
        """Save one setting; None removes it."""
        await self._write(Write("set", (name, value)))

    async def save_provider(self, provider: Provider) -> None:
        """Save a provider, replacing the one with its id."""
        await self._write(Write("save_provider", (provider,)))

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
                if not saved:
                    _log.warning("%d changes could not be saved and end with this process", self.unsaved)
        await self._unsaved.memory.aclose()
        await self._primary.aclose()
