"""Views of one turn: they go on with its answer, and show the others that stand beside it."""

from __future__ import annotations

import pytest

from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import Message
from nbchat.notebook.view import View
from nbchat.sessions.turn import Place
from tests.notebook.branching import page_of, shown_by
from tests.notebook.page import Page
from tests.notebook.stage import ActedSession, Recorder, Stage, play


async def _stopped(stage: Stage, session: ActedSession) -> tuple[View, Recorder, Page, str]:
    """A turn view whose answer was stopped, its page, and the answer's id."""
    turn = session.submit("hi")
    view, sent = stage.view(session, turn)
    page = page_of(stage, view)
    await session.begin(turn, 1)
    await session.say("Hel")
    answer = await session.end(status="stopped")
    await stage.clock.advance(60)
    assert shown_by(page, sent) == ["hi", "Hel"]
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
        assert shown_by(page, sent) == ["hi", "Hello"]
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
        assert shown_by(page, sent) == ["hi", ""]
        first = session.message(answer)
        assert first is not None
        stage.hub.switch(view, first)
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["hi", "Hel"]
        assert page.messages[-1]["siblings"] == [answer, turn.answer.id]
        await session.begin(session.submit("", kind="regenerate", place=Place(target=answer)), 3)
        await session.say("a third one")
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["hi", "Hel"]
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
        assert shown_by(page, sent) == ["hi", "Hel"]
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
        assert shown_by(page, sent) == ["hi", "Hel"]

    play(act)


def test_a_deleted_turn_is_empty_and_comes_back() -> None:
    """A cell whose answer was deleted shows the question; of a deleted question nothing."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        _, sent, page, answer = await _stopped(stage, session)
        session.mark(answer, deleted=True)
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["hi"]
        session.mark(page.messages[0]["id"], deleted=True)
        await stage.clock.advance(1)
        assert shown_by(page, sent) == []
        session.mark(answer, session.tree.all[0].id, deleted=False)
        await stage.clock.advance(1)
        assert shown_by(page, sent) == ["hi", "Hel"]

    play(act)
