"""Session: the live side of one conversation in this process.

Owns the queue, the status, the tree in memory, and who listens. Single writer: everything here runs on the background loop,
except reading `state` and `path`, which are immutable values. Must not know about widgets, HTTP or SQL.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost, sum_cost
from nbchat.core.errors import BusyError, ChatError, ErrorInfo, UsageError
from nbchat.core.events import ProviderEvent, ReasoningDelta, Retry, TextDelta, TurnStart
from nbchat.core.ids import new_id
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import split_model
from nbchat.core.requests import ModelRequest, RequestRecord
from nbchat.core.usage import Usage, sum_usage
from nbchat.sessions.history import history_for
from nbchat.sessions.leases import Lease, LeaseKind, Leases
from nbchat.sessions.ports import Job, Ports, TurnRecord, UserMessage
from nbchat.sessions.run import TurnRun
from nbchat.sessions.state import Listener, Notice, SessionState, Signal, SignalName
from nbchat.sessions.tree import path_to
from nbchat.sessions.turn import Turn

__all__ = ["Session"]

_log = logging.getLogger("nbchat.sessions")


class Session:
    """One conversation, at most one turn at a time. Made by the manager, which loads what it needs."""

    def __init__(
        self,
        conversation: Conversation,
        messages: list[Message],
        records: list[RequestRecord],
        ports: Ports,
        *,
        default_model: Callable[[], str],
        on_unused: Callable[[Session], None],
    ) -> None:
        self.conversation = conversation
        self.notice: Notice | None = None
        self.turn: Turn | None = None
        self.closed = False
        self._ports = ports
        self._default_model = default_model
        self._messages = {message.id: message for message in messages}
        self._settled: list[tuple[Usage | None, Cost | None]] = [(row.usage, row.cost) for row in records]
        self._waiting: deque[Turn] = deque()
        self._by_request: dict[str, Turn] = {}
        self._listeners: list[Listener] = []
        self._run: TurnRun | None = None
        self._worker: asyncio.Task[None] | None = None
        self._stop_next = False
        self._path_cache: tuple[str | None, tuple[Message, ...]] | None = None
        self._leases = Leases(ports.clock, changed=self._leases_changed, unused=lambda: on_unused(self), busy=lambda: self.busy)
        provider, model = split_model(self.model)
        self.state = SessionState(
            conversation_id=conversation.id,
            provider_id=provider,
            model_id=model,
            status="idle",
            usage=sum_usage(usage for usage, _ in self._settled),
            cost=sum_cost(cost for _, cost in self._settled),
            last_activity=conversation.updated,
        )

    # ------------------------------------------------------------ reading

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
    def busy(self) -> bool:
        """Whether a turn runs or waits."""
        return bool(self._waiting) or (self.turn is not None and self.turn.status != "ended")

    @property
    def queue(self) -> tuple[Turn, ...]:
        """The turns that wait."""
        return tuple(self._waiting)

    @property
    def path(self) -> tuple[Message, ...]:
        """The active path, the running answer with its text so far at its end. Any thread."""
        head, cache = self.conversation.head, self._path_cache
        if cache is None or cache[0] != head:
            cache = (head, path_to(dict(self._messages), head))
            self._path_cache = cache
        path, turn = cache[1], self.turn
        if turn is not None and turn.status == "running" and path and turn.answer is not None and path[-1].id == turn.answer.id:
            return (*path[:-1], turn.answer.with_parts(turn.content.parts))
        return path

    def message(self, message_id: str) -> Message | None:
        """Return a message of any branch."""
        return self._messages.get(message_id)

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

        Raises UsageError for an empty question, BusyError with `when_busy="raise"` while a turn runs or waits, ConfigError
        for a model whose provider is unknown; nothing is sent then.
        """
        if request_id is not None and request_id in self._by_request:
            return self._by_request[request_id]
        if not text.strip():
            raise UsageError("The question is empty.", hint="Write something after %chat, or in the box, and send again.")
        if when_busy == "raise" and self.busy:
            raise BusyError(f"The session {self.name!r} is busy with another turn.", hint="Wait for it, stop it, or let it queue.")
        if model:
            self._ports.provider(split_model(model)[0])
        turn = Turn(self, text, request_id or new_id(), cell, model, dict(parameters or {}))
        self._by_request[turn.request_id] = turn
        self._waiting.append(turn)
        self._leases.touch()
        self._emit("turn-queued", turn)
        self._emit("queue-changed", turn)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())
        return turn

    def unqueue(self, turn_id: str) -> bool:
        """Remove a waiting turn; False when it is not waiting (any more)."""
        for turn in self._waiting:
            if turn.id == turn_id:
                self._waiting.remove(turn)
                turn.status = "ended"
                self._by_request.pop(turn.request_id, None)
                turn.future.cancel()
                turn.tell(None)
                self._emit("queue-changed", turn)
                return True
        return False

    async def stop(self, turn: Turn | None = None, *, queue: bool = False) -> None:
        """Stop `turn` (default: the running one); returns when its request is closed and its partial saved.

        With `queue` the waiting turns are removed too. Does nothing when there is nothing to stop.
        """
        if queue:
            for waiting in tuple(self._waiting):
                self.unqueue(waiting.id)
        current = self.turn
        if turn is not None and turn is not current:
            self.unqueue(turn.id)
            return
        if current is None or current.status == "ended":
            return
        if self._run is not None:
            self._run.stop()
        else:
            self._stop_next = True
        await asyncio.wrap_future(current.future)

    # ------------------------------------------------------------ the conversation's own facts

    async def update(self, **changes: Any) -> None:
        """Change the conversation (title, name, model, provider, system, parameters) and save it."""
        self.conversation = await self._ports.store.update(self.id, **changes)
        self._refresh_model()
        self._emit("changed")

    async def set_model(self, label: str) -> None:
        """Use "provider/model" from the next turn on; raises ConfigError for an unknown provider, UsageError for no model."""
        provider, model = split_model(label)
        if not provider or not model:
            raise UsageError(f"{label!r} does not name a model.", hint='Write "provider/model"; `%nbchat models` lists them.')
        self._ports.provider(provider)
        await self.update(provider=provider, model=model)

    async def set_system(self, text: str | None) -> None:
        """Set the system prompt from the next turn on; None removes it."""
        await self.update(system=text)

    def set_notice(self, notice: Notice | None) -> None:
        """Show (or take away) a notice in every view."""
        if notice != self.notice:
            self.notice = notice
            self._emit("changed")

    def default_model_changed(self) -> None:
        """The active model changed; a conversation without its own follows."""
        self._refresh_model()
        self._emit("changed")

    async def close(self) -> None:
        """End the session: a running turn ends as interrupted, waiting ones are removed. Idempotent."""
        if self.closed:
            return
        self.closed = True
        for waiting in tuple(self._waiting):
            self.unqueue(waiting.id)
        if self._worker is not None and not self._worker.done():
            self._worker.cancel()
            await asyncio.wait({self._worker})
        self._leases.close()
        self._emit("closed")
        self._listeners.clear()

    # ------------------------------------------------------------ one turn after the other

    async def _work(self) -> None:
        while self._waiting and not self.closed:
            turn = self._waiting.popleft()
            self.turn = turn
            self._stop_next = False
            turn.status = "running"
            self._emit("queue-changed", turn)
            self._set(status="submitted", last_error=None, retry=None, finish_reason=None)
            try:
                message = await self._answer(turn)
            except ChatError as error:
                message = self._failed(turn, error.info)
            except Exception as error:
                _log.exception("a turn could not be started")
                text = f"nbchat could not start the turn ({type(error).__name__}: {error})."
                message = self._failed(turn, ErrorInfo("internal", text, "Nothing was sent. The kernel's log has the details."))
            self._finish(turn, message)
        self._leases.touch()

    async def _answer(self, turn: Turn) -> Message:
        label = turn.model or self.model
        provider, model = split_model(label)
        await self._begin(turn)
        if turn.answer is not None and turn.answer.status != "streaming":
            return turn.answer  # another process has answered this very request
        question, answer = turn.question, turn.answer
        assert question is not None and answer is not None and turn.record is not None
        history = history_for(path_to(self._messages, question.id), self.conversation.system)
        request = ModelRequest(turn.request_id, model, history, {**self.conversation.parameters, **turn.parameters})
        self._run = TurnRun(
            turn,
            request,
            self._ports,
            provider=lambda: self._ports.provider(provider),
            provider_id=provider,
            conversation_name=self.name,
            arrived=self._arrived,
            published=lambda text: self._published(turn, text),
            total=lambda cost: sum_cost([*(each for _, each in self._settled), cost]),
        )
        try:
            if self._stop_next:
                self._run.stop()
            return await self._run.run()
        finally:
            self._run = None

    async def _begin(self, turn: Turn) -> None:
        ports, now = self._ports, self._ports.clock.time()
        parent = await self._parent_for(turn)
        question = Message(new_id(), "user", (TextPart(turn.text),), parent, created=now)
        answer = Message(new_id(), "assistant", (), question.id, "streaming", model=turn.model or self.model, created=now)
        record = TurnRecord(turn.id, self.id, question.id, answer.id, turn.request_id, turn.cell, started=now)
        turn.record = await ports.store.begin_turn(record, [question, answer])
        if turn.record.id != turn.id:
            await self._reload(turn)
            return
        turn.question, turn.answer = question, answer
        self._messages.update({question.id: question, answer.id: answer})
        self.conversation = replace(self.conversation, head=answer.id, updated=now)
        asked = UserMessage(question.id, parent, self.id, turn.text)
        await ports.jobs.create_job(
            Job(turn.id, ports.user, self.id, turn.generation, "running", now, None, None, asked, answer.id, answer.model)
        )
        self._emit("turn-started", turn)
        await ports.log.append(turn.id, turn.generation, [TurnStart(turn.id, (question, answer))])
        for message in (question, answer):
            self._emit("message-added", turn, message)

    async def _parent_for(self, turn: Turn) -> str | None:
        """The cell's earlier question, if it lies on the active path, is branched at its parent; else append."""
        if turn.cell is not None:
            earlier = await self._ports.store.turn_of_cell(self.id, turn.cell)
            if earlier is not None:
                for message in path_to(self._messages, self.conversation.head):
                    if message.id == earlier.user_message:
                        return message.parent
        return self.conversation.head

    async def _reload(self, turn: Turn) -> None:
        assert turn.record is not None
        self._messages = {message.id: message for message in await self._ports.store.messages(self.id)}
        self._path_cache = None
        turn.question = self._messages.get(turn.record.user_message)
        turn.answer = self._messages.get(turn.record.assistant_message)
        if turn.answer is not None and turn.answer.status == "streaming":
            raise ChatError("Another kernel is answering this very request.", kind="busy", hint="Its answer is saved when it ends.")

    def _arrived(self, event: ProviderEvent) -> None:
        if isinstance(event, TextDelta | ReasoningDelta):
            if self.state.status != "streaming":
                self._set(status="streaming", retry=None)
        elif isinstance(event, Retry):
            self._set(retry=event)

    def _published(self, turn: Turn, text: str) -> None:
        turn.tell(text)
        self._emit("text-delta", turn, text)

    def _failed(self, turn: Turn, error: ErrorInfo) -> Message:
        if turn.answer is not None:
            return replace(turn.answer, status="error", error=error)
        return Message(new_id(), "assistant", (), None, "error", model=self.model, created=self._ports.clock.time(), error=error)

    def _finish(self, turn: Turn, message: Message) -> None:
        if message.id in self._messages:
            self._messages[message.id] = message
            self._path_cache = None
        turn.answer = message
        turn.status = "ended"
        if message.usage is not None or message.cost is not None:
            self._settled.append((message.usage, message.cost))
        failed = message.status in ("error", "interrupted")
        self._set(
            status="error" if failed else "idle",
            usage=sum_usage(usage for usage, _ in self._settled),
            cost=sum_cost(cost for _, cost in self._settled),
            finish_reason=message.finish_reason,
            last_error=message.error,
            retry=None,
            last_activity=self._ports.clock.time(),
        )
        if failed:
            self._emit("error", turn, message.error)
        self._emit("turn-ended", turn, message)
        self._emit("changed")
        turn.tell(None)
        if not turn.future.done():
            turn.future.set_result(message)

    # ------------------------------------------------------------ telling

    def _set(self, **changes: Any) -> None:
        old = self.state
        turn = self.turn
        text = turn.content if turn is not None and changes.get("status", old.status) in ("submitted", "streaming") else None
        self.state = replace(old, **changes, _text=str if text is None else lambda: text.text)
        if self.state.status != old.status:
            self._emit("status-changed", turn, (old.status, self.state.status))

    def _refresh_model(self) -> None:
        provider, model = split_model(self.model)
        self._set(provider_id=provider, model_id=model)

    def _leases_changed(self, views: int) -> None:
        if views != self.state.subscriber_count:
            self._set(subscriber_count=views)
            self._emit("changed")

    def _emit(self, name: SignalName, turn: Turn | None = None, data: Any = None) -> None:
        signal = Signal(name, self, turn, data)
        for listener in tuple(self._listeners):
            try:
                listener(signal)
            except Exception:
                _log.exception("a listener failed on %s", name)
