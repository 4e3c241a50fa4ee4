"""Stage: a hub with a real event log and a clock turned by hand; the test plays the session."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.conversations import Conversation
from nbchat.core.cost import UNKNOWN_COST
from nbchat.core.events import Event, Finish, TextDelta, TurnEnd, TurnStart
from nbchat.core.messages import Message, MessageStatus, TextPart
from nbchat.core.usage import Usage
from nbchat.notebook.hub import Hub
from nbchat.notebook.view import View
from nbchat.notebook.wire import Json
from nbchat.sessions.ports import TurnRecord
from nbchat.sessions.session import Session
from nbchat.sessions.state import Approval, SessionState, SessionStatus, Signal
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn
from nbchat.streams.memory_log import MemoryEventTransport
from tests.support.clock import ManualClock, settle

__all__ = ["ActedSession", "Recorder", "Stage", "play", "stream"]


class Recorder:
    """A view's sender that notes what was sent, and when."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.messages: list[Json] = []
        self.states: list[Json] = []
        self.times: list[float] = []

    def custom(self, content: Json) -> None:
        self.times.append(self._clock.monotonic())
        self.messages.append(content)

    def update(self, state: Json) -> None:
        self.times.append(self._clock.monotonic())
        self.states.append(state)

    @property
    def text(self) -> str:
        """All text deltas sent so far."""
        events = [event for message in self.messages if message["op"] == "append" for event in message["events"]]
        return "".join(event["text"] for event in events if event["type"] == "text-delta")


class _Lease:
    def __init__(self, session: ActedSession) -> None:
        self._session: ActedSession | None = session
        session.leases += 1

    def release(self) -> None:
        if self._session is not None:
            self._session.leases -= 1
            self._session = None


class ActedSession:
    """What the hub reads of a session: a real tree, and turns that the test acts out."""

    def __init__(self, stage: Stage, name: str, messages: Sequence[Message] = ()) -> None:
        head = messages[-1].id if messages else None
        self.tree = ConversationTree(Conversation(f"id-{name}", name, head=head), messages, ())
        self.id, self.name, self.model, self.private = f"id-{name}", name, "lab/tiny", False
        self.state = SessionState(self.id, "lab", "tiny", "idle", Usage(0, output_tokens=0), UNKNOWN_COST)
        self.closed, self.notice, self.leases = False, None, 0
        self.turn: Turn | None = None
        self.queue: tuple[Turn, ...] = ()
        self.on_tree: Callable[[], None] = lambda: None
        """Called when a turn's messages are in the tree, and nobody was told."""
        self._stage, self.log = stage, stage.log

    # ------------------------------------------------------------ as a session is read

    @property
    def conversation(self) -> Conversation:
        return self.tree.conversation

    @property
    def busy(self) -> bool:
        return self.turn is not None and self.turn.status != "ended"

    @property
    def path(self) -> tuple[Message, ...]:
        return self._with_running(self.tree.path)

    def path_through(self, message_id: str) -> tuple[Message, ...]:
        return self._with_running(self.tree.path_to(self.tree.leaf(message_id)))

    def _with_running(self, path: tuple[Message, ...]) -> tuple[Message, ...]:
        turn = self.turn
        if turn is not None and turn.status == "running" and turn.answer is not None and path and path[-1].id == turn.answer.id:
            return (*path[:-1], path[-1].with_parts(turn.content.parts))
        return path

    def message(self, message_id: str) -> Message | None:
        return self.tree.get(message_id)

    def siblings(self, message_id: str) -> tuple[Message, ...]:
        return tuple(message for each in self.tree.siblings(message_id) if (message := self.tree.get(each)) is not None)

    def outlook(self, _leaf: str | None, _path: Any, _attached: int = 0) -> None:
        """Nothing is known of money here."""

    def lease(self, _kind: str = "handle") -> _Lease:
        return _Lease(self)

    # ------------------------------------------------------------ acting

    def emit(self, name: str, turn: Turn | None = None, data: Any = None) -> None:
        self._stage.tell(Signal(name, cast(Session, self), turn, data))  # type: ignore[arg-type]

    def status(self, new: SessionStatus) -> None:
        old, self.state = self.state.status, replace(self.state, status=new)
        self.emit("status-changed", self.turn, (old, new))

    def approve(self, *approvals: Approval) -> None:
        """These calls wait for consent now."""
        self.state = replace(self.state, approvals=approvals)
        for approval in approvals:
            self.emit("approval-needed", self.turn, approval)
        self.emit("changed")

    def switch(self, message_id: str) -> None:
        self.tree.conversation = replace(self.tree.conversation, head=self.tree.leaf(message_id))
        self.emit("path-changed")

    def mark(self, *message_ids: str, **marks: bool) -> None:
        """Hide, delete or restore messages."""
        for message_id in message_ids:
            message = self.tree.get(message_id)
            assert message is not None
            self.tree.replace(replace(message, **marks))  # type: ignore[arg-type]
        self.emit("path-changed")

    def submit(self, text: str, **options: Any) -> Turn:
        turn = Turn(cast(Session, self), text, f"request-{text}", **options)
        self.queue = (*self.queue, turn)
        self.emit("turn-queued", turn)
        self.emit("queue-changed", turn)
        return turn

    async def begin(self, turn: Turn, generation: int) -> None:
        """As the worker does: queue, tree, signal, log."""
        self.queue = tuple(each for each in self.queue if each is not turn)
        self.turn, turn.status = turn, "running"
        self.emit("queue-changed", turn)
        self.status("submitted")
        question, answer = turn.question, turn.answer = self._messages_for(turn)
        turn.content = TurnAccumulator(answer.parts)
        turn.record = TurnRecord(turn.id, self.id, question.id, answer.id, turn.request_id, generation=generation)
        self.tree.add((question, answer), now=0.0)
        self.on_tree()
        self.emit("turn-started", turn)
        beside = {each.id: ids for each in (question, answer) if len(ids := self.tree.siblings(each.id)) > 1}
        await self.log.append(turn.id, generation, [TurnStart(turn.id, self.tree.path[-2:], beside)])
        await settle()

    def _messages_for(self, turn: Turn) -> tuple[Message, Message]:
        if turn.kind == "ask":
            end = self.tree.path[-1].id if self.tree.path else None
            parent = end if turn.place is None else turn.place.parent
            question = Message(f"q-{turn.id}", "user", (TextPart(turn.text),), parent)
            return question, Message(f"a-{turn.id}", "assistant", (), question.id, "streaming")
        assert turn.place is not None
        target = self.tree.get(turn.place.target or "")
        assert target is not None
        asked = self.tree.get(target.parent or "")
        assert asked is not None
        if turn.kind == "resume":
            return asked, replace(target, status="streaming", finish_reason=None)
        return asked, Message(f"a-{turn.id}", "assistant", (), asked.id, "streaming")

    async def say(self, *events: Event | str) -> None:
        """Append one batch to the log of the running turn; the session's own content is ahead of it for a moment."""
        turn = self.turn
        assert turn is not None
        batch = [TextDelta(event) if isinstance(event, str) else event for event in events]
        for event in batch:
            turn.content.apply(event)
        if self.state.status != "streaming":
            self.status("streaming")
        await self.log.append(turn.id, turn.generation, batch)

    async def end(self, *last: Event, status: MessageStatus = "complete") -> Message:
        """End the running turn, as the run and the session do."""
        turn = self.turn
        assert turn is not None
        assert turn.answer is not None
        for event in last:
            turn.content.apply(event)
        seconds = (turn.answer.seconds or 0.0) + 1.0
        message = replace(turn.answer, parts=turn.content.parts, status=status, finish_reason="stop", seconds=seconds)
        checksum = zlib.crc32(message.text.encode())
        await self.log.append(
            turn.id, turn.generation, [*last, Finish("stop"), TurnEnd(turn.id, message.with_parts(()), checksum)]
        )
        turn.answer, turn.status = message, "ended"
        self.tree.replace(message)
        self.status("idle")
        self.emit("turn-ended", turn, message)
        turn.content = TurnAccumulator()
        return message


