"""Random interleavings of all that people and accidents do to a session, against a small model of what must hold.

`test_model.py` plays short ones, `python -m tests.soak.interleavings` long ones. Every rule does one thing, lets everything that
can move come to rest, and says in the model what must have happened; the invariants then compare session, signals, database,
ledger and server with the model. Answers move by one gate at a time, so the model knows each partial exactly.

A feature that is added gets a rule beside the others, and, where it makes requests, an entry of `KINDS`. The model's `path` is
one branch so far: what makes siblings replaces it by a tree and compares `session.path` with the branch that is active.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nbchat.core.cost import Price, sum_cost
from nbchat.core.messages import Message
from nbchat.sessions.leases import WARM_SECONDS
from nbchat.sessions.session import Session
from nbchat.sessions.state import Signal
from nbchat.sessions.turn import Turn
from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.support.clock import settle
from tests.support.house import eventually
from tests.support.lives import Life, forget_lives

__all__ = ["Interleavings"]

NAME = "interleavings"
PRICE = Price(Decimal(1), Decimal(2))
LEGAL = {
    ("idle", "submitted"), ("error", "submitted"), ("submitted", "streaming"), ("submitted", "idle"), ("submitted", "error"),
    ("streaming", "idle"), ("streaming", "error"),
}  # fmt: skip
"""All changes that a session's status can make."""


@dataclass(frozen=True)
class Kind:
    """How a question is answered: how many tokens come, how many gates are passed until its end, and how that is called."""

    tokens: int
    gates: int
    status: str
    reply: Callable[[list[str], Gate], Reply]
    attempts: int = 1


def _cut(tokens: list[str], gate: Gate) -> Reply:
    chunks = [{"choices": [{"index": 0, "delta": {"content": token}}]} for token in tokens]
    return Reply.events([step for chunk in chunks for step in (gate, chunk)] + [gate], framing="close")


KINDS = {
    "plain": Kind(4, 5, "complete", lambda tokens, gate: Reply.text(tokens=tokens, gate=gate)),
    "short": Kind(1, 2, "complete", lambda tokens, gate: Reply.text(tokens=tokens, gate=gate)),
    "cut": Kind(2, 3, "interrupted", _cut),
    "refused": Kind(0, 1, "error", lambda _, gate: Reply.error(401, "no").after(gate)),
    "broken": Kind(
        2, 3, "error", lambda tokens, gate: Reply.text(tokens=tokens, gate=gate, finish_reason="", error={"message": "died"})
    ),
    "busy": Kind(2, 3, "complete", lambda tokens, gate: Reply.text(tokens=tokens, gate=gate), attempts=2),
}


@dataclass(eq=False)
class Asked:
    """A question in the model. `came` tokens reached the session, at least `saved` of them the database."""

    text: str
    request: str
    kind: Kind
    fate: str = "new"
    """new (nobody has it: also what was taken from the queue), waiting, running, ended."""
    status: str = ""
    passed: int = 0
    came: int = 0
    saved: int = 0
    sent: int = 0
    gate: Gate = field(default_factory=Gate)
    turns: list[Turn] = field(default_factory=list)
    """Its handles of this life."""

    @property
    def tokens(self) -> list[str]:
        """The whole answer."""
        return [f"{self.text}.{n} " for n in range(self.kind.tokens)]

    @property
    def answer(self) -> str:
        """What has come of it."""
        return "".join(self.tokens[: self.came])


@dataclass(eq=False)
class Place:
    """A place in the queue: of the question itself, or of one that was asked before and is only to be shown its answer."""

    asked: Asked
    repeats: bool
    turn: Turn


