"""Branches: where each view stands in the tree, and that it is told of what happens there and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import Message, TextPart
from nbchat.notebook.snapshot import older
from nbchat.notebook.view import View
from nbchat.sessions.state import Approval
from nbchat.sessions.turn import Place
from tests.notebook.page import Page, text_of
from tests.notebook.stage import ActedSession, Recorder, Stage, play


def _tree() -> list[Message]:
    """One question with two answers; below each answer a question with an answer. The second branch is the active path."""

    def said(name: str, parent: str | None) -> Message:
        return Message(name, "user" if name.startswith("q") else "assistant", (TextPart(name),), parent, model="lab/tiny")

    return [said("q", None), said("a1", "q"), said("a2", "q"), *_below("1", said("q1", "a1")), *_below("2", said("q2", "a2"))]


def _below(number: str, question: Message) -> Sequence[Message]:
    return question, Message(f"b{number}", "assistant", (TextPart(f"b{number}"),), question.id, model="lab/tiny")


def _page(stage: Stage, view: View) -> Page:
    look = stage.hub.look(view)
    kind = "thread" if view.turn is None else "turn"
    return Page("page", kind, look["snapshot"], look["status"], stage.clock.monotonic(), lambda _: None)


def _play(page: Page, sent: Recorder) -> list[str]:
    """Give the page what was sent; returns what it shows."""
    for message in sent.messages:
        page.custom(message, 0.0)
    sent.messages.clear()
    return [text_of(message) for message in page.messages]


def test_a_switch_moves_one_view_alone() -> None:
    """The other goes on to show the conversation's path; both tell which answers stand beside the one they show."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=_tree())
        (view, sent), (_, other) = stage.view(session), stage.view(session)
        page = _page(stage, view)
        stage.hub.switch(view, _tree()[1])
        await stage.settle()
        assert _play(page, sent) == ["q", "a1", "q1", "b1"]
        assert page.messages[1]["siblings"] == ["a1", "a2"]
        assert other.messages == []
        assert [m.id for m in session.path] == ["q", "a2", "q2", "b2"]
        stage.hub.switch(view, _tree()[2])
        await stage.clock.advance(1)
        assert _play(page, sent) == ["q", "a2", "q2", "b2"]
        assert view.branch is None

    play(act)


def test_there_and_back_is_where_the_reader_was() -> None:
    """Below the question there is a newer branch than the one that the conversation goes on with, and that the view showed."""

    async def act(stage: Stage) -> None:
        newer = _below("3", Message("q3", "user", (TextPart("q3"),), "a1"))
        session = stage.session(messages=[*_tree(), *newer])
        session.switch("b1")
        view, sent = stage.view(session)
        page = _page(stage, view)
        for message, shown in ((_tree()[2], ["q", "a2", "q2", "b2"]), (_tree()[1], ["q", "a1", "q1", "b1"])):
            stage.hub.switch(view, message)
            await stage.clock.advance(1)
            assert _play(page, sent) == shown
        assert view.branch is None

    play(act)


def test_a_view_on_another_branch_is_not_told_of_a_turn_but_that_the_session_is_busy() -> None:
    """No text of another branch, not at its beginning, not while it runs, not at its end; the composer knows."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=_tree())
        view, sent = stage.view(session)
        stage.hub.switch(view, _tree()[1])
        await stage.clock.advance(60)
        sent.messages.clear()
        await session.begin(session.submit("elsewhere"), 1)
        await stage.clock.advance(1)
        await session.say("words")
        await stage.clock.advance(1)
        await session.end()
        await stage.clock.advance(60)
        assert sent.messages == []
        assert [state["status"] for state in sent.states if "status" in state] == ["submitted", "streaming", "idle"]

    play(act)


def test_what_is_asked_in_a_view_takes_it_along() -> None:
    """On its own branch, or on a new one beside; from then on it follows the conversation again."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=_tree())
        (view, sent), (_, other) = stage.view(session), stage.view(session)
        page = _page(stage, view)
        stage.hub.switch(view, _tree()[1])
        turn = session.submit("more", place=Place(parent="b1"))
        stage.hub.asked(view, turn)
        assert view.branch == "b1"  # until the turn begins
        await session.begin(turn, 1)
        await session.end()
        await stage.clock.advance(1)
        assert _play(page, sent) == ["q", "a1", "q1", "b1", "more", ""]
        assert view.branch is None
        assert other.messages[0]["op"] == "snapshot"  # the conversation's path is another one now
        again = session.submit("q1 in other words", place=Place(parent="a1"))
        stage.hub.asked(view, again)
        await session.begin(again, 2)
        await stage.clock.advance(1)
        assert _play(page, sent) == ["q", "a1", "q1 in other words", ""]
        assert page.messages[2]["siblings"] == ["q1", again.question.id if again.question else ""]

    play(act)