class Stage:
    """The hub's surroundings: the manager, the clock, and the log that all sessions share."""

    def __init__(self, **log: Any) -> None:
        self.clock = ManualClock()
        self.log = MemoryEventTransport(**log)
        self.sessions: list[ActedSession] = []
        self._listeners: list[Callable[[Signal], None]] = []
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self.hub = Hub(cast(Any, self), self.clock)

    @property
    def active(self) -> Sequence[ActedSession]:
        return self.sessions

    def listen(self, listener: Callable[[Signal], None]) -> None:
        self._listeners.append(listener)

    def tell(self, signal: Signal) -> None:
        for listener in self._listeners:
            listener(signal)

    def session(self, name: str = "notes", messages: Sequence[Message] = ()) -> ActedSession:
        session = ActedSession(self, name, messages)
        self.sessions.append(session)
        session.emit("changed")
        return session

    def view(self, session: ActedSession, turn: Turn | None = None) -> tuple[View, Recorder]:
        view = self.hub.add(cast(Session, session), turn)
        self.hub.look(view)
        recorder = Recorder(self.clock)
        self.hub.connect(view, recorder)
        return view, recorder

    async def settle(self) -> None:
        await settle()

    # ------------------------------------------------------------ a slow wire

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Do this in `pass_time`, so many seconds from now."""
        heapq.heappush(self._later, (self.clock.monotonic() + seconds, next(self._count), call))

    async def pass_time(self, wires: Sequence[Any], seconds: float, *, step: float = 0.01) -> None:
        """Let time pass in small steps: what is under way arrives, and pages look at their clocks."""
        end = self.clock.monotonic() + seconds
        while True:
            now = self.clock.monotonic()
            while self._later and self._later[0][0] <= now:
                heapq.heappop(self._later)[2]()
            for wire in wires:
                for page in wire.pages:
                    page.tick(now)
            await settle(6)
            if now >= end:
                return
            await self.clock.advance(min(step, end - now))


def play(act: Callable[[Stage], Awaitable[None]]) -> None:
    """Act on a stage of its own."""

    async def main() -> None:
        await act(Stage())

    asyncio.run(main())


async def stream(stage: Stage, seconds: float, hertz: float = 100.0) -> str:
    """Let the first session's turn say one word at this pace; returns all of it."""
    said = ""
    for n in range(round(seconds * hertz)):
        said += f"w{n} "
        await stage.sessions[0].say(f"w{n} ")
        await stage.clock.advance(1 / hertz)
    return said
