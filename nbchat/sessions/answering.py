"""Answering: one turn of this kernel, from its saved question over its run to the message that it ends with.

Owns the order of beginning: saved, then told to others by a job, then to views by the log. Must not know queues.
"""

from __future__ import annotations

import logging
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
from nbchat.sessions.reservation import Reservation
from nbchat.sessions.run import RunWatcher, TurnRun
from nbchat.sessions.state import SignalName
from nbchat.sessions.tasks import begin
from nbchat.sessions.toolbox import ToolBox
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

__all__ = ["Answering", "Watcher"]

_COUNT_SECONDS = 1.0
"""How often the kernels are counted in which a running turn is followed."""
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

    def reloaded(self) -> None:
        """What other kernels saved was taken over."""

    def elsewhere(self, job: Job) -> Turn:
        """Return a turn of the session for a job of another kernel."""

    def watched(self, count: int) -> None:
        """In so many other kernels the running turn is followed."""

    def emit(self, name: SignalName, turn: Turn | None = None, data: Any = None) -> None:
        """Something happened."""


class Answering:
    """Answers the turns of one session, one after the other."""

    def __init__(
        self,
        tree: ConversationTree,
        ports: Ports,
        watcher: Watcher,
        tools: ToolBox,
        estimates: Estimates,
        reservation: Reservation,
        *,
        model: Callable[[], str],
    ) -> None:
        self._tree = tree
        self._ports = ports
        self._watcher = watcher
        self._tools = tools
        self._estimates = estimates
        self._reservation = reservation
        self._model = model
        self._beginning = Beginning(tree, ports)
        self._run: TurnRun | None = None
        self._rest: str | None = None
        self.stopping = False
        """Whether the turn was stopped before it had a request; taken back by whoever takes the next one."""
        self._closing = False

    def stop(self, *, at_once: bool | None = None) -> None:
        """Stop the turn that is being answered; see `TurnRun.stop`."""
        if self._run is not None:
            self._run.stop(at_once=at_once)
        else:
            self.stopping = True

    def interrupt(self) -> None:
        """The session is closed: the turn that is being answered ends as interrupted."""
        self._closing = True
        if self._run is not None:
            self._run.interrupt()

    async def go_back(self, turn: Turn) -> None:
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

    async def answer(self, turn: Turn, after: int | None = None) -> Message:
        """Run a turn to its end, and return its answer. Raises BusyError while another kernel answers, or has asked behind the
        turn of the generation `after`, ChatError where it cannot begin."""
        label = turn.model or self._model()
        provider, model = split_model(label)
        question, answer = await self._begin(turn, label, after)
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
        counting = begin(self._count_watchers(turn))
        try:
            if self.stopping:
                self._run.stop()
            if self._closing:
                self._run.interrupt()
            return await self._run.run()
        finally:
            counting.cancel()
            self._run = None
            admission.close()

    async def _count_watchers(self, turn: Turn) -> None:
        """See now and then how many other kernels show the turn."""
        others, clock = self._ports.others, self._ports.clock
        while others is not None:
            await clock.sleep(_COUNT_SECONDS)
            self._watcher.watched(await others.watchers(turn.id))

    async def _begin(self, turn: Turn, label: str, after: int | None) -> tuple[Message, Message]:
        """Save the turn with its question and its answer so far, then let the world know."""
        ports, now, tree = self._ports, self._ports.clock.time(), self._tree
        conversation = tree.conversation.id
        question, answer = await self._beginning.messages_for(turn, label, now)
        if answer.status != "streaming":
            return _found(turn, question, answer)
        record = TurnRecord(turn.id, conversation, question.id, answer.id, turn.request_id, turn.cell, started=now, after=after)
        if turn.cell is not None and turn.kind == "ask":
            record = replace(record, asked=str(asked_by(turn, tree.path_to(question.parent))))
        begun = await ports.store.begin_turn(record, [question, answer])
        if begun.id != turn.id:
            found = await self._beginning.attached(begun)
            turn.record = begun
            return _found(turn, *found)
        turn.record = begun
        turn.question, turn.answer = question, answer
        turn.content = TurnAccumulator(answer.parts)
        turn.tell(answer.text)
        self._rest = self._below(answer)
        new = [message for message in (question, answer) if tree.get(message.id) is None]
        tree.add((question, answer), now=now)
        asked = UserMessage(question.id, question.parent, conversation, question.text)
        await ports.jobs.cleanup()
        await self._reservation.begun(turn, asked, answer.id)
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

    async def failed(self, turn: Turn, cause: Exception) -> Message:
        """Return the answer of a turn that ended before its request; where it was begun, end it in the store too."""
        now, ports = self._ports.clock.time(), self._ports
        if isinstance(cause, ChatError):
            error = cause.info
        else:
            _log.error("a turn could not be started", exc_info=cause)
            text = f"nbchat could not start the turn ({type(cause).__name__}: {cause})."
            error = ErrorInfo("internal", text, "The kernel's log has the details.")
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
