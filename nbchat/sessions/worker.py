"""TurnWorker: takes a session's waiting turns, one after the other, from saved question to settled answer.

Owns the queue and the one running turn ("busy" is reserved when a turn is submitted, before anything is awaited). Tells the
session what happens through its callbacks; must not know who watches.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.cost import Cost
from nbchat.core.errors import ChatError, ErrorInfo
from nbchat.core.events import ProviderEvent, TurnStart
from nbchat.core.ids import new_id
from nbchat.core.messages import Message
from nbchat.core.models import split_model
from nbchat.core.requests import RequestRecord
from nbchat.sessions.admission import Admission
from nbchat.sessions.asked import asked_by
from nbchat.sessions.asking import Asking
from nbchat.sessions.beginning import Beginning
from nbchat.sessions.estimates import Estimates
from nbchat.sessions.ports import Job, Ports, TurnRecord, UserMessage
from nbchat.sessions.run import RunWatcher, TurnRun
from nbchat.sessions.state import SignalName
from nbchat.sessions.tasks import begin
from nbchat.sessions.toolbox import ToolBox
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

__all__ = ["TurnWorker", "Watcher"]

_log = logging.getLogger("nbchat.sessions")


class Watcher(Protocol):
    """Whom the worker tells: its session."""

    def started(self, turn: Turn) -> None:
        """The turn left the queue."""

    def arrived(self, event: ProviderEvent) -> None:
        """The provider sent something."""

    def published(self, turn: Turn, text: str) -> None:
        """This much more text is in the log."""

    def settled(self, row: RequestRecord) -> Cost:
        """A request is over; returns what the conversation has cost with it."""

    def admission(self, turn: Turn, asking: Asking) -> Admission:
        """Return what the turn's requests have to pass."""

    def ended(self, turn: Turn, message: Message) -> None:
        """The turn is over and saved."""

    def idle(self) -> None:
        """Nothing waits any more."""

    def emit(self, name: SignalName, turn: Turn | None = None, data: Any = None) -> None:
        """Something happened."""


