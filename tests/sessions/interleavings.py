"""Random interleavings of all that people and accidents do to a session, against a small model of what must hold.

`test_model.py` plays short ones, `python -m tests.soak.interleavings` long ones. Every rule does one thing, lets everything that
can move come to rest, and says in the model what must have happened; the invariants (`interleaved_truths.py`) then compare
session, signals, database, ledger and server with the model. Answers move by one gate at a time, so the model knows each partial
exactly. The model always moves first: whatever the session or the server does follows what the model says already.

Here stands what people ask and change; `interleaved_answers.py` has how answers move, `interleaved_ends.py` how lives end, and
`interleaved_model.py` the model. A feature that is added gets a rule beside the others, and, where it makes requests, an entry of
`KINDS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from nbchat.core.errors import UsageError
from nbchat.sessions.session import Session
from nbchat.sessions.turn import Turn
from tests.sessions.interleaved_answers import WHICH
from tests.sessions.interleaved_ends import Ends
from tests.sessions.model_tree import Node
from tests.sessions.model_turns import KINDS, Asked, Place

__all__ = ["Interleavings"]

KIND = st.sampled_from(sorted(KINDS))


class Interleavings(Ends):
    """One conversation, its lives, and everybody who talks to it."""

    @initialize(titles=st.booleans())
    def begin(self, titles: bool) -> None:
        self.live(titles)

    # ------------------------------------------------------------ asking

    def _submit(self, asked: Asked) -> None:
        """Ask, and say in the model what follows: a place in the queue, unless this request has one, or a refusal."""
        known = [place for place in (self.running, *self.queue) if place is not None and place.asked is asked]
        if not known and self.refuses(asked):
            with pytest.raises(UsageError):
                asked.ask(self.session)
            return
        turn = asked.ask(self.session)
        if known:
            assert turn is known[0].turn, "a request that waits or runs is attached to"
            return
        asked.turns.append(turn)
        self.queue.append(Place(asked, asked.fate == "ended", turn))
        if asked.fate == "new":
            asked.fate, asked.text = "waiting", turn.text
        self.promote()

    def _new_question(self, kind: str) -> Asked:
        name = f"r{len(self.asked)}"
        text = f"q{len(self.asked)}"
        return self._noted(Asked(name, text, KINDS[kind], "ask", lambda s: s.submit(text, request_id=name), at_end=True))

    def _noted(self, asked: Asked) -> Asked:
        self.asked.append(asked)
        return asked

    def _go(self, asked: Asked) -> None:
        async def go() -> None:
            self._submit(asked)

        self.act(go())
        self.since += 1

    @rule(kinds=st.lists(KIND, min_size=1, max_size=3), opens=st.booleans())
    def send(self, kinds: list[str], opens: bool) -> None:
        """One to three callers send at the same instant, as a view does (which opens the session) or as a script."""

        async def caller(asked: Asked) -> None:
            if opens:
                assert await self.life.house.manager.open("interleavings") is self.session
            self._submit(asked)

        async def together() -> None:
            await asyncio.gather(*(caller(self._new_question(kind)) for kind in kinds))

        self.act(together())
        self.since += 1

    @precondition(lambda self: self.asked)
    @rule(which=WHICH, times=st.integers(1, 2), removed=st.booleans())
    def send_again(self, which: int, times: int, removed: bool) -> None:
        """A request is repeated: it waits, runs, has an answer, or was removed (then it is a new one)."""
        repeatable = [asked for asked in self.asked if asked.by_id]
        some = [asked for asked in repeatable if asked.fate == "new"] if removed else []
        if not repeatable:
            return
        asked = (some or repeatable)[which % len(some or repeatable)]

        async def repeat() -> None:
            for _ in range(times):
                self._submit(asked)

        self.act(repeat())

    @precondition(lambda self: self.some("user"))
    @rule(which=WHICH, kind=KIND)
    def edit(self, which: int, kind: str) -> None:
        """A question in other words, anywhere in the tree."""
        node = self.pick("user", which)
        name, text = f"r{len(self.asked)}", f"q{len(self.asked)}"
        ask: Callable[[Session], Turn] = lambda s: s.edit(node.id, text, request_id=name)  # noqa: E731
        asked = self._noted(Asked(name, text, KINDS[kind], "ask", ask, node.parent))
        asked.about = node
        self._go(asked)

    def _again(self, what: str, node: Node | None, kind: str) -> None:
        """Regenerate or resume a message, or (None) the last one."""
        name = f"r{len(self.asked)}"
        target = node or self.tree.path(self.tree.head)[-1]

        def ask(session: Session) -> Turn:
            return getattr(session, what)(None if node is None else target.id, request_id=name)  # type: ignore[no-any-return]

        self._go(self._noted(Asked(name, "", KINDS[kind], what, ask, target, by_id=node is not None)))  # type: ignore[arg-type]

    @precondition(lambda self: self.some())
    @rule(which=WHICH, kind=KIND)
    def regenerate(self, which: int, kind: str) -> None:
        self._again("regenerate", self.pick(None, which), kind)

    @precondition(lambda self: self.some("assistant"))
    @rule(which=WHICH, kind=KIND, unfinished=st.booleans())
    def resume(self, which: int, kind: str, unfinished: bool) -> None:
        """Whatever there is, or what can be gone on with."""
        some = (unfinished and self.unfinished()) or self.some()
        self._again("resume", some[which % len(some)], kind)

    @precondition(lambda self: self.running is None)
    @rule(kind=KIND, gates=st.integers(0, 4), how=st.sampled_from(("stop", "stop", "close", "kill")))
    def leave_unfinished(self, kind: str, gates: int, how: str) -> None:
        """Ask, and end it somewhere in between: rules of one step each seldom come to this by themselves."""
        self._go(self._new_question(kind))
        self._step(gates)
        if how == "stop":
            self._stop(queue=False, twice=False)
        elif how == "close":
            self._close()
        else:
            self._kill(self.titles_wanted)

    @precondition(lambda self: self.running is None and self.unfinished())
    @rule(which=WHICH, kind=KIND, gates=st.integers(0, 4))
    def go_on(self, which: int, kind: str, gates: int) -> None:
        """Resume something that can be gone on with, for some steps."""
        self._again("resume", self.unfinished()[which % len(self.unfinished())], kind)
        self._step(gates)

    @precondition(lambda self: self.tree.path(self.tree.head))
    @rule(what=st.sampled_from(("regenerate", "resume")), kind=KIND)
    def once_more(self, what: str, kind: str) -> None:
        """The button below the last answer: not repeatable, since the last one is another one then."""
        if self.running is None:
            self._again(what, None, kind)

    @precondition(lambda self: self.queue)
    @rule(which=WHICH, removed=st.booleans())
    def change_queue(self, which: int, removed: bool) -> None:
        """A waiting turn is removed, or put in other words."""
        (self._unqueue if removed else self._requeue)(self.queue[which % len(self.queue)])

    def _unqueue(self, place: Place) -> None:

        async def remove() -> None:
            self.removed([place])
            assert self.session.unqueue(place.turn.id)
            assert not self.session.unqueue(place.turn.id)
            assert place.turn.future.cancelled()

        self.act(remove())

    def _requeue(self, place: Place) -> None:
        """What asks again for something has no words of its own."""

        async def change() -> None:
            text = f"{place.asked.name} in other words"
            assert self.session.requeue(place.turn.id, text) == (place.asked.what == "ask")
            if not place.repeats:
                place.asked.text = text

        self.act(change())

    # ------------------------------------------------------------ the tree

    @precondition(lambda self: self.some())
    @rule(which=WHICH, how=st.sampled_from(("switch", "edit_reply", "hide", "show", "delete", "restore")))
    def change_tree(self, which: int, how: str) -> None:
        """A person goes to another branch, writes an answer, or marks a message."""
        node = self.pick(None, which)
        if how == "switch":
            self._switch(node)
        elif how == "edit_reply":
            self._edit_reply(self.pick("assistant", which) if self.some("assistant") else node)
        elif how in ("hide", "show"):
            self._hide(node, how == "hide")
        elif how == "delete" or not self.deletions:
            self._delete(node)
        else:
            self._restore(self.deletions.pop(which % len(self.deletions)))

    def _switch(self, node: Node) -> None:

        async def move() -> None:
            if self.tree.leaf(node) is not self.tree.head:
                self.tree.head = self.tree.leaf(node)
            await self.session.switch(node.id)

        self.act(move())

    def _edit_reply(self, node: Node) -> None:
        async def edit() -> None:
            if node.status == "streaming" or node.role == "user":
                with pytest.raises(UsageError):
                    await self.session.edit_reply(node.id, "no")
                return
            text = f"by hand {len(self.tree.nodes)}"
            added = self.tree.add(Node("assistant", node.parent, [("text", text, "")], by_hand=True))
            added.id = (await self.session.edit_reply(node.id, text)).id

        self.act(edit())

    def _hide(self, node: Node, hidden: bool) -> None:
        async def mark() -> None:
            node.hidden = hidden
            await self.session.hide(node.id, hidden)

        self.act(mark())

    def _delete(self, node: Node) -> None:
        """A question goes with its answers, an answer alone; not while it runs."""
        answers = [each for each in self.tree.shown if each.parent is node and each.role == "assistant"]
        gone = [node, *(answers if node.role == "user" else [])]

        async def mark() -> None:
            if any(each.status == "streaming" for each in gone):
                with pytest.raises(UsageError):
                    await self.session.delete(node.id)
                return
            for each in gone:
                each.deleted = True
            self.deletions.append(gone)
            assert list(await self.session.delete(node.id)) == [each.id for each in gone]

        self.act(mark())

    def _restore(self, back: list[Node]) -> None:
        async def mark() -> None:
            for each in back:
                each.deleted = False
            await self.session.restore([each.id for each in back])

        self.act(mark())

    @precondition(lambda self: self.since >= 1)
    @rule(text=st.sampled_from(("", "", "Mine")))
    def set_title(self, text: str) -> None:
        async def name() -> None:
            self.title, self.titled = text, bool(text)
            await self.session.set_title(text)

        self.act(name())
