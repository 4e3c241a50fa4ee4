"""What must hold after every step of the interleavings; and the model's side of a session's life, of which the rules tell it."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections import Counter, deque
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition

from nbchat.core.cost import Price, sum_cost
from nbchat.core.requests import RequestRecord
from nbchat.core.seam import CONTINUE_PROMPT
from nbchat.core.titles import TITLE_PROMPT
from nbchat.core.usage import sum_usage
from nbchat.sessions.session import Session
from nbchat.sessions.state import Signal
from nbchat.testing import Reply, Request, ScriptedServer
from tests.sessions.model_tree import Node, Sent, Tree, check_wire, equal, parts_of, said, sent_of
from tests.sessions.model_turns import PROMPT_TOKENS, Asked, Call, Place, Tools
from tests.support.house import eventually
from tests.support.lives import Life, forget_lives

__all__ = ["Truths"]

NAME = "interleavings"
SYSTEM = "Be brief."
PRICE = Price(Decimal(1), Decimal(2))
LEGAL = {
    ("idle", "submitted"), ("error", "submitted"), ("submitted", "streaming"), ("submitted", "idle"), ("submitted", "error"),
    ("streaming", "idle"), ("streaming", "error"),
}  # fmt: skip
"""All changes that a session's status can make."""
UNFINISHED = {
    "asks": "stopped before it was run",
    "slow": "stopped; the function still runs, and its result will be discarded",
    "later": "stopped while it ran; it may have done a part of its work",
}
"""The results of calls that a stop finds without one."""