def test_a_view_is_told_of_a_turn_that_goes_on_on_its_branch() -> None:
    """Whoever asked: the answer at its end is resumed, or a question asked below."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=_tree())
        view, sent = stage.view(session)
        page = _page(stage, view)
        stage.hub.switch(view, _tree()[1])
        await session.begin(session.submit("", kind="resume", place=Place(target="b1")), 1)
        await session.say(" and the rest")
        await stage.clock.advance(1)
        assert _play(page, sent) == ["q", "a1", "q1", "b1 and the rest"]
        await session.end()

    play(act)


def test_what_stands_beside_is_told_when_somebody_else_asks_again() -> None:
    """A view that stays with its answer learns that it is one of two."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=_tree())
        view, sent = stage.view(session)
        page = _page(stage, view)
        stage.hub.switch(view, _tree()[1])
        await session.begin(session.submit("", kind="regenerate", place=Place(target="b1")), 1)
        assert session.turn is not None
        assert session.turn.answer is not None
        await stage.clock.advance(1)
        assert _play(page, sent) == ["q", "a1", "q1", "b1"]
        assert page.messages[-1]["siblings"] == ["b1", session.turn.answer.id]
        await session.end()

    play(act)


def test_a_branch_whose_end_is_deleted_goes_to_what_is_left_and_comes_back() -> None:
    """The next answer in its place, else the message above; restored, the branch is what it was."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=_tree())
        view, sent = stage.view(session)
        page = _page(stage, view)
        stage.hub.switch(view, _tree()[1])
        session.mark("b1", "q1", deleted=True)
        await stage.clock.advance(1)
        assert _play(page, sent) == ["q", "a1"]
        session.mark("a1", deleted=True)
        await stage.clock.advance(1)
        assert _play(page, sent) == ["q", "a2", "q2", "b2"]
        session.mark("a1", "q1", "b1", deleted=False)
        await stage.clock.advance(1)
        assert _play(page, sent) == ["q", "a1", "q1", "b1"]

    play(act)


def test_a_change_goes_to_the_views_that_show_it() -> None:
    """A hidden message costs nothing where it is not shown: fifty cells are not sent fifty snapshots."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=_tree())
        here, elsewhere = stage.view(session)[1], stage.view(session)
        stage.hub.switch(elsewhere[0], _tree()[1])
        await session.begin(turn := session.submit("hi"), 1)
        cell, own = stage.view(session, turn)
        await session.end()
        await stage.clock.advance(60)
        for sent in (here, elsewhere[1], own):
            sent.messages.clear()
        session.mark("b2", hidden=True)
        await stage.settle()
        assert [m["op"] for m in here.messages] == ["snapshot"]
        assert here.messages[0]["snapshot"]["messages"][3]["hidden"]
        assert (elsewhere[1].messages, own.messages) == ([], [])
        assert turn.answer is not None
        session.mark(turn.answer.id, hidden=True)
        await stage.clock.advance(1)
        assert stage.hub.look(cell)["snapshot"]["messages"][1]["hidden"]
        assert own.messages[0]["op"] == "snapshot"

    play(act)


