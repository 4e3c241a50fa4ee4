"""SessionManager: the sessions of this process, opened by name, kept while somebody holds them.

Owns which sessions live, the active model, and the heartbeat of running turns. On the background loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from nbchat.core.conversations import Conversation
from nbchat.core.errors import ChatError, UsageError
from nbchat.core.ids import new_id
from nbchat.core.models import DEMO, Model, model_named, split_model
from nbchat.core.texts import text_of
from nbchat.sessions.budget import Budgets
from nbchat.sessions.library import Library
from nbchat.sessions.ports import Job, Ports, Subscription
from nbchat.sessions.session import Session
from nbchat.sessions.state import Notice, Signal, all_of
from nbchat.sessions.tasks import begin
from nbchat.sessions.tree import ConversationTree

__all__ = ["SessionManager"]

_HEARTBEAT_SECONDS = 3.0
"""A third of the lease of 10 s that storage gives to a running turn."""
_ACTIVE = "active_model"
_RECENT = "recent_models"
_RECENT_MOST = 10
_log = logging.getLogger("nbchat.sessions")


class SessionManager(Library):
    """Opens, finds, stops, deletes and closes sessions."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        self._opening = asyncio.Lock()
        self._listeners: list[Callable[[Signal], None]] = []
        self._heart: asyncio.Task[None] | None = None
        self.budgets = Budgets(ports.clock, ports.ledger, ports.limits)
        """What all sessions together may cost; for other requests of this process, too."""
        self._ending: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._notices: dict[str, Notice] = {}
        self._private: Ports | None = None
        self._recent: tuple[str, ...] = ()
        self._neighbours: Subscription | None = None
        self._default = f"{DEMO}/{DEMO}"

    async def start(self, configured: str = "") -> None:
        """Load the active model, or take the one that is configured for this process ("" for none); call once, before anything
        else."""
        settings = await self._ports.settings.settings()
        label, recent = configured or settings.get(_ACTIVE), settings.get(_RECENT)
        if isinstance(label, str) and all(split_model(label)):
            self._default = label
        if isinstance(recent, list):
            self._recent = tuple(each for each in recent if isinstance(each, str) and all(split_model(each)))[:_RECENT_MOST]

    # ------------------------------------------------------------ opening

    async def open(self, name: str, *, model: str | None = None, system: str | None = None, private: bool = False) -> Session:
        """Return the session of the conversation with this unique name, made when there is none.

        `model` ("provider/model") and `system` are used for a new conversation only; those of an existing one change
        through its session. A `private` one is saved nowhere and ends with its session. Raises UsageError for an empty name, a
        model that names none, and a private one where the name is that of a saved one; ConfigError for an unknown provider.
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
            if session is not None and private and not session.private:
                raise _not_private(name)
            if session is None:
                session = await self._load(name, model, system, private)
                self._live[session.id] = session
                self._watch_neighbours()
                session.set_notice(all_of(self._notices.values()))
                session.listen(self._forward)
                self._forward(Signal("changed", session))
                await self._meet(session)
            session.lease().release()  # starts the warm time: whoever asked has 5 s to take a lease
            return session

    async def _load(self, name: str, model: str | None, system: str | None, private: bool) -> Session:
        ports = self._private_ports() if private else self._ports
        store = ports.store
        if private and await self._ports.store.find(name) is not None:
            raise _not_private(name)
        found = await store.find(name)
        if found is None:
            provider, model_id = split_model(model) if model else ("", "")
            now = self._ports.clock.time()
            fresh = Conversation(new_id(), name, "", provider, model_id, system, created=now, updated=now)
            found = await store.create(fresh)
        await store.recover(found.id)
        standing = await store.standing(found.id)
        messages = await store.messages(found.id)
        records = await ports.ledger.records(found.id)
        tree = ConversationTree(found, messages, records)
        tree.go_on()
        tree.seen = standing.changes
        session = Session(tree, ports, self.budgets, default_model=lambda: self._default, on_unused=self._unused, private=private)
        await session.review()
        return session

    # ------------------------------------------------------------ other kernels

    def _watch_neighbours(self) -> None:
        """Be told what other kernels do, as long as a saved conversation is open here."""
        wanted = any(not session.private for session in self.active)
        if wanted and self._neighbours is None and self._ports.others is not None:
            self._neighbours = self._ports.others.watch(self._neighbour_does)
        elif not wanted and self._neighbours is not None:
            self._neighbours.unsubscribe()
            self._neighbours = None

    def _neighbour_does(self, job: Job) -> None:
        session = self._live.get(job.conversation_id)
        if session is not None and not session.private:
            session.other_job(job)

    async def _meet(self, session: Session) -> None:
        """Show what another kernel answers in a conversation that was just opened."""
        others = None if session.private else self._ports.others
        job = None if others is None else await others.running(session.id)
        if job is not None:
            session.other_job(job)
            await session.met()
        elif others is not None and session.path and session.path[-1].status == "streaming":
            session.catch_up()

    def _private_ports(self) -> Ports:
        if self._private is None:
            self._private = self._ports if self._ports.private is None else self._ports.private()
            if self._private is not self._ports:
                self.budgets.ledgers.append(self._private.ledger)
        return self._private

    # ------------------------------------------------------------ the active model

    @property
    def default_model(self) -> str:
        """The label of the model that conversations without an own one use; "demo/demo" until a choice is made."""
        return self._default

    async def set_default_model(self, label: str, *, save: bool = True) -> None:
        """Choose the active model, for this and (with `save`) later kernels; raises ConfigError for an unknown provider."""
        self._ports.provider(model_named(label)[0])
        self._default = label
        for session in self.active:
            session.facts_changed()
        if save:
            await self._ports.settings.set(_ACTIVE, label)

    @property
    def recent_models(self) -> tuple[str, ...]:
        """The labels of the last ten models that were asked, newest first."""
        return self._recent

    def models_listed(self, models: Iterable[Model]) -> None:
        """A provider was asked what it offers: sessions learn whether their model is loaded."""
        said = {model.label: model for model in models if model.loaded is not None}
        for session in self.active if said else ():
            model = said.get(session.model) or said.get(f"{session.model}:latest")  # Ollama's name for the one without a tag
            if model is not None:
                session.model_listed(model)

    async def _asked(self, label: str) -> None:
        if self._recent[:1] != (label,):
            self._recent = (label, *(each for each in self._recent if each != label))[:_RECENT_MOST]
            await self._ports.settings.set(_RECENT, list(self._recent))

    def set_notice(self, notice: Notice | None, about: str = "store") -> None:
        """Show a notice about something in every session, also in those opened later, beside those about other things; None takes
        it away."""
        self._notices.pop(about, None)
        if notice is not None:
            self._notices[about] = notice
        for session in self.active:
            session.set_notice(all_of(self._notices.values()))

    async def review(self) -> None:
        """The limits changed: every session says whether one is nearly spent."""
        for session in self.active:
            await session.review()

    # ------------------------------------------------------------ ending

    async def stop_all(self) -> int:
        """Stop every turn of this kernel and empty every queue; returns how many sessions were busy. Answers of other kernels
        that are shown here go on: whoever wants one stopped says which."""
        busy = [session for session in self.active if session.asking]
        await asyncio.gather(*(session.stop_own() for session in busy))
        return len(busy)

    async def stop_request(self, request_id: str) -> None:
        """Stop the turn with this request id, in whichever session; does nothing when there is none (any more)."""
        for session in self.active:
            await session.stop_request(request_id)

    async def close(self, session: Session) -> None:
        """End a session; its conversation stays. Idempotent."""
        self._let_go(session)
        await session.close()
        if session.private:
            await self._private_ports().store.delete(session.id)

    def _let_go(self, session: Session) -> None:
        """From here on nobody is given this session; a newer one of the same conversation stays."""
        if self._live.get(session.id) is session:
            del self._live[session.id]
            self._watch_neighbours()
            self._ending.add(session)  # until it says that it is closed

    async def delete(self, name_or_id: str) -> None:
        """Delete a conversation and its messages (its ledger rows stay); raises UsageError when there is none."""
        async with self._opening:  # nobody is given what is about to go
            session = self.get(name_or_id)
            if session is not None:
                await session.stop(queue=True, at_once=True)
                await self.close(session)
                await (self._private_ports() if session.private else self._ports).store.delete(session.id)
            else:
                await self._ports.store.delete((await self._stored(name_or_id)).id)
        self._list_changed()

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
        if signal.name == "turn-started" and signal.turn is not None and not signal.session.private:
            if signal.turn.producer is None:
                self._keep(self._asked(signal.turn.model or signal.session.model))
            self._list_changed()
        if signal.name == "turn-queued" and (self._heart is None or self._heart.done()):
            self._heart = begin(self._beat())
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
            self._keep(self.close(session))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = begin(work)
        self._tasks.add(task)
        task.add_done_callback(self._settled)

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a task of the sessions failed", exc_info=error)


def _not_private(name: str) -> UsageError:
    return UsageError(f"There is a saved conversation {name!r}.", hint="Give the private one another name.")
