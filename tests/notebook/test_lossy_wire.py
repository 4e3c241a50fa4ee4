"""The wire under attack: pages that lose, double and reorder messages, join late and reload, end equal to the kernel."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from nbchat.core.events import Event, ReasoningDelta, TextDelta
from nbchat.notebook.view import View
from nbchat.notebook.wire import Json, read_intent
from nbchat.sessions.turn import Turn
from tests.notebook.page import Page
from tests.notebook.stage import ActedSession, Stage

SEEDS = 30
"""A sample; `tests/soak` runs the same trials by the thousand."""


class Wire:
    """One view's comm: everything sent reaches every page, or does not, soon or late, once or twice."""

    def __init__(self, stage: Stage, chance: random.Random, view: View, kind: str) -> None:
        self.stage, self.chance, self.view, self.kind = stage, chance, view, kind
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
            page = Page(name, self.kind, look["snapshot"], look["status"], self.stage.clock.monotonic(), self._hear)
            self.pages.append(page)

        self.stage.after(self.chance.random() * 0.3, begin)

    def _hear(self, message: Json) -> None:
        """Browsers' messages take their time, and one in ten is lost."""
        intent = read_intent(message)
        assert intent is not None
        if self.chance.random() >= self.loss / 3:
            data = intent.data
            call = self.stage.hub.hello
            self.stage.after(self.chance.random() * 0.05, lambda: call(self.view, data["generation"], data["have"], data["page"]))


def some_words(chance: random.Random) -> list[Event]:
    kinds: list[Callable[[str], Event]] = [TextDelta, TextDelta, TextDelta, ReasoningDelta]
    return [chance.choice(kinds)(chance.choice(("a", "é ", "😀", "word " * 9))) for _ in range(chance.randint(1, 3))]


async def trial(seed: int) -> None:
    """Three turns, up to seven pages on three views, one of them in the second turn alone; then a wire that works again."""
    chance = random.Random(seed)
    stage = Stage(max_entries=chance.choice((3, 20, 512)))
    session = stage.session()
    first = chance.choice((1, 4))
    turns: list[Turn] = [session.submit(f"question {n}") for n in range(3)]
    shown: list[Turn | None] = [None, None, turns[1]]
    wires = [_wire(stage, session, chance, turn) for turn in shown]
    for generation, turn in enumerate(turns, first + (chance.random() < 0.3)):
        await session.begin(turn, generation)
        for _ in range(chance.randint(1, 25)):
            if chance.random() < 0.1:
                chance.choice(wires).join()
            await session.say(*some_words(chance))
            await stage.pass_time(wires, chance.choice((0.01, 0.04, 0.3)))
        await session.end(*some_words(chance))
        await stage.pass_time(wires, chance.choice((0.0, 0.5)))
    for wire in wires:
        wire.loss = 0.0
    await stage.pass_time(wires, 35.0, step=0.05)
    for wire, only in zip(wires, shown, strict=True):
        wanted = [m.to_json() for m in session.messages if only is None or m in (only.question, only.answer)]
        for page in wire.pages:
            assert page.messages == wanted, f"seed {seed}: {page.name} of a {page.kind} view, at {page.position}"
            assert page.status not in ("submitted", "streaming") or wire.kind == "turn"


def _wire(stage: Stage, session: ActedSession, chance: random.Random, turn: Turn | None) -> Wire:
    view = stage.hub.add(session, turn)  # type: ignore[arg-type]  # acted
    wire = Wire(stage, chance, view, "thread" if turn is None else "turn")
    wire.join()
    stage.hub.connect(view, wire)
    return wire


@pytest.mark.parametrize("seed", range(SEEDS))
def test_pages_end_equal_to_the_kernel_whatever_the_wire_does(seed: int) -> None:
    """30 % lost, 10 % doubled, reordered by up to 0.4 s, late pages, a bounded log: all messages equal, fields included."""
    asyncio.run(trial(seed))
