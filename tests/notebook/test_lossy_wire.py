"""The wire under attack: pages that lose, double and reorder messages, join late and reload, end equal to the kernel."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from nbchat.core.events import Event, ReasoningDelta, TextDelta, ToolCallDelta, ToolResult
from nbchat.core.messages import Message, ToolCallPart
from nbchat.notebook import snapshot
from nbchat.notebook.branches import path_of
from nbchat.notebook.snapshot import older, rows_of
from nbchat.notebook.view import View
from nbchat.notebook.wire import Json, read_intent
from nbchat.notebook.wire import page as wire_page
from nbchat.sessions.turn import Place, Turn
from tests.notebook.page import Page
from tests.notebook.stage import Stage

SEEDS = 50
"""A sample; `tests/soak` runs the same trials by the thousand."""


class Wire:
    """One view's comm: everything sent reaches every page, or does not, soon or late, once or twice."""

    def __init__(self, stage: Stage, chance: random.Random, view: View) -> None:
        self.stage, self.chance, self.view = stage, chance, view
        self.kind = "thread" if view.turn is None else "turn"
        self.loss = 0.3
        self.pages: list[Page] = []

    def custom(self, content: Json) -> None:
        for page in self.pages:
            self._later(lambda page=page: page.custom(content, self.stage.clock.monotonic()))  # type: ignore[misc]

    def update(self, state: Json) -> None:
        for page in self.pages:
            self._later(lambda page=page: page.update(state, self.stage.clock.monotonic()))  # type: ignore[misc]

    def _later(self, deliver: Callable[[], None]) -> None:
        for _ in range(2 if self.chance.random() < 0.1 else 1):
            if self.chance.random() >= self.loss:
                delay = self.chance.choice((0.0, 0.002, 0.02, self.chance.random() * 0.4))
                self.stage.after(delay, deliver)

    def join(self) -> None:
        """A page is loaded: it begins with the snapshot of this moment, and may miss what comes while it loads."""
        look = self.stage.hub.look(self.view)

        def begin() -> None:
            name = f"page {len(self.pages)}"
            page = Page(name, self.kind, look["snapshot"], look["status"], self.stage.clock.monotonic(), self.hear)
            self.pages.append(page)

        self.stage.after(self.chance.random() * 0.3, begin)

    def hear(self, message: Json) -> None:
        """Browsers' messages take their time, and one in ten is lost."""
        intent = read_intent(message)
        assert intent is not None
        if self.chance.random() >= self.loss / 3:
            self.stage.after(self.chance.random() * 0.05, lambda: self._do(intent.data))

    def _do(self, data: Mapping[str, Any]) -> None:
        if data["op"] == "hello":
            self.stage.hub.hello(self.view, data["generation"], data["have"], data["page"])
        else:
            rows, more = older(self.view, data["before"])
            self.stage.hub.reply(self.view, wire_page(rows, more=more, before=data["before"], path=self.view.path))


