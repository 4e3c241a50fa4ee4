"""What must hold after every step of the interleavings."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace

from hypothesis.stateful import invariant, precondition

from nbchat.core.cost import sum_cost
from nbchat.core.requests import RequestRecord
from nbchat.core.usage import sum_usage
from nbchat.sessions.state import Signal
from tests.sessions.interleaved_model import Model
from tests.sessions.model_tree import Node, check_wire, equal, parts_of, said
from tests.sessions.model_turns import PROMPT_TOKENS
from tests.support.house import eventually

__all__ = ["Truths"]

LEGAL = {
    ("idle", "submitted"), ("error", "submitted"), ("submitted", "streaming"), ("submitted", "idle"), ("submitted", "error"),
    ("streaming", "idle"), ("streaming", "error"),
}  # fmt: skip
"""All changes that a session's status can make."""


class Truths(Model):
    """The invariants: what the session, the database, the ledger and the server are compared with is the model."""

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
