"""What a notebook keeps of a view's state: neither a call that waits for consent, nor anything of a private session."""

from __future__ import annotations

from nbchat.core.messages import Message, TextPart
from nbchat.sessions.state import Approval
from tests.notebook.branching import page_of, shown_by
from tests.notebook.stage import Stage, play


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
        page = page_of(stage, view)
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
        assert shown_by(page, sent) == ["a secret", "a secret question", "a secret answer"]
        await session.end()

    play(act)


def test_a_view_says_which_conversation_it_shows() -> None:
    """Pages keep drafts and open sections by it; of a private one it is no word."""

    async def act(stage: Stage) -> None:
        one, two = stage.session("one"), stage.session("two")
        two.private = True
        looks = [stage.hub.look(stage.view(*shown)[0]) for shown in ((one,), (two,), (one, one.submit("hi")))]
        assert [look["conversation"] for look in looks] == [one.id, two.id, one.id]

    play(act)