class Trial:
    """People and programs that do what they like with one conversation, in several views at once."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.stage = Stage(max_entries=self.chance.choice((3, 20, 512)))
        self.session = self.stage.session()
        self.wires = [self._view(), self._view(), self._view()]
        self.generation = self.chance.choice((0, 4))
        self.deleted: list[str] = []
        self.waiting: list[Turn] = []

    def _view(self, turn: Turn | None = None) -> Wire:
        view = self.stage.hub.add(self.session, turn)  # type: ignore[arg-type]  # acted
        wire = Wire(self.stage, self.chance, view)
        wire.join()
        self.stage.hub.connect(view, wire)
        return wire

    async def play(self) -> None:
        for _ in range(self.chance.randint(2, 7)):
            for _ in range(self.chance.choice((1, 1, 1, 2))):
                self._ask()
            while self.waiting:
                await self._turn(self.waiting.pop(0))
        for wire in self.wires:
            wire.loss = 0.0
        await self.stage.pass_time(self.wires, 35.0, step=0.05)

    async def _turn(self, turn: Turn) -> None:
        chance, session = self.chance, self.session
        if turn.place is not None and turn.place.target is not None and self._gone(turn.place.target):
            return  # deleted while it waited; the session says so itself
        self.generation += 1
        await session.begin(turn, self.generation)
        for _ in range(chance.randint(1, 12)):
            if chance.random() < 0.1:
                chance.choice(self.wires).join()
            if chance.random() < 0.15:
                self._meddle()
            await session.say(*self._words())
            await self._pass(chance.choice((0.01, 0.04, 0.3)))
        await session.end(*self._words(), status=chance.choice(("complete", "stopped")))
        await self._pass(chance.choice((0.0, 0.5)))
        for _ in range(chance.choice((0, 1, 3))):
            self._meddle()
            await self._pass(chance.choice((0.0, 0.02, 0.5)))

    async def _pass(self, seconds: float) -> None:
        await self.stage.pass_time(self.wires, seconds)
        for wire in self.wires:
            for page in wire.pages:
                chain = [message["id"] for message in page.messages]
                assert [message["parent"] for message in page.messages][1:] == chain[:-1], "messages of two branches"

    # ------------------------------------------------------------ what people do

    def _ask(self) -> None:
        """A question, other words for an old one, another answer, or more of one: in some view, or in a cell of its own."""
        chance, session = self.chance, self.session
        wire = chance.choice(self.wires)
        target = self._some(chance.choice(("user", "assistant", "assistant")))
        name = f"question {self.generation} {chance.random()}"
        if target is None or chance.random() < 0.4:
            thread = wire.view.turn is None
            path = path_of(wire.view) if thread and wire.view.branch is not None else ()
            turn = session.submit(name, **({"place": Place(parent=path[-1].id)} if path else {}))
            if chance.random() < 0.3:
                self.wires.append(self._view(turn))
            if not thread:
                self.waiting.append(turn)
                return
        elif target.role == "user":
            turn = session.submit(name, place=Place(parent=target.parent))
        else:
            kind = "resume" if target.status == "stopped" and chance.random() < 0.7 else "regenerate"
            turn = session.submit(name, kind=kind, place=Place(target=target.id))
        if chance.random() < 0.8:  # else a program asked
            self.stage.hub.asked(wire.view, turn)
        self.waiting.append(turn)

    def _meddle(self) -> None:
        chance, session = self.chance, self.session
        target = self._some()
        if target is None:
            return
        what = chance.random()
        if what < 0.4:
            self.stage.hub.switch(chance.choice(self.wires).view, target)
        elif what < 0.5:
            session.switch(target.id)
        elif what < 0.6:
            session.mark(target.id, hidden=not target.hidden)
        elif what < 0.75 and self.deleted:
            session.mark(self.deleted.pop(), deleted=False)
        elif what < 0.9:
            gone = [target, *(m for m in session.tree.all if m.parent == target.id and m.role == "assistant" and not m.deleted)]
            if all(message.status != "streaming" for message in gone):
                self.deleted += [message.id for message in gone]
                session.mark(*(message.id for message in gone), deleted=True)
        else:
            pages = [page for wire in self.wires for page in wire.pages if page.messages]
            if pages:
                page = chance.choice(pages)
                next(w for w in self.wires if page in w.pages).hear({"op": "page", "before": page.messages[0]["id"]})

    def _some(self, role: str | None = None) -> Message | None:
        found = [m for m in self.session.tree.all if not m.deleted and m.status != "streaming" and role in (None, m.role)]
        return self.chance.choice(found) if found else None

    def _gone(self, message_id: str) -> bool:
        message = self.session.message(message_id)
        asked = None if message is None else self.session.message(message.parent or "")
        return message is None or asked is None or message.deleted or asked.deleted

    def _words(self) -> list[Event]:
        chance = self.chance
        kinds: list[Callable[[str], Event]] = [TextDelta, TextDelta, TextDelta, ReasoningDelta]
        words = [chance.choice(kinds)(chance.choice(("a", "é ", "😀", "word " * 9))) for _ in range(chance.randint(1, 3))]
        turn = self.session.turn
        assert turn is not None
        if chance.random() < 0.1:  # a tool is called, and answers
            number = sum(isinstance(part, ToolCallPart) for part in turn.content.parts)
            words += [ToolCallDelta(number, f"call-{number}", "add", '{"a"'), ToolCallDelta(number, arguments=": 1}")]
            words.append(ToolResult(f"call-{number}", "2", error=chance.random() < 0.3))
        return words


async def trial(seed: int) -> None:
    """Some turns on several branches, in three threads and some cells, each with some pages; then a wire that works again.
    Every other trial is one of conversations that are longer than a snapshot."""
    whole, snapshot.SNAPSHOT_BYTES = snapshot.SNAPSHOT_BYTES, 1_200 if seed % 2 else snapshot.SNAPSHOT_BYTES
    try:
        played = Trial(seed)
        await played.play()
        for wire in played.wires:
            for page in wire.pages:
                _compare(wire.view, page, f"seed {seed}: {page.name} of a {page.kind} view, at {page.position}")
    finally:
        snapshot.SNAPSHOT_BYTES = whole


def _compare(view: View, page: Page, name: str) -> None:
    wanted = rows_of(view.session, path_of(view))
    shown = wanted[-len(page.messages) :] if page.messages else []
    assert _plain(page) == (shown if page.kind == "thread" else [{**row, "parent": None} for row in shown]), name
    assert page.more or len(shown) == len(wanted), name
    assert page.status not in ("submitted", "streaming") or page.kind == "turn", name


def _plain(page: Page) -> list[Json]:
    """A page's messages; in a turn view it plays no part what they stand below."""
    return page.messages if page.kind == "thread" else [{**message, "parent": None} for message in page.messages]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_pages_end_equal_to_the_kernel_whatever_the_wire_does(seed: int) -> None:
    """30 % lost, 10 % doubled, reordered by up to 0.4 s, late pages, a bounded log, while people edit, resume, ask again, switch,
    hide, delete and restore in several views: all messages equal, fields included."""
    asyncio.run(trial(seed))