class Interleavings(RuleBasedStateMachine):
    """One conversation, its lives, and everybody who talks to it."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="nbchat-model-"))
        self.by_text: dict[str, Asked] = {}
        self.server = ScriptedServer(self._reply).start()
        self.asked: list[Asked] = []
        self.path: list[Asked] = []
        self.queue: deque[Place] = deque()
        self.running: Place | None = None
        self.dead: list[Life] = []
        self.frozen_streams = 0
        self.lives = 0
        self.since = 0
        """Steps since the last end of a session or a life: without some between them nothing would come of any question."""
        self.shown = "idle"
        """The session's status when nothing runs."""

    def _reply(self, request: Request) -> Reply:
        asked = self.by_text[request.question]
        asked.sent += 1
        if asked.sent < asked.kind.attempts:
            return Reply.error(503, headers={"retry-after": "2"})
        return asked.kind.reply(asked.tokens, asked.gate)

    # ------------------------------------------------------------ lives

    @initialize()
    def begin(self) -> None:
        self._live()

    def _live(self) -> None:
        self.lives += 1
        self.life = Life(self.server, str(self.directory / "nbchat.db"), self.lives, PRICE)
        self.signals: list[Signal] = []
        self.life.house.manager.listen(self.signals.append)
        self._open()

    def _open(self) -> None:
        async def open_it() -> Session:
            session = await self.life.house.manager.open(NAME, model="lab/tiny")
            self.lease = session.lease()
            return session

        self.session = self.life.run(open_it())
        self.since, self.shown = 0, "idle"

    def teardown(self) -> None:
        if self.lives:
            self.life.close()
            for life in self.dead:
                life.bury()
        forget_lives()
        self.server.stop()
        shutil.rmtree(self.directory)

    # ------------------------------------------------------------ to rest

    def act(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Do something, and wait until nothing can move any more but by a rule."""

        async def and_rest() -> None:
            await coroutine
            self._promote()
            await eventually(self._rests, 5)
            await settle()

        self.life.run(and_rest())

    def _promote(self) -> None:
        """In the model: who waits begins when nothing runs; one that only repeats another is over at once."""
        while self.running is None and self.queue:
            place = self.queue.popleft()
            if place.asked.fate == "ended":
                self._show(place.asked)
                continue
            place.asked.fate = "running"
            self.path.append(place.asked)
            self.running = place

    def _rests(self) -> bool:
        if self.running is None:
            return not self.session.busy
        asked, turn = self.running.asked, self.session.turn
        if turn is not self.running.turn or turn.status != "running":
            return False
        if asked.sent < asked.kind.attempts:
            return self.session.state.retry is not None
        return asked.gate.reached == asked.passed + 1 and turn.content.text == asked.answer

    def _ended(self, status: str) -> None:
        """In the model: the running turn is over."""
        assert self.running is not None
        self.running.asked.fate, self.running.asked.status = "ended", status
        self._show(self.running.asked)
        self.running = None

    def _show(self, asked: Asked) -> None:
        self.shown = "error" if asked.status in ("error", "interrupted") else "idle"

    def _removed(self, places: list[Place]) -> None:
        """In the model: these left the queue unasked."""
        for place in places:
            self.queue.remove(place)
            if not place.repeats:
                place.asked.fate = "new"

    # ------------------------------------------------------------ asking

    def _submit(self, asked: Asked) -> None:
        """Ask, and say in the model what follows: a place in the queue, unless this request has one."""
        known = [place for place in (self.running, *self.queue) if place is not None and place.asked is asked]
        turn = self.session.submit(asked.text, request_id=asked.request)
        if known:
            assert turn is known[0].turn, "a request that waits or runs is attached to"
            return
        asked.turns.append(turn)
        self.queue.append(Place(asked, asked.fate == "ended", turn))
        if asked.fate == "new":
            asked.fate = "waiting"

    def _new(self, kind: str) -> Asked:
        number = len(self.asked)
        asked = Asked(f"q{number}", f"request {number}", KINDS[kind])
        self.asked.append(asked)
        self.by_text[asked.text] = asked
        return asked

    @rule(kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3), opens=st.booleans())
    def send(self, kinds: list[str], opens: bool) -> None:
        """One to three callers send at the same instant, as a view does (which opens the session) or as a script."""

        async def caller(asked: Asked) -> None:
            if opens:
                assert await self.life.house.manager.open(NAME) is self.session
            self._submit(asked)

        async def together() -> None:
            await asyncio.gather(*(caller(self._new(kind)) for kind in kinds))

        self.act(together())
        self.since += 1

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 30), times=st.integers(1, 2), removed=st.booleans())
    def send_again(self, which: int, times: int, removed: bool) -> None:
        """A request is repeated: it waits, runs, has an answer, or was removed (then it is a new one)."""
        some = [asked for asked in self.asked if asked.fate == "new"] if removed else []
        asked = (some or self.asked)[which % len(some or self.asked)]

        async def repeat() -> None:
            for _ in range(times):
                self._submit(asked)

        self.act(repeat())

    @precondition(lambda self: self.queue)
    @rule(which=st.integers(0, 30))
    def unqueue(self, which: int) -> None:
        place = self.queue[which % len(self.queue)]

        async def remove() -> None:
            assert self.session.unqueue(place.turn.id)
            assert not self.session.unqueue(place.turn.id)
            assert place.turn.future.cancelled()

        self._removed([place])
        self.act(remove())

    @precondition(lambda self: self.since >= 1)
    @rule(queue=st.booleans(), twice=st.booleans())
    def stop(self, queue: bool, twice: bool) -> None:
        async def press() -> None:
            stops = [self.session.stop(queue=queue) for _ in range(1 + twice)]
            if queue:
                self._removed(list(self.queue))
            if self.running is not None:
                self._ended("stopped")
            await asyncio.gather(*stops)

        self.act(press())

    # ------------------------------------------------------------ the answer moves

    @precondition(lambda self: self.running is not None and self.running.asked.sent == self.running.asked.kind.attempts)
    @rule(gates=st.sampled_from((1, 1, 1, 2, 9)))
    def move(self, gates: int) -> None:
        """The provider sends a token or more, or the end."""
        assert self.running is not None
        asked = self.running.asked
        gates = min(gates, asked.kind.gates - asked.passed)

        async def release() -> None:
            asked.gate.release(gates)
            asked.passed += gates
            asked.came = min(asked.passed, asked.kind.tokens)
            if asked.passed == asked.kind.gates:
                self._ended(asked.kind.status)

        self.act(release())
        self.since += 1

    @rule(seconds=st.sampled_from((0.05, 0.3, 1.0, 3.5)))
    def wait(self, seconds: float) -> None:
        """Time passes: frames, checkpoints, heartbeats, retries."""
        life = self.life

        async def advance() -> None:
            await life.clock.advance(seconds)

        self.act(advance())
        if self.running is not None and seconds >= 0.3:
            self.running.asked.saved = self.running.asked.came

    # ------------------------------------------------------------ ends

    @precondition(lambda self: self.since >= 3)
    @rule()
    def close(self) -> None:
        """The session is closed, and opened again."""

        async def end() -> None:
            self._removed(list(self.queue))
            if self.running is not None:
                self._ended("interrupted")
            await self.life.house.manager.close(self.session)

        self.act(end())
        self._open()

    @precondition(lambda self: self.since >= 3 and self.running is None)
    @rule()
    def let_go(self) -> None:
        """Nobody holds the session any more: after its warm time it is closed, and the next one opens it again."""
        session, life = self.session, self.life

        async def leave() -> None:
            self.lease.release()
            await settle()
            await life.clock.advance(WARM_SECONDS + 1)

        self.act(leave())
        assert session.closed
        self._open()
        assert self.session is not session

    @precondition(lambda self: self.since >= 3)
    @rule()
    def restart(self) -> None:
        """The kernel shuts down in order, and another one opens the database."""
        self._removed(list(self.queue))
        if self.running is not None:
            self._ended("interrupted")
        self.life.close()
        self._forget_turns()
        self._live()

    @precondition(lambda self: self.since >= 3)
    @rule()
    def kill(self) -> None:
        """The kernel is killed; what had been saved is there, and says that it was interrupted."""
        self.life.kill()
        self.dead.append(self.life)
        self._removed(list(self.queue))
        asked = None if self.running is None else self.running.asked
        if asked is not None:
            self.frozen_streams += asked.sent == asked.kind.attempts
            self._ended("interrupted")
        self._forget_turns()
        self._live()
        if asked is not None:
            reply = self.session.path[-1]
            prefixes = ["".join(asked.tokens[:count]) for count in range(asked.came + 1)]
            assert reply.text in prefixes[asked.saved :], "a checkpoint is lost, or the partial is no prefix"
            asked.came = prefixes.index(reply.text)

    def _forget_turns(self) -> None:
        for asked in self.asked:
            asked.turns.clear()

    # ------------------------------------------------------------ what must hold

    @invariant()
    def the_conversation_is_the_models(self) -> None:
        """Each question that began is there once, in order, with exactly what came; the rest of the history is valid."""
        if not self.lives:
            return
        path = self.session.path
        assert [message.role for message in path] == ["user", "assistant"] * len(self.path)
        for asked, question, reply in zip(self.path, path[::2], path[1::2], strict=True):
            assert (question.text, reply.text, reply.parent) == (asked.text, asked.answer, question.id)
            assert reply.status == (asked.status if asked.fate == "ended" else "streaming")
            assert (reply.error is not None) == (reply.status in ("error", "interrupted"))
        assert all(first.id == second.parent for first, second in itertools.pairwise(path))
        assert [turn.text for turn in self.session.queue] == [place.asked.text for place in self.queue]

    @invariant()
    def one_turn_runs(self) -> None:
        """Never two: in the session's own words, and at the server."""
        if not self.lives:
            return
        begun = [signal for signal in self.signals if signal.name in ("turn-started", "turn-ended") and _makes_a_request(signal)]
        for started, ended in zip(begun[::2], begun[1::2], strict=False):
            assert (started.name, ended.name, started.turn) == ("turn-started", "turn-ended", ended.turn)
        runs = self.running is not None and self.running.asked.sent == self.running.asked.kind.attempts
        # the server may notice a moment later than the client that an answer is over
        self.life.run(eventually(lambda: self.server.open_streams - self.frozen_streams == runs))

    @invariant()
    def the_status_is_legal(self) -> None:
        """The whole history of it: each change starts where the last one ended."""
        if not self.lives:
            return
        changes = [(signal.session, *signal.data) for signal in self.signals if signal.name == "status-changed"]
        for session in {id(session): session for session, _, _ in changes}.values():
            history = [(old, new) for each, old, new in changes if each is session]
            assert set(history) <= LEGAL
            assert history[0][0] == "idle"
            assert all(before[1] == after[0] for before, after in itertools.pairwise(history))
        busy = self.running is not None
        assert self.session.busy == busy
        assert self.session.state.status in (("submitted", "streaming") if busy else (self.shown,))

    @invariant()
    def money_is_counted_once(self) -> None:
        """One ledger row for each request that ended, and the cost is their sum; the server was asked no more often."""
        if not self.lives:
            return
        rows = self.life.run(self.life.house.store.records(self.session.id))
        assert Counter(row.id for row in rows) == Counter(asked.request for asked in self.path if asked.fate == "ended")
        assert self.session.state.cost == sum_cost(row.cost for row in rows)
        sent = Counter(request.question for request in self.server.chats)
        assert all(sent[asked.text] == asked.sent <= asked.kind.attempts for asked in self.asked)

    @invariant()
    def the_database_is_the_memory(self) -> None:
        """Equal where nothing runs; a running answer is there, and streams; in between nothing does."""
        if not self.lives:
            return
        saved = self.life.run(self.life.house.store.messages(self.session.id))
        jobs = self.life.run(self.life.house.ports.jobs.get_running_jobs())
        path = list(self.session.path)
        if self.running is None:
            assert saved == path
            assert jobs == []
        else:
            assert saved[:-1] == path[:-1]
            assert (saved[-1].id, saved[-1].status) == (path[-1].id, "streaming")
            assert path[-1].text.startswith(saved[-1].text)
            assert len(saved[-1].text) >= len("".join(self.running.asked.tokens[: self.running.asked.saved]))
            assert len(jobs) == 1

    @invariant()
    def whoever_asked_was_told(self) -> None:
        """Each handle has the answer that is in the conversation; those that were taken from the queue are cancelled."""
        replies = {question.text: reply for question, reply in _pairs(self.session.path)} if self.lives else {}
        waiting = [place.turn for place in (self.running, *self.queue) if place is not None]
        for asked in self.asked:
            for turn in asked.turns:
                if turn in waiting:
                    assert not turn.future.done()
                elif not turn.future.cancelled():
                    assert turn.future.result(0) == replies[asked.text]


def _pairs(path: tuple[Message, ...]) -> list[tuple[Message, Message]]:
    return list(zip(path[::2], path[1::2], strict=True))


def _makes_a_request(signal: Signal) -> bool:
    """A turn that only repeats another one begins nothing: it has the other's record."""
    turn = signal.turn
    return turn is not None and turn.record is not None and turn.record.id == turn.id