def test_a_page_that_lost_the_snapshot_of_a_change_learns_of_it() -> None:
    """The position is told again, and fits nothing that the page has; nor does the turn after it."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=_tree())
        view, sent = stage.view(session)
        look = stage.hub.look(view)
        hellos: list[int] = []
        page = Page("page", "thread", look["snapshot"], "idle", 0.0, lambda hello: hellos.append(hello["generation"]))
        session.mark("a2", hidden=True)
        await stage.clock.advance(2)
        (lost, repeated) = sent.messages
        assert lost["op"] == "snapshot"
        page.custom(repeated, 2.0)
        await session.begin(session.submit("hi"), 1)
        await stage.clock.advance(1)
        page.custom(sent.messages[-1], 3.0)
        assert len(page.messages) == 4
        page.tick(4.0)
        assert hellos[-1] == look["snapshot"]["generation"]
        stage.hub.hello(view, hellos[-1], 1, "page")
        await stage.settle()
        page.custom(sent.messages[-1], 4.0)
        assert (len(page.messages), page.messages[1]["hidden"]) == (6, True)

    play(act)


def test_older_messages_are_those_of_the_views_own_branch() -> None:
    """And name what they were asked for by: a page that shows something else by then does not take them."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=_tree())
        view, _ = stage.view(session)
        stage.hub.switch(view, _tree()[1])
        assert [row["id"] for row in older(view, "b1")[0]] == ["q", "a1", "q1"]
        assert older(view, "b2") == ([], False)

    play(act)


def test_many_changes_in_a_second_send_few_snapshots() -> None:
    """A loop that deletes costs each view four snapshots a second, and the last one holds all of it."""

    async def act(stage: Stage) -> None:
        many = [Message(f"m{n}", "user", (TextPart("x" * 100),), f"m{n - 1}" if n else None) for n in range(250)]
        session = stage.session(messages=many)
        _, sent = stage.view(session)
        for n in range(250):
            session.mark(f"m{n}", deleted=True)
            await stage.clock.advance(0.004)
        await stage.clock.advance(0.5)
        snapshots = [message["snapshot"] for message in sent.messages if message["op"] == "snapshot"]
        assert len(snapshots) <= 6
        assert snapshots[-1]["messages"] == []

    play(act)


# ---------------------------------------------------------------- views of one turn


async def _stopped(stage: Stage, session: ActedSession) -> tuple[View, Recorder, Page, str]:
    """A turn view whose answer was stopped, its page, and the answer's id."""
    turn = session.submit("hi")
    view, sent = stage.view(session, turn)
    page = _page(stage, view)
    await session.begin(turn, 1)
    await session.say("Hel")
    answer = await session.end(status="stopped")
    await stage.clock.advance(60)
    assert _play(page, sent) == ["hi", "Hel"]
    return view, sent, page, answer.id


@pytest.mark.parametrize("asked", [True, False])
def test_a_turn_view_goes_on_with_its_answer(asked: bool) -> None:
    """Resumed from there or from elsewhere: the view is the new turn's, from what the answer had to its end."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent, page, answer = await _stopped(stage, session)
        turn = session.submit("", kind="resume", place=Place(target=answer))
        if asked:
            stage.hub.asked(view, turn)
            await stage.clock.advance(1)
            assert sent.states[-1]["queue"] == [{"turn": turn.id, "text": "", "kind": "resume", "message": answer}]
        await session.begin(turn, 2)
        await session.say("lo")
        look = stage.hub.look(view)
        assert look["snapshot"]["turn"] == turn.id
        assert look["snapshot"]["messages"][-1]["parts"] == [{"type": "text", "text": "Hello"}]
        assert look["status"] == "streaming"
        await session.end()
        await stage.clock.advance(1)
        assert _play(page, sent) == ["hi", "Hello"]
        assert page.messages[-1]["status"] == "complete"

    play(act)


def test_a_turn_view_shows_another_answer_and_the_first_one_again() -> None:
    """Regenerated from there; a switch shows the other one; the turn of another view does not move it."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent, page, answer = await _stopped(stage, session)
        turn = session.submit("", kind="regenerate", place=Place(target=answer))
        stage.hub.asked(view, turn)
        await session.begin(turn, 2)
        await session.end(status="complete")
        await stage.clock.advance(1)
        assert turn.answer is not None
        assert _play(page, sent) == ["hi", ""]
        first = session.message(answer)
        assert first is not None
        stage.hub.switch(view, first)
        await stage.clock.advance(1)
        assert _play(page, sent) == ["hi", "Hel"]
        assert page.messages[-1]["siblings"] == [answer, turn.answer.id]
        await session.begin(session.submit("", kind="regenerate", place=Place(target=answer)), 3)
        await session.say("a third one")
        await stage.clock.advance(1)
        assert _play(page, sent) == ["hi", "Hel"]
        assert len(page.messages[-1]["siblings"]) == 3
        await session.end()

    play(act)


