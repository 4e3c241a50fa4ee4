"""Carrier: the policy by which a chat goes on while its database is in trouble, and is saved afterwards.

Healthy, every write goes straight to the database. In trouble, writes go to memory and to a journal; each further write
(and the heartbeat) first tries the journal on the database again. Nothing in the file is overwritten. Must not know SQL,
nor what the writes mean: `fallback` gives them their names.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from nbchat.core.conversations import Conversation
from nbchat.core.errors import ErrorInfo, StorageError
from nbchat.sessions.ports import Clock
from nbchat.storage.conversations import Whole
from nbchat.storage.place import Place
from nbchat.storage.store import SqliteStore
from nbchat.storage.unsaved import RunningTurn, Unsaved, Write

__all__ = ["Carrier", "TroubleListener"]

T = TypeVar("T")
TroubleListener = Callable[[ErrorInfo | None], None]
_RETRY_FACTOR = 10
_QUICK_SECONDS = 0.25
"""A try that was refused quickly is repeated with the next write. One that took n seconds (a lock is waited for 10 s) is not
repeated for 10 n, so that a chat is not held up again and again."""
_log = logging.getLogger("nbchat.storage")


class Carrier:
    """What `FallbackStore` stands on: `primary`, the memory behind it, and the journal between them."""

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
            saved, result = await self._saved_again(write.again())
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
        if write.method == "create":
            found = self._visible(await self._either("find", write.arguments[0].name))
            if found is not None:
                return found
        elif write.method == "add_conversation":
            write = await self._with_free_name(write)
        elif write.conversation:
            await self._seed(write.conversation)
        elif write.method in ("set", "save_provider", "update_provider", "delete_provider"):
            await self._seed_settings()
        result = await write.on(self._unsaved.memory)
        if write.method == "begin_turn":  # later it must be begun with the generation that readers know by then
            write = replace(write, arguments=(result, write.arguments[1]))
        self._unsaved.writes.append(write)
        return result

    async def _with_free_name(self, write: Write) -> Write:
        conversation, messages = write.arguments
        number, name = 1, conversation.name
        while self._visible(await self._either("find", name)) is not None:
            number += 1
            name = f"{conversation.name} ({number})"
        return replace(write, arguments=(replace(conversation, name=name), messages))

    async def _seed(self, conversation_id: str) -> None:
        memory = self._unsaved.memory
        if conversation_id in self._unsaved.deleted or await memory.get(conversation_id) is not None:
            return
        whole = await self._readable(self._primary.copy(conversation_id), None)
        if whole is None:
            if conversation_id not in self._known:
                return
            whole = Whole(self._known[conversation_id], (), 0)
        await memory.adopt(whole)
        for turn in list(self._running.values()):
            if turn.record.conversation == conversation_id:
                await memory.begin_turn(turn.record, turn.so_far)

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

    # ------------------------------------------------------------ reading

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

    async def _settings_store(self) -> SqliteStore:
        if self.trouble is None:
            await self._readable(self._primary.journal_mode(), "")  # notes the trouble when it cannot be opened
        if self.trouble is None:
            return self._primary
        async with self._lock:
            await self._seed_settings()
            return self._unsaved.memory
