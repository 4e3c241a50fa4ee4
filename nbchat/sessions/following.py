r"""Following: a turn that another kernel runs, as this one shows it: live, until it ends; stopped from here if wanted.

    their log -> attach (content so far, then entries) -> this kernel's log -> views
                                            their death \-> the store        -> the end, as saved

Owns the agreement of the two logs: this kernel's begins with a TurnStart whose answer has the parts that had come, and then tells
each delta once. So nothing behind a session needs to know where a turn runs. Must not know queues.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.errors import BusyError, ErrorInfo
from nbchat.core.events import Event, ProviderEvent, TextDelta, ToolResult, TurnEnd, TurnError, TurnStart
from nbchat.core.messages import Message, TextPart
from nbchat.sessions.catching_up import CatchingUp
from nbchat.sessions.foreign_log import SOON_SECONDS, ForeignLog
from nbchat.sessions.numbering import Numbering
from nbchat.sessions.ports import EventLogEntry, Job, OtherKernels, Ports, ResumeState, Standing, TurnRecord
from nbchat.sessions.state import SignalName
from nbchat.sessions.tasks import until
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

__all__ = ["Following"]

_LOOK_SECONDS = 1.0
"""How often a kernel whose turn is followed is looked at: its death is told within this, and the lease where it is far away."""
STOP_SECONDS = 10.0
"""How long a kernel may take to stop its turn when it is asked to from here."""
_INTERRUPTED = ErrorInfo(
    "interrupted",
    "The kernel that received this answer ended before the answer did.",
    "What had arrived was kept. Resume goes on with it.",
)
_LEFT = ErrorInfo("cancelled", "This session was closed; the answer goes on in the other kernel.", "Open it again to see it.")
_log = logging.getLogger("nbchat.sessions")


class Watcher(Protocol):
    """Whom it tells: the session."""

    def started(self, turn: Turn) -> None: ...
    def arrived(self, event: ProviderEvent) -> None: ...
    def published(self, turn: Turn, text: str) -> None: ...
    def reloaded(self) -> None: ...
    def emit(self, name: SignalName, turn: Turn | None = None, data: Any = None) -> None: ...


class Following:
    """One followed turn. `run()` returns its final answer, or None where there was nothing to follow; `shown(turn)` is called
    when it is about to be shown. `leave()` ends it without an end."""

    def __init__(self, turn: Turn, job: Job, tree: ConversationTree, ports: Ports, watcher: Watcher) -> None:
        assert ports.others is not None
        self.turn = turn
        self._job = job
        self._tree = tree
        self._ports = ports
        self._others: OtherKernels = ports.others
        self._watcher = watcher
        self._catching_up = CatchingUp(tree, ports)
        self._log = ForeignLog(job, tree.conversation.id, ports)
        self._numbers = Numbering()
        self._hurry = False
        self._silent = 0

    async def stop(self) -> None:
        """Ask the kernel that runs it to stop it; returns when the answer has ended. Raises BusyError when that kernel lives and
        does not do it within 10 s."""
        self._hurry = True
        await self._others.stop(self._job)
        self._log.woken.set()
        ended = asyncio.wrap_future(self.turn.future)
        await asyncio.wait([ended], timeout=STOP_SECONDS)
        if not ended.done():
            raise BusyError(
                f"The kernel that answers ({self.turn.producer}) did not stop within {STOP_SECONDS:g} s.",
                hint="It may be suspended, or cannot be reached: stop it there, or restart that kernel.",
            )

    def leave(self) -> None:
        """Follow no longer; the turn goes on where it runs."""
        self._log.leave()

    async def run(self, shown: Callable[[Turn], None]) -> Message | None:
        """Show the turn until it ends, and return its answer; None where there is nothing to follow."""
        try:
            state = await self._log.begin()
            if state is None or await self._is_long_over(state):
                return None
            await self._begin(state, shown)
            return await self._to_its_end(state.final_event)
        finally:
            self._log.let_go()

    # ------------------------------------------------------------ showing

    async def _begin(self, state: ResumeState, shown: Callable[[Turn], None]) -> None:
        """Take over what is saved, and begin to tell the turn where it is."""
        turn, tree, conversation = self.turn, self._tree, self._tree.conversation.id
        question, answer = self._messages(state)
        start, open_calls = self._numbers.begin(state.aggregated_content)
        answer = replace(answer, status="streaming", error=None, finish_reason=None, parts=start)
        turn.record = TurnRecord(turn.id, conversation, question.id, answer.id, "", None, self._job.owner, self._job.generation)
        turn.question, turn.answer, turn.text, turn.status = question, answer, question.text, "running"
        turn.content = TurnAccumulator(start)
        turn.future.set_running_or_notify_cancel()
        tree.add((question, answer), now=tree.conversation.updated)
        shown(turn)
        self._watcher.started(turn)
        turn.tell(answer.text)
        if state.aggregated_content:
            self._watcher.arrived(TextDelta(""))
        self._watcher.emit("turn-started", turn)
        beside = {message.id: ids for message in (question, answer) if len(ids := tree.siblings(message.id)) > 1}
        at = {message.id: message for message in tree.path[-2:]}  # each below what it is shown below
        told = tuple(at.get(message.id, message) for message in (question, answer))
        await self._ports.log.append(turn.id, turn.generation, [TurnStart(turn.id, told, beside)])
        for message in (question, answer):
            self._watcher.emit("message-added", turn, message)
        await self._tell(open_calls)

    async def _catch_up(self) -> Standing:
        standing = await self._ports.store.standing(self._tree.conversation.id)
        if await self._catching_up.everything(standing.changes):
            self._watcher.reloaded()
        return standing

    async def _is_long_over(self, state: ResumeState) -> bool:
        """Whether the turn has ended, and something stands behind its answer by now: news come late, and shown from its beginning
        it would be the end of the conversation again."""
        standing, (_, answer) = await self._catch_up(), self._messages(state)
        running = standing.running is not None and standing.running.id == self.turn.id
        if running or standing.changes is None or answer.status == "streaming":
            return False
        path = self._tree.path
        return not path or path[-1].id != answer.id

    def _messages(self, state: ResumeState) -> tuple[Message, Message]:
        """Question and answer as they are saved; where they are not (the other's database is in trouble), as they are told."""
        asked = state.user_message or self._job.user_message
        question_id = asked.message_id if asked is not None else f"{self.turn.id}-question"
        answer_id = state.response_message_id or self._job.response_message_id or f"{self.turn.id}-answer"
        now = self._job.created_at
        question, answer = self._tree.get(question_id), self._tree.get(answer_id)
        if question is None:
            text = "" if asked is None else asked.text or ""
            question = Message(question_id, "user", (TextPart(text),), asked.parent_message_id if asked else None, created=now)
        if answer is None:
            answer = Message(answer_id, "assistant", (), question.id, "streaming", model=state.sender, created=now)
        return question, answer

    async def _tell(self, events: Sequence[Event]) -> None:
        """Take events into the answer, and tell them on."""
        turn = self.turn
        told = [event for event in events if not isinstance(event, TurnStart | TurnEnd | TurnError)]
        if not told:
            return
        for event in told:
            turn.content.apply(event)
            if not isinstance(event, ToolResult):
                self._watcher.arrived(event)
        await self._ports.log.append(turn.id, turn.generation, told)
        text = "".join(event.text for event in told if isinstance(event, TextDelta))
        if text:
            self._watcher.published(turn, text)

    # ------------------------------------------------------------ until the end

    async def _to_its_end(self, end: Event | None) -> Message:
        clock, log = self._ports.clock, self._log
        looked = clock.monotonic()
        while end is None and not log.left:
            await until(log.woken, SOON_SECONDS if self._hurry or log.gap else _LOOK_SECONDS, clock)
            if log.gap:
                end = await self._heal()
            while end is None and (entry := log.next()) is not None:
                end = await self._take(entry)
            if end is None and (self._hurry or clock.monotonic() - looked >= _LOOK_SECONDS):
                looked = clock.monotonic()
                if await self._is_over():
                    break
        return self._leaving() if log.left and end is None else await self._end(end)

    async def _take(self, entry: EventLogEntry) -> Event | None:
        await self._tell([self._numbers.of(event) for event in entry.events])
        return entry.events[-1] if isinstance(entry.events[-1], TurnEnd | TurnError) else None

    async def _heal(self) -> Event | None:
        """Attach again, and tell what was missed."""
        state = await self._log.attach()
        if state is None:
            self._log.gap = True
            return None
        await self._tell(self._numbers.grown(self.turn.content.parts, state.aggregated_content))
        return state.final_event

    async def _is_over(self) -> bool:
        """Whether the turn has ended, though its log did not say so: its kernel died, or its end was lost on the way."""
        job = await self._others.look(self._job)
        if job is not None and job.status == "running" and not job.interrupted:
            self._silent = 0
            return False
        if job is not None and job.interrupted:
            await self._ports.store.recover(self._tree.conversation.id)
            return not await self._log.is_running()  # else it has but lost its way to the backend
        # The backend does not say it: the store does. Twice, because the end is saved before it is told.
        if await self._log.is_running():
            self._silent = 0
            return False
        self._silent += 1
        return self._silent > 1

    async def _end(self, end: Event | None) -> Message:
        """Take over the answer as it was saved, and tell the end of it."""
        turn, answer = self.turn, self.turn.answer
        assert answer is not None
        await self._catch_up()
        message = self._tree.get(answer.id)
        if message is None or message.status == "streaming":
            parts = turn.content.parts
            if isinstance(end, TurnEnd | TurnError):
                message = end.message.with_parts(parts)
            else:
                message = replace(answer, parts=parts, status="interrupted", error=_INTERRUPTED)
        else:
            await self._tell(self._numbers.grown(turn.content.parts, message.parts))
        kind = TurnEnd if message.status in ("complete", "stopped") else TurnError
        checksum = zlib.crc32(message.text.encode("utf-8", "replace"))
        total = self._tree.cost
        try:
            await self._ports.log.append(turn.id, turn.generation, [kind(turn.id, message.with_parts(()), checksum, total)])
        except Exception:  # saved it is, and readers find it there
            _log.exception("the end of another kernel's turn could not be told")
        return message

    def _leaving(self) -> Message:
        assert self.turn.answer is not None
        return replace(self.turn.answer, parts=self.turn.content.parts, status="interrupted", error=_LEFT)
