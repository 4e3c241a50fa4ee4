"""The model's side of a session's life, of which the rules of the interleavings tell it."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from hypothesis.stateful import RuleBasedStateMachine

from nbchat.core.cost import Price
from nbchat.core.seam import CONTINUE_PROMPT
from nbchat.core.titles import TITLE_PROMPT
from nbchat.sessions.session import Session
from nbchat.sessions.state import Signal
from nbchat.testing import Reply, Request, ScriptedServer
from tests.sessions.model_tree import Node, Sent, Tree, sent_of
from tests.sessions.model_turns import Asked, Call, Place, Tools
from tests.support.lives import Life, forget_lives

__all__ = ["Model"]

NAME = "interleavings"
SYSTEM = "Be brief."
PRICE = Price(Decimal(1), Decimal(2))
UNFINISHED = {
    "asks": "stopped before it was run",
    "slow": "stopped; the function still runs, and its result will be discarded",
    "later": "stopped while it ran; it may have done a part of its work",
}
"""The results of calls that a stop finds without one."""


class Model(RuleBasedStateMachine):
    """The state of the model, and what becomes of it when somebody asks or something ends."""

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
