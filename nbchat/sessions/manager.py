"""SessionManager: the sessions of this process, opened by name, kept while somebody holds them.

Owns which sessions live, the active model, and the heartbeat of running turns. On the background loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from nbchat.core.conversations import Conversation, ConversationSummary
from nbchat.core.errors import ChatError, UsageError
from nbchat.core.ids import new_id
from nbchat.core.models import DEMO, model_named, split_model
from nbchat.core.texts import text_of
from nbchat.sessions.ports import Ports
from nbchat.sessions.session import Session
from nbchat.sessions.state import Notice, Signal
from nbchat.sessions.tree import ConversationTree

__all__ = ["SessionManager"]

_HEARTBEAT_SECONDS = 3.0
"""A third of the lease of 10 s that storage gives to a running turn."""
_ACTIVE = "active_model"
_log = logging.getLogger("nbchat.sessions")


class SessionManager:
    """Opens, finds, stops, deletes and closes sessions."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._live: dict[str, Session] = {}
        self._opening = asyncio.Lock()
        self._listeners: list[Callable[[Signal], None]] = []
        self._heart: asyncio.Task[None] | None = None
        self._ending: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._notice: Notice | None = None
        self._default = f"{DEMO}/{DEMO}"

    async def start(self) -> None:
        """Load the active model; call once, before anything else."""
        label = (await self._ports.settings.settings()).get(_ACTIVE)
        if isinstance(label, str) and all(split_model(label)):
            self._default = label

    # ------------------------------------------------------------ finding

    @property
    def active(self) -> tuple[Session, ...]:
        """The live sessions. Any thread."""
        return tuple(self._live.values())

    def get(self, name_or_id: str) -> Session | None:
        """Return the live session with this id or name."""
        for session in self._live.values():
            if name_or_id in (session.id, session.name):
                return session
        return None

    async def conversations(self, query: str = "") -> list[ConversationSummary]:
        """Return the saved conversations, last updated first, whose name or title contains `query`."""
        return await self._ports.store.summaries(query)

    async def open(self, name: str, *, model: str | None = None, system: str | None = None) -> Session:
        """Return the session of the conversation with this unique name, made when there is none.

        `model` ("provider/model") and `system` are used for a new conversation only; those of an existing one change
        through its session. Raises UsageError for an empty name and a model that names none, ConfigError for an unknown
        provider.
        """
        name = text_of(name, "A session's name")
        if not name.strip():
            raise UsageError("A session needs a name.", hint='For example nbchat.session("notes").')
        if model:
            self._ports.provider(model_named(model)[0])
        if system is not None:
            system = text_of(system, "A system prompt")
        async with self._opening:
            for ending in [each for each in self._ending if each.name == name]:
                await ending.close()  # what it still saves is what is loaded next
            session = self.get(name)
            if session is None:
                session = await self._load(name, model, system)
                self._live[session.id] = session
                session.set_notice(self._notice)
                session.listen(self._forward)
                self._forward(Signal("changed", session))
            session.lease().release()  # starts the warm time: whoever asked has 5 s to take a lease
            return session

    async def _load(self, name: str, model: str | None, system: str | None) -> Session:
        store = self._ports.store
        found = await store.find(name)
        if found is None:
            provider, model_id = split_model(model) if model else ("", "")
            now = self._ports.clock.time()
            fresh = Conversation(new_id(), name, "", provider, model_id, system, created=now, updated=now)
            found = await store.create(fresh)
        await store.recover(found.id)
        messages = await store.messages(found.id)
        records = await self._ports.ledger.records(found.id)
        tree = ConversationTree(found, messages, records)
        return Session(tree, self._ports, default_model=lambda: self._default, on_unused=self._unused)

    # ------------------------------------------------------------ the active model

    @property
    def default_model(self) -> str:
        """The label of the model that conversations without an own one use; "demo/demo" until a choice is made."""
        return self._default

    async def set_default_model(self, label: str) -> None:
        """Choose the active model, for this and later kernels; raises ConfigError for an unknown provider."""
        self._ports.provider(model_named(label)[0])
        self._default = label
        for session in self.active:
            session.facts_changed()
        await self._ports.settings.set(_ACTIVE, label)

    def set_notice(self, notice: Notice | None) -> None:
        """Show a notice in every session, also in those opened later."""
        self._notice = notice
        for session in self.active:
            session.set_notice(notice)

    # ------------------------------------------------------------ ending

    async def stop_all(self) -> int:
        """Stop every running turn and empty every queue; returns how many sessions were busy."""
        busy = [session for session in self.active if session.busy]
        await asyncio.gather(*(session.stop(queue=True) for session in busy))
        return len(busy)

    async def close(self, session: Session) -> None:
        """End a session; its conversation stays. Idempotent."""
        self._let_go(session)
        await session.close()

    def _let_go(self, session: Session) -> None:
        """From here on nobody is given this session; a newer one of the same conversation stays."""
        if self._live.get(session.id) is session:
            del self._live[session.id]
            self._ending.add(session)  # until it says that it is closed

    async def delete(self, name_or_id: str) -> None:
        """Delete a conversation and its messages (its ledger rows stay); raises UsageError when there is none."""
        session = self.get(name_or_id)
        if session is not None:
            await session.stop(queue=True)
            await self.close(session)
            await self._ports.store.delete(session.id)
            return
        found = await self._ports.store.find(name_or_id) or await self._ports.store.get(name_or_id)
        if found is None:
            raise UsageError(f"There is no conversation {name_or_id!r}.", hint="`%nbchat sessions` lists them.")
        await self._ports.store.delete(found.id)

    async def aclose(self) -> None:
        """End all sessions: running answers are saved as interrupted. Idempotent."""
        if self._heart is not None:
            self._heart.cancel()
        sessions = (*self.active, *self._ending)
        for result in await asyncio.gather(*(self.close(session) for session in sessions), return_exceptions=True):
            if isinstance(result, BaseException):
                _log.error("a session did not end well", exc_info=result)

    # ------------------------------------------------------------ watching

    def listen(self, listener: Callable[[Signal], None]) -> Callable[[], None]:
        """Call `listener(signal)` on the loop for every signal of every session; returns the way to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _forward(self, signal: Signal) -> None:
        if signal.name == "closed":
            self._ending.discard(signal.session)
        if signal.name == "turn-queued" and (self._heart is None or self._heart.done()):
            self._heart = asyncio.get_running_loop().create_task(self._beat())
        for listener in tuple(self._listeners):
            try:
                listener(signal)
            except Exception:
                _log.exception("a listener failed on %s", signal.name)

    async def _beat(self) -> None:
        while any(session.busy for session in self.active):
            await self._ports.clock.sleep(_HEARTBEAT_SECONDS)
            try:
                await self._ports.store.heartbeat()
            except ChatError:
                _log.warning("the lease of running turns could not be renewed", exc_info=True)

    def _unused(self, session: Session) -> None:
        if self._live.get(session.id) is session:
            self._let_go(session)  # at once: whoever opens it before the task runs gets a new one
            task = asyncio.get_running_loop().create_task(self.close(session))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