def test_a_turn_view_whose_next_turn_leaves_the_queue_keeps_what_it_shows() -> None:
    """Nothing was asked in the end."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent, page, answer = await _stopped(stage, session)
        turn = session.submit("", kind="resume", place=Place(target=answer))
        stage.hub.asked(view, turn)
        turn.status, session.queue = "ended", ()
        session.emit("queue-changed", turn)
        await stage.clock.advance(1)
        assert _play(page, sent) == ["hi", "Hel"]
        assert stage.hub.look(view)["status"] == "idle"
        assert not view.asked

    play(act)


def test_a_turn_view_whose_next_turn_never_begins_keeps_its_answer_and_says_why() -> None:
    """The answer was deleted meanwhile, the disk is full: the error has no message, and the view has another one."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent, page, answer = await _stopped(stage, session)
        turn = session.submit("", kind="resume", place=Place(target=answer))
        stage.hub.asked(view, turn)
        error = ErrorInfo("storage", "the disk is full", "free some")
        turn.status, turn.answer, session.queue = "ended", Message("e", "assistant", status="error", error=error), ()
        session.emit("turn-ended", turn, turn.answer)
        await stage.clock.advance(1)
        refused = [message for message in sent.messages if message["op"] == "refused"]
        assert refused == [{"op": "refused", "client_id": turn.request_id, "error": error.to_json()}]
        assert _play(page, sent) == ["hi", "Hel"]

    play(act)


def test_a_deleted_turn_is_empty_and_comes_back() -> None:
    """A cell whose answer was deleted shows the question; of a deleted question nothing."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        _, sent, page, answer = await _stopped(stage, session)
        session.mark(answer, deleted=True)
        await stage.clock.advance(1)
        assert _play(page, sent) == ["hi"]
        session.mark(page.messages[0]["id"], deleted=True)
        await stage.clock.advance(1)
        assert _play(page, sent) == []
        session.mark(answer, session.tree.all[0].id, deleted=False)
        await stage.clock.advance(1)
        assert _play(page, sent) == ["hi", "Hel"]

    play(act)


# ---------------------------------------------------------------- consent


def test_what_waits_for_consent_is_told_and_never_in_state_that_a_notebook_keeps() -> None:
    """Each page that asks is told, also one that was loaded after it; a cell's view while its own turn runs."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        turn, later = session.submit("hi"), session.submit("later")
        (view, sent), (_, own), (waiting, _) = stage.view(session), stage.view(session, turn), stage.view(session, later)
        await session.begin(turn, 1)
        session.approve(Approval("call-1", "rm", '{"path": "/"}'))
        await stage.settle()
        asked = [{"call": "call-1", "tool": "rm", "arguments": '{"path": "/"}'}]
        assert (sent.states[-1]["approvals"], own.states[-1]["approvals"]) == (asked, asked)
        assert [stage.hub.look(each)["approvals"] for each in (view, waiting)] == [[], []]
        await stage.clock.advance(100)
        sent.states.clear()
        stage.hub.hello(view, 0, 0, "loaded later")
        await stage.settle()
        assert sent.states[-1]["approvals"] == asked
        session.approve()
        await stage.clock.advance(1)
        assert sent.states[-1] == {"approvals": []}
        await session.end()

    play(act)


def test_of_a_private_session_nothing_is_in_state_that_a_notebook_keeps() -> None:
    """The page begins empty and is told all in answer to its hello; waiting questions and made titles are words of it too."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=[Message("old", "user", (TextPart("a secret"),))])
        session.private = True
        turn = session.submit("a secret question")
        view, sent = stage.view(session)
        page = _page(stage, view)
        await session.begin(turn, 1)
        session.submit("another secret")
        await session.say("a secret answer")
        await stage.clock.advance(1)
        look = stage.hub.look(view)
        assert "secret" not in str(look)
        assert "secret" not in str(sent.states)
        assert look["private"]
        assert len(look["queue"]) == 1
        stage.hub.hello(view, look["snapshot"]["generation"], look["snapshot"]["seq"], "page")
        await stage.settle()
        assert _play(page, sent) == ["a secret", "a secret question", "a secret answer"]
        await session.end()

    play(act)