class TurnWorker:
    """The queue of one session and the task that empties it."""

    def __init__(
        self,
        tree: ConversationTree,
        ports: Ports,
        watcher: Watcher,
        tools: ToolBox,
        estimates: Estimates,
        *,
        model: Callable[[], str],
    ) -> None:
        self.waiting: deque[Turn] = deque()
        self.current: Turn | None = None
        self._tree = tree
        self._ports = ports
        self._watcher = watcher
        self._tools = tools
        self._estimates = estimates
        self._model = model
        self._beginning = Beginning(tree, ports)
        self._run: TurnRun | None = None
        self._task: asyncio.Task[None] | None = None
        self._rest: str | None = None
        self._stop_at_once = False
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a turn runs or waits."""
        return bool(self.waiting) or (self.current is not None and self.current.status != "ended")

    def add(self, turn: Turn) -> None:
        """Put a turn at the end of the queue and see to it that somebody works."""
        self.waiting.append(turn)
        if self._task is None or self._task.done():
            self._task = begin(self._work())

    def remove(self, turn: Turn) -> None:
        """Take a waiting turn out of the queue; its future is cancelled."""
        self.waiting.remove(turn)
        turn.status = "ended"
        turn.future.cancel()
        turn.tell(None)

    async def stop(self, *, at_once: bool | None = None) -> None:
        """Stop the running turn, if there is one; returns when its request is closed and its partial saved. `at_once`: see
        `TurnRun.stop`."""
        turn = self.current
        if turn is None or turn.status == "ended":
            return
        if self._run is not None:
            self._run.stop(at_once=at_once)
        else:
            self._stop_at_once = True
        await asyncio.wrap_future(turn.future)

    async def close(self) -> None:
        """End the running turn as interrupted and start no other."""
        self._closed = True
        if self._run is not None:
            self._run.interrupt()
        if self._task is not None:
            await self._task  # never cancelled: that could cut off the saving of what came

    async def _work(self) -> None:
        while self.waiting and not self._closed:
            turn = self.current = self.waiting.popleft()
            turn.status = "running"
            # From here on nobody who gives up waiting can cancel it for the others.
            turn.future.set_running_or_notify_cancel()
            self._stop_at_once = False
            self._watcher.started(turn)
            try:
                message = await self._answer(turn)
            except ChatError as error:
                message = await self._failed(turn, error.info)
            except Exception as error:
                _log.exception("a turn could not be started")
                text = f"nbchat could not start the turn ({type(error).__name__}: {error})."
                message = await self._failed(turn, ErrorInfo("internal", text, "The kernel's log has the details."))
            turn.answer, turn.status, turn.callers = message, "ended", ()
            turn.content = TurnAccumulator(message.parts)  # whoever keeps the turn keeps its text once, not token by token
            try:
                self._watcher.ended(turn, message)
                await self._follow_up(turn)
            except Exception:  # whoever waits for the turn must not wait for ever
                _log.exception("the end of a turn could not be told")
            turn.tell(None)
            if not turn.future.done():
                turn.future.set_result(message)
        self._watcher.idle()

    async def _follow_up(self, turn: Turn) -> None:
        """What stood below an answer that went on stands there again: only while it ran was it the end of the active path."""
        rest, self._rest = self._rest, None
        conversation = self._tree.conversation
        if rest is None or turn.answer is None or conversation.head != turn.answer.id:
            return
        self._tree.conversation = replace(conversation, head=rest)
        self._watcher.emit("path-changed")
        try:
            await self._ports.store.update(conversation.id, head=rest)
        except Exception:
            _log.warning("the active path could not be saved", exc_info=True)

    async def _answer(self, turn: Turn) -> Message:
        label = turn.model or self._model()
        provider, model = split_model(label)
        question, answer = await self._begin(turn, label)
        if answer.status != "streaming":
            return answer  # somebody else has answered this very request, or gone on with this very answer
        conversation = self._tree.conversation
        asking = Asking(
            turn=turn.id,
            request_id=turn.request_id,
            provider=provider,
            model=model,
            conversation=conversation.name,
            system=conversation.system,
            path=self._tree.path_to(question.id),
            answer=replace(answer, hidden=False),  # its own rounds are sent, hidden or not
            parameters=answer.parameters or {},
        )
        admission = self._watcher.admission(turn, asking)
        self._run = TurnRun(
            turn,
            asking,
            self._ports,
            provider=lambda: self._ports.provider(provider),
            tools=self._tools,
            estimates=self._estimates,
            watcher=RunWatcher(
                arrived=self._watcher.arrived,
                published=lambda text: self._watcher.published(turn, text),
                settled=self._watcher.settled,
            ),
            admission=admission,
        )
        try:
            if self._stop_at_once:
                self._run.stop()
            if self._closed:
                self._run.interrupt()
            return await self._run.run()
        finally:
            self._run = None
            admission.close()

    async def _begin(self, turn: Turn, label: str) -> tuple[Message, Message]:
        """Save the turn with its question and its answer so far, then let the world know."""
        ports, now, tree = self._ports, self._ports.clock.time(), self._tree
        conversation = tree.conversation.id
        question, answer = await self._beginning.messages_for(turn, label, now)
        if answer.status != "streaming":
            return _found(turn, question, answer)
        record = TurnRecord(turn.id, conversation, question.id, answer.id, turn.request_id, turn.cell, started=now)
        if turn.cell is not None and turn.kind == "ask":
            record = replace(record, asked=str(asked_by(turn, tree.path_to(question.parent))))
        turn.record = await ports.store.begin_turn(record, [question, answer])
        if turn.record.id != turn.id:
            return _found(turn, *await self._beginning.attached(turn.record))
        turn.question, turn.answer = question, answer
        turn.content = TurnAccumulator(answer.parts)
        turn.tell(answer.text)
        self._rest = self._below(answer)
        new = [message for message in (question, answer) if tree.get(message.id) is None]
        tree.add((question, answer), now=now)
        asked = UserMessage(question.id, question.parent, conversation, question.text)
        job = Job(
            stream_id=turn.id,
            user_id=ports.user,
            conversation_id=conversation,
            generation=turn.generation,
            created_at=now,
            user_message=asked,
            response_message_id=answer.id,
            sender=label,
        )
        await ports.jobs.cleanup()
        await ports.jobs.create_job(job)
        self._watcher.emit("turn-started", turn)
        beside = {message.id: ids for message in (question, answer) if len(ids := tree.siblings(message.id)) > 1}
        shown = {message.id: message for message in tree.path[-2:]}  # each below what it is shown below
        told = tuple(shown.get(message.id, message) for message in (question, answer))
        await ports.log.append(turn.id, turn.generation, [TurnStart(turn.id, told, beside)])
        for message in new:
            self._watcher.emit("message-added", turn, message)
        return question, answer

    def _below(self, answer: Message) -> str | None:
        """Return the end of the path that goes on behind an answer that was there before: of the active one, else the newest."""
        tree = self._tree
        if tree.get(answer.id) is None:
            return None
        end = tree.path[-1].id if any(message.id == answer.id for message in tree.path) else tree.leaf(answer.id)
        return None if end == answer.id else end

    async def _failed(self, turn: Turn, error: ErrorInfo) -> Message:
        """Return the answer of a turn that ended before its request; where it was begun, end it in the store too."""
        now, ports = self._ports.clock.time(), self._ports
        if turn.answer is not None and turn.record is not None:
            message = replace(turn.answer, parts=turn.content.parts, status="error", error=error)
            try:
                await ports.store.end_turn(turn.record, message, [])
                await ports.jobs.update_job(turn.id, turn.generation, status="error", completed_at=now, error=error.text)
            except Exception:
                _log.warning("the end of a turn could not be saved", exc_info=True)
            return message
        return Message(new_id(), "assistant", (), None, "error", model=turn.model or self._model(), created=now, error=error)


def _found(turn: Turn, question: Message, answer: Message) -> tuple[Message, Message]:
    """The turn has its answer without a request."""
    turn.question, turn.answer = question, answer
    turn.content = TurnAccumulator(answer.parts)
    turn.tell(answer.text)
    return question, answer
