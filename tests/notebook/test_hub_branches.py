"""Branches: where each view stands in the tree, and that it is told of what happens there and of nothing else."""

from __future__ import annotations

from nbchat.core.messages import Message, TextPart
from nbchat.notebook.snapshot import older
from nbchat.sessions.turn import Place
from tests.notebook.branching import below, page_of, shown_by, two_branches
from tests.notebook.page import Page
from tests.notebook.stage import Stage, play


def test_a_switch_moves_one_view_alone() -> None:
    """The other goes on to show the conversation's path; both tell which answers stand beside the one they show."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=two_branches())
        (view, sent), (_, other) = stage.view(session), stage.view(session)
        page = page_of(stage, view)
        stage.hub.switch(view, two_branches()[1])
        await stage.settle()
        assert shown_by(page, sent) == ["q", "a1", "q1", "b1"]
        assert page.messages[1]["siblings"] == ["a1", "a2"]
        assert other.messages == []
        assert [m.id for m in session.path] == ["q", "a2", "q2", "b2"]
        stage.hub.switch(view, two_branches()[2])
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["q", "a2", "q2", "b2"]
        assert view.branch is None

    play(act)


def test_there_and_back_is_where_the_reader_was() -> None:
    """Below the question there is a newer branch than the one that the conversation goes on with, and that the view showed."""

    async def act(stage: Stage) -> None:
        newer = below("3", Message("q3", "user", (TextPart("q3"),), "a1"))
        session = stage.session(messages=[*two_branches(), *newer])
        session.switch("b1")
        view, sent = stage.view(session)
        page = page_of(stage, view)
        for message, shown in ((two_branches()[2], ["q", "a2", "q2", "b2"]), (two_branches()[1], ["q", "a1", "q1", "b1"])):
            stage.hub.switch(view, message)
            await stage.clock.advance(1)
            assert shown_by(page, sent) == shown
        assert view.branch is None

    play(act)


def test_a_view_on_another_branch_is_not_told_of_a_turn_but_that_the_session_is_busy() -> None:
    """No text of another branch, not at its beginning, not while it runs, not at its end; the composer knows."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=two_branches())
        view, sent = stage.view(session)
        stage.hub.switch(view, two_branches()[1])
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
        session = stage.session(messages=two_branches())
        (view, sent), (_, other) = stage.view(session), stage.view(session)
        page = page_of(stage, view)
        stage.hub.switch(view, two_branches()[1])
        turn = session.submit("more", place=Place(parent="b1"))
        stage.hub.asked(view, turn)
        assert view.branch == "b1"  # until the turn begins
        await session.begin(turn, 1)
        await session.end()
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["q", "a1", "q1", "b1", "more", ""]
        assert view.branch is None
        assert other.messages[0]["op"] == "snapshot"  # the conversation's path is another one now
        again = session.submit("q1 in other words", place=Place(parent="a1"))
        stage.hub.asked(view, again)
        await session.begin(again, 2)
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["q", "a1", "q1 in other words", ""]
        assert page.messages[2]["siblings"] == ["q1", again.question.id if again.question else ""]

    play(act)


def test_a_view_is_told_of_a_turn_that_goes_on_on_its_branch() -> None:
    """Whoever asked: the answer at its end is resumed, or a question asked below."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=two_branches())
        view, sent = stage.view(session)
        page = page_of(stage, view)
        stage.hub.switch(view, two_branches()[1])
        await session.begin(session.submit("", kind="resume", place=Place(target="b1")), 1)
        await session.say(" and the rest")
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["q", "a1", "q1", "b1 and the rest"]
        await session.end()

    play(act)


def test_what_stands_beside_is_told_when_somebody_else_asks_again() -> None:
    """A view that stays with its answer learns that it is one of two."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=two_branches())
        view, sent = stage.view(session)
        page = page_of(stage, view)
        stage.hub.switch(view, two_branches()[1])
        await session.begin(session.submit("", kind="regenerate", place=Place(target="b1")), 1)
        assert session.turn is not None
        assert session.turn.answer is not None
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["q", "a1", "q1", "b1"]
        assert page.messages[-1]["siblings"] == ["b1", session.turn.answer.id]
        await session.end()

    play(act)


def test_a_branch_whose_end_is_deleted_goes_to_what_is_left_and_comes_back() -> None:
    """The next answer in its place, else the message above; restored, the branch is what it was."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=two_branches())
        view, sent = stage.view(session)
        page = page_of(stage, view)
        stage.hub.switch(view, two_branches()[1])
        session.mark("b1", "q1", deleted=True)
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["q", "a1"]
        session.mark("a1", deleted=True)
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["q", "a2", "q2", "b2"]
        session.mark("a1", "q1", "b1", deleted=False)
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["q", "a1", "q1", "b1"]

    play(act)


def test_a_change_goes_to_the_views_that_show_it() -> None:
    """A hidden message costs nothing where it is not shown: fifty cells are not sent fifty snapshots."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=two_branches())
        here, elsewhere = stage.view(session)[1], stage.view(session)
        stage.hub.switch(elsewhere[0], two_branches()[1])
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
        session = stage.session(messages=two_branches())
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
        session = stage.session(messages=two_branches())
        view, _ = stage.view(session)
        stage.hub.switch(view, two_branches()[1])
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