class Truths(RuleBasedStateMachine):
    """The state of the model, and the invariants."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="nbchat-model-"))
        self.server = ScriptedServer(self._reply).start()
        self.tree = Tree()
        self.tools = Tools()
        self.asked: list[Asked] = []
        self.queue: deque[Place] = deque()
        self.running: Place | None = None
        self.rest: Node | None = None
        """The end of the path that goes on behind the running answer."""
        self.deletions: list[list[Node]] = []
        self.rows: list[tuple[str, Node, str, str]] = []
        """Of each request that ended: its id, its answer, its purpose, its status."""
        self.title, self.titled, self.titles_made, self.titles_wanted = "", False, 0, False
        self.risky_allowed = False
        self.consented: list[int] = []
        self.received: list[tuple[Request, list[Sent]]] = []
        self.checked = 0
        self.beginnings: dict[tuple[Sent, ...], str] = {}
        self.dead: list[Life] = []
        self.frozen_streams = 0
        self.lives = 0
        self.since = 0
        """Steps since the last end of a session or a life: without some between them nothing would come of any question."""
        self.shown = "idle"
        """The session's status when nothing runs."""

    def _reply(self, request: Request) -> Reply:
        if request.messages[0]["content"] == TITLE_PROMPT:
            return Reply.text(f"Title number {self.titles_made}")
        assert self.running is not None
        asked = self.running.asked
        self.received.append((request, asked.wire))
        return asked.reply()

    # ------------------------------------------------------------ lives

    def live(self, titles: bool) -> None:
        """A kernel begins, in which models are asked for titles, or are not."""
        self.lives += 1
        self.life = Life(self.server, str(self.directory / "nbchat.db"), self.lives, PRICE)
        house = self.life.house
        self.titles_wanted = titles
        house.manager._ports = replace(house.ports, helper_requests=lambda _: titles)
        self.signals: list[Signal] = []
        house.manager.listen(self.signals.append)
        for asked in self.asked:
            asked.turns.clear()
        self.open()

    def open(self) -> None:
        """Open the session, as somebody who can consent to what its tools do."""

        async def open_it() -> Session:
            session = await self.life.house.manager.open(NAME, model="lab/tiny", system=SYSTEM)
            self.lease = session.lease()
            session.tools.set(self.tools.functions, None)
            session.tools.allow("now", "slow", "later")
            session.watch_approvals()
            return session

        self.session = self.life.run(open_it())
        self.tree.load(opened=True)
        self.since, self.shown, self.risky_allowed = 0, "idle", False

    def teardown(self) -> None:
        self.tools.let_all_return()
        if self.lives:
            self.life.close()
            for life in self.dead:
                life.bury()
        forget_lives()
        self.server.stop()
        shutil.rmtree(self.directory)

    # ------------------------------------------------------------ the model's turns

    def some(self, role: str | None = None) -> list[Node]:
        """What is shown of a role, or at all."""
        return [node for node in self.tree.shown if role in (None, node.role)]

    def unfinished(self) -> list[Node]:
        """The answers that can be gone on with."""
        return [node for node in self.some("assistant") if not node.whole and node.status != "streaming"]

    def pick(self, role: str | None, which: int) -> Node:
        return self.some(role)[which % len(self.some(role))]

    def calls(self, state: str) -> list[Call]:
        """The running turn's calls that wait for consent, or that run."""
        asked = None if self.running is None else self.running.asked
        return [] if asked is None or asked.phase != "tools" else [call for call in asked.calls if call.state == state]

    @property
    def arrived(self) -> bool:
        """Whether the running request is being answered."""
        return self.running is not None and self.running.asked.sent == self.running.asked.leg.attempts

    def refuses(self, asked: Asked) -> bool:
        """Whether the session must refuse this at once."""
        about = asked.about or (None if asked.what == "ask" else asked.place)
        if about is None:
            return False
        runs = self.running is not None and self.running.asked.answer is about
        above = self.tree.above(about)
        if not asked.by_id and about.role == "assistant" and (above is None or above.role != "user"):
            return True  # its question is deleted
        again = asked.what != "ask" and (runs or (asked.what == "resume" and about.role == "assistant" and about.whole))
        return about.deleted or again

    def promote(self) -> None:
        """Who waits begins when nothing runs; what only repeats another, or cannot be done any more, is over at once."""
        while self.running is None and self.queue:
            place = self.queue.popleft()
            if self._fails(place.asked):
                place.asked.turns.remove(place.turn)
                place.asked.fate = place.asked.fate if place.repeats else "new"
                self.shown = "error"
            elif self._is_whole(place.asked):
                place.asked.fate = place.asked.fate if place.repeats else "new"
                self._show(place.asked)
            elif place.repeats:
                assert place.asked.answer is not None
                self.tree.load(opened=False)
                self._show(place.asked)
            else:
                self._begin(place)

    def _fails(self, asked: Asked) -> bool:
        """What it asks for was deleted or hidden since."""
        target = asked.place
        if asked.what == "ask" or target is None:
            return False
        question = target if target.role == "user" else target.parent
        assert question is not None
        if target.deleted or question.deleted:
            return True
        return not self._is_whole(asked) and (question.hidden or (asked.what == "resume" and target.hidden))

    def _is_whole(self, asked: Asked) -> bool:
        """Somebody else had it gone on with meanwhile: it is given as it is."""
        target = asked.place
        if asked.what != "resume" or target is None or target.role != "assistant" or not target.whole:
            return False
        asked.question, asked.answer = target.parent, target
        return True

    def _begin(self, place: Place) -> None:
        asked, tree = place.asked, self.tree
        if asked.what == "ask":
            above = tree.path(tree.head) if asked.at_end else []
            parent = above[-1] if above else None if asked.at_end else asked.place
            asked.question = tree.add(Node("user", parent, [("text", asked.text, "")]))
            asked.answer = tree.add(Node("assistant", asked.question, status="streaming"))
        else:
            target = asked.place
            assert target is not None
            asked.question = target if target.role == "user" else target.parent
            if target.role == "assistant" and (asked.what == "resume" or not target.atoms):
                path = tree.path(tree.head)
                self.rest = path[-1] if target in path else tree.leaf(target)
                asked.answer = tree.head = target
                target.status, target.finish, target.saved = "streaming", None, len(target.atoms)
            else:
                asked.answer = tree.add(Node("assistant", asked.question, status="streaming"))
        assert asked.question is not None
        asked.before = [node for node in tree.path(asked.question) if not node.hidden or node is asked.question]
        asked.goes_on = bool(asked.answer.atoms)
        asked.fate, asked.request = "running", 0
        self.running = place
        self.next_request(asked)

    def next_request(self, asked: Asked) -> None:
        """The running turn asks the server (again)."""
        assert asked.answer is not None
        asked.next_request()
        asked.calls = [Call(name, next(self.tools.numbers)) for name in asked.leg.calls]
        wire: list[Sent] = [("system", SYSTEM, ())]
        wire += [sent for node in (*asked.before, asked.answer) for sent in sent_of(node)]
        if wire[-1][0] == "assistant":
            wire.append(("user", CONTINUE_PROMPT, ()))
        asked.wire = wire

    def request_ends(self, status: str) -> None:
        """The running turn's request is over, and settled."""
        assert self.running is not None
        asked = self.running.asked
        assert asked.answer is not None
        self.rows.append((asked.row, asked.answer, asked.purpose, status))

    def ended(self, status: str) -> None:
        """The running turn is over."""
        assert self.running is not None
        asked = self.running.asked
        assert asked.answer is not None
        asked.answer.status, asked.answer.finish = status, asked.leg.end if status == "complete" else None
        asked.fate = "ended"
        if self.rest is not None and self.rest is not asked.answer and self.tree.head is asked.answer:
            self.tree.head = self.rest  # what stood below stands there again
        self.running = self.rest = None
        self._show(asked)
        self.promote()

    def _show(self, asked: Asked) -> None:
        answer, question = asked.answer, asked.question
        assert answer is not None
        assert question is not None
        self.shown = "error" if answer.status in ("error", "interrupted") else "idle"
        if answer.status == "complete" and not self.title and not self.titled:
            self.title = question.atoms[0][1]
            if self.titles_wanted:
                self.titles_made += 1
                self.title = f"Title number {self.titles_made}"
                self.rows.append(("title", answer, "title", "complete"))

    def cut_short(self, status: str) -> None:
        """The running turn, if there is one, is stopped, or ends with its session."""
        if self.running is None:
            return
        asked = self.running.asked
        assert asked.answer is not None
        if asked.phase == "stream":
            self.request_ends(status)
        for call in self.calls("asks") + self.calls("runs"):
            text = UNFINISHED["asks" if call.state == "asks" else call.name]
            asked.answer.atoms.append(("result", call.arguments, text))
        self.ended(status)

    def killed(self) -> Node | None:
        """The running turn, if there is one, ends with its kernel; returns its answer, of which some may be lost. What its last
        request came to nobody knows; nor whether there was one after its tools had begun to run."""
        if self.running is None:
            return None
        asked, self.running, self.rest = self.running.asked, None, None
        assert asked.answer is not None
        self.frozen_streams += asked.phase == "stream" and asked.sent == asked.leg.attempts
        first = asked.request == 1 and asked.phase == "stream"
        row = asked.name if first else f"{asked.name}-interrupted"
        self.rows.append((row, asked.answer, asked.purpose if first else "tool-round", "interrupted"))
        asked.answer.status, asked.fate = "interrupted", "ended"
        return asked.answer

    def removed(self, places: list[Place]) -> None:
        """These left the queue unasked."""
        for place in places:
            self.queue.remove(place)
            if not place.repeats:
                place.asked.fate = "new"

    # ------------------------------------------------------------ at rest

    def rests(self) -> bool:
        """Whether nothing can move any more but by a rule."""
        titles = self.session._titles._task
        if (titles is not None and not titles.done()) or self.session.tools.still_running:
            return False
        if self.running is None:
            return not self.session.busy
        asked, turn = self.running.asked, self.session.turn
        assert asked.answer is not None
        if turn is not self.running.turn or turn.status != "running":
            return False
        if said(turn.content.parts) != parts_of(asked.answer.atoms):
            return False
        if asked.phase == "tools":
            runs = {call.number for call in self.calls("runs")}
            return len(self.session.state.approvals) == len(self.calls("asks")) and runs <= set(self.tools.waiting)
        if not self.arrived:
            return asked.sent > 0 and self.session.state.retry is not None
        return asked.gate.reached == asked.passed + 1

    def bind(self) -> None:
        """Learn the ids of what the running turn made."""
        if self.running is None:
            return
        turn = self.running.turn
        pairs = (self.running.asked.question, turn.question), (self.running.asked.answer, turn.answer)
        for node, message in pairs:
            assert node is not None
            assert message is not None
            assert node.id in ("", message.id)
            node.id = message.id

    # ------------------------------------------------------------ what must hold

    @precondition(lambda self: self.lives)
    @invariant()
    def the_conversation_is_the_models(self) -> None:
        """Every message is there once, in order, with exactly what came; path and siblings are those of the tree."""
        path = self.tree.path(self.tree.head)
        assert [message.id for message in self.session.path] == [node.id for node in path]
        for message, node in zip(self.session.path, path, strict=True):
            above = self.tree.above(node)
            assert message.parent == (None if above is None else above.id)
        answer = None if self.running is None else self.running.asked.answer
        assert [message.id for message in self.session.messages] == [node.id for node in self.tree.nodes]
        for message, node in zip(self.session.messages, self.tree.nodes, strict=True):
            assert (message.error is not None) == (node.status in ("error", "interrupted"))
            assert node is answer or equal(message, node)
        if path and path[-1] is answer:
            assert equal(self.session.path[-1], path[-1])
        beside: dict[tuple[Node | None, str], list[str]] = {}
        for node in self.tree.shown:
            beside.setdefault((self.tree.above(node), node.role), []).append(node.id)
        for ids in beside.values():
            assert all([message.id for message in self.session.siblings(each)] == ids for each in ids)

    @precondition(lambda self: self.lives)
    @invariant()
    def the_queue_is_the_models(self) -> None:
        assert list(self.session.queue) == [place.turn for place in self.queue]
        words = [(turn.text, place.asked.text) for turn, place in zip(self.session.queue, self.queue, strict=True)]
        asks = [place.asked.what == "ask" and not place.repeats for place in self.queue]
        assert all(text == own for (text, own), one in zip(words, asks, strict=True) if one)

    @precondition(lambda self: self.lives)
    @invariant()
    def one_turn_runs(self) -> None:
        """Never two: in the session's own words, and at the server."""
        begun = [signal for signal in self.signals if signal.name in ("turn-started", "turn-ended") and _makes_a_request(signal)]
        for started, ended in zip(begun[::2], begun[1::2], strict=False):
            assert (started.name, ended.name, started.turn) == ("turn-started", "turn-ended", ended.turn)
        runs = self.arrived and self.running is not None and self.running.asked.phase == "stream"
        # the server may notice a moment later than the client that an answer is over
        if self.server.open_streams - self.frozen_streams != runs:
            self.life.run(eventually(lambda: self.server.open_streams - self.frozen_streams == runs))

    @precondition(lambda self: self.lives)
    @invariant()
    def the_status_is_legal(self) -> None:
        """The whole history of it: each change starts where the last one ended."""
        changes = [(signal.session, *signal.data) for signal in self.signals if signal.name == "status-changed"]
        for session in {id(session): session for session, _, _ in changes}.values():
            history = [(old, new) for each, old, new in changes if each is session]
            assert set(history) <= LEGAL
            assert history[0][0] == "idle"
            assert all(before[1] == after[0] for before, after in itertools.pairwise(history))
        busy = self.running is not None
        assert self.session.busy == busy
        assert self.session.state.status in (("submitted", "streaming") if busy else (self.shown,))

    @precondition(lambda self: self.lives)
    @invariant()
    def each_request_is_what_the_model_says(self) -> None:
        """Valid, with what is shown and not hidden, and beginning with the same bytes as any other that begins alike."""
        new, self.checked = self.received[self.checked :], len(self.received)
        for request, wanted in new:
            assert check_wire(request.messages) == wanted
            for count in range(1, len(wanted) + 1):
                beginning = json.dumps(request.messages[:count])
                assert self.beginnings.setdefault(tuple(wanted[:count]), beginning) == beginning

    @precondition(lambda self: self.lives)
    @invariant()
    def money_is_counted_once(self) -> None:
        """One ledger row for each request, an answer costs what its requests cost, the session what all of them do."""
        rows = self.life.run(self.life.house.store.records(self.session.id))
        found = [(row.id if row.purpose != "title" else "title", row.message, row.purpose, row.status) for row in rows]
        assert Counter(found) == Counter((name, node.id, purpose, status) for name, node, purpose, status in self.rows)
        assert self.session.state.cost == sum_cost(row.cost for row in rows)
        assert len(self.server.chats) == len(self.received) + self.titles_made
        of_answers: dict[str, list[RequestRecord]] = {}
        for row in rows:
            if row.purpose != "title":
                of_answers.setdefault(row.message, []).append(row)
                assert row.usage.input_tokens == PROMPT_TOKENS or row.status != "complete"
        running = None if self.running is None else self.running.asked.answer
        for node in self.tree.nodes:
            message = self.session.message(node.id)
            assert message is not None
            own = of_answers.get(node.id, [])
            if node.role == "assistant" and not node.by_hand and node is not running:
                total = sum_cost(row.cost for row in own)
                assert message.usage == sum_usage(row.usage for row in own)
                assert message.cost is not None
                assert (message.cost.amount, message.cost.certainty) == (total.amount, total.certainty)

    @precondition(lambda self: self.lives)
    @invariant()
    def tools_ran_with_consent(self) -> None:
        """Each call that was allowed once, no other; those that wait are shown with their exact arguments."""
        assert sorted(self.tools.ran) == sorted(self.consented)
        shown = [(approval.tool, approval.arguments) for approval in self.session.state.approvals]
        assert shown == [(call.name, call.arguments) for call in self.calls("asks")]

    @precondition(lambda self: self.lives)
    @invariant()
    def the_database_is_the_memory(self) -> None:
        """Messages, marks, head and title; a running answer is there, streams, and is not behind what was saved of it."""
        house, session = self.life.house, self.session
        saved = self.life.run(house.store.messages(session.id))
        conversation = self.life.run(house.store.get(session.id))
        jobs = self.life.run(house.ports.jobs.get_running_jobs())
        assert conversation is not None
        head = None if self.tree.stored is None else self.tree.stored.id
        assert conversation == replace(session.conversation, updated=conversation.updated, head=head)
        assert (session.conversation.title, session.conversation.titled) == (self.title, self.titled)
        assert session.conversation.head == (None if self.tree.head is None else self.tree.head.id)
        assert len(jobs) == (self.running is not None)
        answer = None if self.running is None else self.running.asked.answer
        assert len(saved) == len(session.messages)
        for stored, message in zip(saved, session.messages, strict=True):
            if answer is None or stored.id != answer.id:
                assert stored == message
                continue
            assert (stored.id, stored.status, stored.hidden, stored.deleted) == (answer.id, "streaming", answer.hidden, False)
            counts = range(answer.saved, len(answer.atoms) + 1)
            assert any(said(stored.parts) == parts_of(answer.atoms[:count]) for count in counts)

    @precondition(lambda self: self.lives)
    @invariant()
    def whoever_asked_was_told(self) -> None:
        """Each handle has the answer that is in the conversation; those that were taken from the queue are cancelled."""
        waiting = [place.turn for place in (self.running, *self.queue) if place is not None]
        for asked in self.asked:
            for turn in asked.turns:
                if turn in waiting:
                    assert not turn.future.done()
                elif not turn.future.cancelled():
                    found = turn.future.result(0)
                    assert asked.answer is not None
                    now = "".join(text for kind, text, _ in asked.answer.atoms if kind == "text")
                    assert found.id == asked.answer.id
                    assert now.startswith(found.text)


def _makes_a_request(signal: Signal) -> bool:
    """A turn that only repeats another one begins nothing: it has the other's record."""
    turn = signal.turn
    return turn is not None and turn.record is not None and turn.record.id == turn.id
