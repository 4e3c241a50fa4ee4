"""Session: the live side of one conversation in this process.

Owns the status, the state that readers see, and who listens or holds a lease. Single writer: everything here runs on the
background loop, except reading `state` and `path`, which are immutable values. Must not know about widgets, HTTP or SQL.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost
from nbchat.core.engine import engine_listed
from nbchat.core.events import ProviderEvent
from nbchat.core.messages import Message
from nbchat.core.models import Model, model_named, split_model
from nbchat.core.parameters import check_parameters
from nbchat.core.requests import RequestRecord
from nbchat.core.texts import text_of
from nbchat.sessions.beside import Beside
from nbchat.sessions.budget import Budgets
from nbchat.sessions.leases import Lease, LeaseKind, Leases
from nbchat.sessions.ports import EventTransport, Ports
from nbchat.sessions.state import Approval, Listener, SessionState, Signal, SignalName
from nbchat.sessions.tasks import begin
from nbchat.sessions.title_maker import TitleMaker
from nbchat.sessions.toolbox import ToolBox
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn
from nbchat.sessions.worker import TurnWorker

__all__ = ["Session"]

_log = logging.getLogger("nbchat.sessions")


class Session(Beside):
    """One conversation, at most one turn at a time. Made by the manager, which loads its tree."""

    def __init__(
        self,
        tree: ConversationTree,
        ports: Ports,
        budgets: Budgets,
        *,
        default_model: Callable[[], str],
        on_unused: Callable[[Session], None],
        private: bool = False,
    ) -> None:
        super().__init__(tree, ports, budgets)
        self.private = private
        """Whether nothing of it is saved anywhere."""
        self.stop_on_close = False
        """Whether a running turn is stopped when the last view closes; else it goes on to its end."""
        self.tools = ToolBox(self._tools_changed, self._approval_needed, self._somebody_can_decide)
        self._ending: asyncio.Task[None] | None = None
        self._default_model = default_model
        self._worker = TurnWorker(tree, ports, self, self.tools, self.estimates, model=lambda: self.model)
        self._titles = TitleMaker(self, ports)
        self._deciders = 0
        self._listeners: list[Listener] = []
        self._leases = Leases(ports.clock, changed=self._leases_changed, unused=lambda: on_unused(self), busy=lambda: self.asking)
        provider, model = split_model(self.model)
        self.state = SessionState(
            conversation_id=tree.conversation.id,
            provider_id=provider,
            model_id=model,
            status="idle",
            usage=tree.usage,
            cost=tree.cost,
            last_activity=tree.conversation.updated,
        )

    # ------------------------------------------------------------ reading

    @property
    def conversation(self) -> Conversation:
        """The conversation's own facts."""
        return self._tree.conversation

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self.conversation.id

    @property
    def name(self) -> str:
        """The conversation's unique name."""
        return self.conversation.name

    @property
    def log(self) -> EventTransport:
        """Where its turns are told; a private session's is this process's own."""
        return self._ports.log

    @property
    def model(self) -> str:
        """The label "provider/model" that the next turn uses: the conversation's own, else the active one."""
        own = self.conversation
        return f"{own.provider}/{own.model}" if own.provider and own.model else self._default_model()

    @property
    def path(self) -> tuple[Message, ...]:
        """The active path, the running answer with its text so far at its end. Any thread."""
        return self._with_running(self._tree.path)

    def path_through(self, message_id: str) -> tuple[Message, ...]:
        """Return the path to the newest message below this one, the running answer with its text so far. Any thread."""
        return self._with_running(self._tree.path_to(self._tree.leaf(message_id)))

    def _with_running(self, path: tuple[Message, ...]) -> tuple[Message, ...]:
        turn = self.turn
        if turn is not None and turn.status == "running" and path and turn.answer is not None and path[-1].id == turn.answer.id:
            return (*path[:-1], path[-1].with_parts(turn.content.parts))
        return path

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages of all branches in the order of creation, deleted ones too (marked). Any thread."""
        return self._tree.all

    def message(self, message_id: str) -> Message | None:
        """Return a message of any branch."""
        return self._tree.get(message_id)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(signal)` on the loop for everything that happens, in order; returns the way to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def lease(self, kind: LeaseKind = "handle") -> Lease:
        """Hold the session alive for a view or a Python handle until the lease is released."""
        return self._leases.take(kind)

    # ------------------------------------------------------------ the conversation's own facts

    async def update(self, **changes: Any) -> None:
        """Change the conversation (title, name, model, provider, system, parameters) and save it; raises UsageError for a
        name that is taken, and when it was deleted."""
        stored = await self._saved(**changes)
        # The head stays: another kernel may have moved the stored one to messages that are not in this tree.
        self._tree.conversation = replace(stored, head=self._tree.conversation.head)
        self.facts_changed()

    async def set_model(self, label: str) -> None:
        """Use "provider/model" from the next turn on; raises ConfigError for an unknown provider, UsageError for no model."""
        provider, model = model_named(label)
        self._ports.provider(provider)
        await self.update(provider=provider, model=model)

    async def set_title(self, text: str) -> None:
        """Give the conversation a title, which stays; "" takes it away, and the next answer brings one that is made."""
        await self._titles.cancel()
        title = text_of(text, "A title").strip()
        await self.update(title=title, titled=bool(title))

    async def set_system(self, text: str | None) -> None:
        """Set the system prompt from the next turn on; None removes it. Raises UsageError for what is no text."""
        await self.update(system=None if text is None else text_of(text, "A system prompt"))

    async def set_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Set what is sent along with each request from the next turn on (temperature, ...); raises UsageError for what
        cannot be sent."""
        await self.update(parameters=check_parameters(parameters))

    # ------------------------------------------------------------ tools

    def watch_approvals(self) -> Callable[[], None]:
        """Say that somebody listens for "approval-needed" and will decide; returns the way to take that back."""
        self._deciders += 1
        left = [True]

        def leave() -> None:
            if left and left.pop():
                self._deciders -= 1

        return leave

    def _somebody_can_decide(self) -> bool:
        return self._deciders > 0 or self.state.subscriber_count > 0

    def _tools_changed(self) -> None:
        self._set(approvals=self.tools.pending)
        self.emit("changed")

    def _approval_needed(self, approval: Approval) -> None:
        self.emit("approval-needed", self.turn, approval)

    def facts_changed(self) -> None:
        """The conversation's own facts changed, or the active model, which one without its own follows."""
        self._become(self.state.of_model(*split_model(self.model)))
        self._look_ahead()
        self.emit("changed")

    def model_listed(self, model: Model) -> None:
        """Its model's provider was asked what it offers, and said this of it."""
        engine = engine_listed(self.state.engine, model)
        if engine != self.state.engine and not self.busy:
            self._set(engine=engine)
            self.emit("changed")
        self._look_ahead()  # its price and what it can read

    async def close(self) -> None:
        """End the session: a running turn ends as interrupted, waiting ones are removed. Idempotent: whoever comes second
        waits for the same end, and one who gives up waiting does not undo it."""
        if self._ending is None:
            self.closed = True
            for waiting in self.queue:
                self.unqueue(waiting.id)
            self._ending = begin(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        await self._worker.close()
        await self._titles.close()
        await self._outlooks.close()
        self._leases.close()
        self.emit("closed")
        self._listeners.clear()

    # ------------------------------------------------------------ what the worker tells

    def started(self, turn: Turn) -> None:
        """The turn left the queue; what the last one left behind is cleared."""
        self.emit("queue-changed", turn)
        self._become(self.state.begun(lambda: turn.content.text, turn.producer or ""))
        if turn.producer is not None:
            self.emit("changed")

    def arrived(self, event: ProviderEvent) -> None:
        """The provider sent something."""
        before, after = self.state, self.state.after(event)
        if after is not before:
            self._become(after)
            if after.engine is not before.engine:
                self.emit("changed")

    def published(self, turn: Turn, text: str) -> None:
        """This much more text is in the log."""
        turn.tell(text)
        self.emit("text-delta", turn, text)

    def settled(self, row: RequestRecord) -> Cost:
        """A request is over; returns what the conversation has cost with it."""
        self._tree.settle(row)
        self._set(usage=self._tree.usage, cost=self._tree.cost)
        return self.state.cost

    def ended(self, turn: Turn, message: Message) -> None:
        """The turn is over and saved."""
        self._by_request.pop(turn.request_id, None)  # from here on the store knows this request
        known = self._tree.get(message.id)
        if known is not None:  # it may have been marked meanwhile
            self._tree.replace(replace(message, hidden=known.hidden, deleted=known.deleted))
        self._become(self.state.ended(message, self._ports.clock.time()))
        if self.state.status == "error":
            self.emit("error", turn, message.error)
        self.emit("turn-ended", turn, message)
        self._look_ahead()  # what was asked for while it ran is at hand now
        self.emit("changed")
        if message.status == "complete" and turn.question is not None and not turn.reused and turn.producer is None:
            self._titles.start(turn.question, message)

    def idle(self) -> None:
        """Nothing waits any more."""
        self._leases.touch()

    # ------------------------------------------------------------ telling

    def emit(self, name: SignalName, turn: Turn | None = None, data: Any = None) -> None:
        """Send a signal to all listeners; one that fails is logged."""
        signal = Signal(name, self, turn, data)
        for listener in tuple(self._listeners):
            try:
                listener(signal)
            except Exception:
                _log.exception("a listener failed on %s", name)

    def _set(self, **changes: Any) -> None:
        self._become(replace(self.state, **changes))

    def _become(self, state: SessionState) -> None:
        old, self.state = self.state, state
        if state.status != old.status:
            self.emit("status-changed", self.turn, (old.status, state.status))

    def _leases_changed(self, views: int) -> None:
        if self.stop_on_close and not views and self.state.subscriber_count and self.asking and not self.closed:
            self._stopping = begin(self.stop_own())
        if views != self.state.subscriber_count:
            self._set(subscriber_count=views)
            self._look_ahead()
            self.emit("changed")
