"""Session: the live side of one conversation in this process.

Owns the status, the state that readers see, and who listens or holds a lease. Single writer: everything here runs on the
background loop, except reading `state` and `path`, which are immutable values. Must not know about widgets, HTTP or SQL.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from nbchat.core.conversations import Conversation
from nbchat.core.errors import BusyError, UsageError
from nbchat.core.events import ProviderEvent, ReasoningDelta, Retry, TextDelta
from nbchat.core.ids import new_id
from nbchat.core.messages import Message
from nbchat.core.models import model_named, split_model
from nbchat.core.texts import text_of
from nbchat.sessions.leases import Lease, LeaseKind, Leases
from nbchat.sessions.ports import Ports
from nbchat.sessions.state import Listener, Notice, SessionState, Signal, SignalName
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn
from nbchat.sessions.worker import TurnWorker

__all__ = ["Session"]

_log = logging.getLogger("nbchat.sessions")


class Session:
    """One conversation, at most one turn at a time. Made by the manager, which loads its tree."""

    def __init__(
        self,
        tree: ConversationTree,
        ports: Ports,
        *,
        default_model: Callable[[], str],
        on_unused: Callable[[Session], None],
    ) -> None:
        self.notice: Notice | None = None
        self.closed = False
        self._ending: asyncio.Task[None] | None = None
        self._tree = tree
        self._ports = ports
        self._default_model = default_model
        self._worker = TurnWorker(tree, ports, self, model=lambda: self.model)
        self._by_request: dict[str, Turn] = {}
        self._listeners: list[Listener] = []
        self._leases = Leases(ports.clock, changed=self._leases_changed, unused=lambda: on_unused(self), busy=lambda: self.busy)
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
    def model(self) -> str:
        """The label "provider/model" that the next turn uses: the conversation's own, else the active one."""
        own = self.conversation
        return f"{own.provider}/{own.model}" if own.provider and own.model else self._default_model()

    @property
    def turn(self) -> Turn | None:
        """The running turn, or the last one that ran in this process."""
        return self._worker.current

    @property
    def busy(self) -> bool:
        """Whether a turn runs or waits."""
        return self._worker.busy

    @property
    def queue(self) -> tuple[Turn, ...]:
        """The turns that wait."""
        return tuple(self._worker.waiting)

    @property
    def path(self) -> tuple[Message, ...]:
        """The active path, the running answer with its text so far at its end. Any thread."""
        path, turn = self._tree.path, self.turn
        if turn is not None and turn.status == "running" and path and turn.answer is not None and path[-1].id == turn.answer.id:
            return (*path[:-1], turn.answer.with_parts(turn.content.parts))
        return path

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

    # ------------------------------------------------------------ asking

    def submit(
        self,
        text: str,
        *,
        request_id: str | None = None,
        cell: str | None = None,
        model: str = "",
        parameters: Mapping[str, Any] | None = None,
        when_busy: Literal["queue", "raise"] = "queue",
    ) -> Turn:
        """Reserve the next place in the queue and return its turn at once; a `request_id` seen before returns its turn.

        Raises UsageError for an empty question, for a `model` that names none and in a closed session, BusyError with
        `when_busy="raise"` while a turn runs or waits, ConfigError for a model whose provider is unknown; nothing is sent then.
        """
        if self.closed:  # nobody would ever take the turn from the queue
            raise UsageError(f"The session {self.name!r} was closed.", hint=f"Open it again: nbchat.session({self.name!r}).")
        if request_id is not None and request_id in self._by_request:
            return self._by_request[request_id]
        text = text_of(text, "A question")
        if not text.strip():
            raise UsageError("The question is empty.", hint="Write something after %chat, or in the box, and send again.")
        if when_busy == "raise" and self.busy:
            raise BusyError(f"The session {self.name!r} runs another turn.", hint="Wait for it, stop it, or let it queue.")
        if model:
            self._ports.provider(model_named(model)[0])
        turn = Turn(self, text, request_id or new_id(), cell, model, dict(parameters or {}))
        self._by_request[turn.request_id] = turn
        self._worker.add(turn)
        self._leases.touch()
        self.emit("turn-queued", turn)
        self.emit("queue-changed", turn)
        return turn

    def unqueue(self, turn_id: str) -> bool:
        """Remove a waiting turn; False when it is not waiting (any more)."""
        for turn in self.queue:
            if turn.id == turn_id:
                self._by_request.pop(turn.request_id, None)
                self._worker.remove(turn)
                self.emit("queue-changed", turn)
                return True
        return False

    async def stop(self, turn: Turn | None = None, *, queue: bool = False) -> None:
        """Stop `turn` (default: the running one); returns when its request is closed and its partial saved.

        With `queue` the waiting turns are removed too. Does nothing when there is nothing to stop.
        """
        for waiting in self.queue:
            if queue or waiting is turn:
                self.unqueue(waiting.id)
        if turn is None or turn is self.turn:
            await self._worker.stop()

    # ------------------------------------------------------------ the conversation's own facts

    async def update(self, **changes: Any) -> None:
        """Change the conversation (title, name, model, provider, system, parameters) and save it."""
        stored = await self._ports.store.update(self.id, **changes)
        # The head stays: another kernel may have moved the stored one to messages that are not in this tree.
        self._tree.conversation = replace(stored, head=self._tree.conversation.head)
        self.facts_changed()

    async def set_model(self, label: str) -> None:
        """Use "provider/model" from the next turn on; raises ConfigError for an unknown provider, UsageError for no model."""
        provider, model = model_named(label)
        self._ports.provider(provider)
        await self.update(provider=provider, model=model)

    async def set_title(self, text: str) -> None:
        """Set the title."""
        await self.update(title=text_of(text, "A title"))

    async def set_system(self, text: str | None) -> None:
        """Set the system prompt from the next turn on; None removes it. Raises UsageError for what is no text."""
        await self.update(system=None if text is None else text_of(text, "A system prompt"))

    def set_notice(self, notice: Notice | None) -> None:
        """Show (or take away) a notice in every view."""
        if notice != self.notice:
            self.notice = notice
            self.emit("changed")

    def facts_changed(self) -> None:
        """The conversation's own facts changed, or the active model, which one without its own follows."""
        provider, model = split_model(self.model)
        self._set(provider_id=provider, model_id=model)
        self.emit("changed")

    async def close(self) -> None:
        """End the session: a running turn ends as interrupted, waiting ones are removed. Idempotent: whoever comes second
        waits for the same end, and one who gives up waiting does not undo it."""
        if self._ending is None:
            self.closed = True
            for waiting in self.queue:
                self.unqueue(waiting.id)
            self._ending = asyncio.get_running_loop().create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        await self._worker.close()
        self._leases.close()
        self.emit("closed")
        self._listeners.clear()

    # ------------------------------------------------------------ what the worker tells

    def started(self, turn: Turn) -> None:
        """The turn left the queue; what the last one left behind is cleared."""
        self.emit("queue-changed", turn)
        self._set(status="submitted", last_error=None, retry=None, finish_reason=None, _text=lambda: turn.content.text)

    def arrived(self, event: ProviderEvent) -> None:
        """The provider sent something."""
        if isinstance(event, TextDelta | ReasoningDelta):
            if self.state.status != "streaming":
                self._set(status="streaming", retry=None)
        elif isinstance(event, Retry):
            self._set(retry=event)

    def published(self, turn: Turn, text: str) -> None:
        """This much more text is in the log."""
        turn.tell(text)
        self.emit("text-delta", turn, text)

    def ended(self, turn: Turn, message: Message) -> None:
        """The turn is over and saved."""
        self._by_request.pop(turn.request_id, None)  # from here on the store knows this request
        self._tree.replace(message)
        if turn.record is not None and turn.record.id == turn.id:
            self._tree.settle(message.usage, message.cost)
        failed = message.status in ("error", "interrupted")
        self._set(
            status="error" if failed else "idle",
            usage=self._tree.usage,
            cost=self._tree.cost,
            finish_reason=message.finish_reason,
            last_error=message.error,
            retry=None,
            last_activity=self._ports.clock.time(),
            _text=str,
        )
        if failed:
            self.emit("error", turn, message.error)
        self.emit("turn-ended", turn, message)
        self.emit("changed")

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
        old = self.state
        self.state = replace(old, **changes)
        if self.state.status != old.status:
            self.emit("status-changed", self.turn, (old.status, self.state.status))

    def _leases_changed(self, views: int) -> None:
        if views != self.state.subscriber_count:
            self._set(subscriber_count=views)
            self.emit("changed")
