"""Views: which turn each shows, and what becomes of them when sessions and turns come and go."""

from __future__ import annotations

from nbchat.core.events import Finish
from nbchat.core.messages import Message, TextPart
from tests.notebook.stage import Recorder, Stage, play


def test_a_turn_view_gets_its_own_turn_alone() -> None:
    """Fifty cells cost what one costs."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        first, second = session.submit("one"), session.submit("two")
        _, sent_first = stage.view(session, first)
        _, sent_second = stage.view(session, second)
        await session.begin(first, 1)
        await session.say("first")
        await session.end()
        await stage.clock.advance(1)
        await session.begin(second, 2)
        await session.say("second")
        await session.end()
        await stage.clock.advance(1)
        assert (sent_first.text, sent_second.text) == ("first", "second")

    play(act)


def test_a_turn_taken_from_the_queue_is_shown_as_such() -> None:
    """Its view waits for nothing any more."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        turn = session.submit("hi")
        _, sent = stage.view(session, turn)
        turn.status = "ended"
        session.queue = ()
        session.emit("queue-changed", turn)
        await stage.settle()
        shown = sent.messages[-1]["snapshot"]
        assert shown["ended"]
        assert [(m["role"], m["status"]) for m in shown["messages"]] == [("user", "complete"), ("assistant", "stopped")]

    play(act)


def test_a_question_that_could_not_even_begin_is_refused_in_threads_and_shown_in_its_own_view() -> None:
    """The draft comes back to the person; the cell shows the error."""

    async def act(stage: Stage) -> None:
        from nbchat.core.errors import ErrorInfo

        session = stage.session()
        turn = session.submit("hi")
        _, thread = stage.view(session)
        _, cell = stage.view(session, turn)
        error = ErrorInfo("storage", "the disk is full", "free some")
        turn.status, turn.answer = "ended", Message("a", "assistant", status="error", error=error)
        session.emit("turn-ended", turn, turn.answer)
        await stage.settle()
        assert thread.messages[-1] == {"op": "refused", "client_id": turn.request_id, "error": error.to_json()}
        assert cell.messages[-1]["snapshot"]["messages"][-1]["error"]["text"] == "the disk is full"

    play(act)


def test_views_of_a_closed_session_go_on_with_the_one_opened_in_its_place() -> None:
    """A displayed widget is not dead because Python closed the session."""

    async def act(stage: Stage) -> None:
        old = stage.session()
        view, sent = stage.view(old)
        old.closed = True
        old.emit("closed")
        stage.sessions.clear()
        new = stage.session()
        assert (old.leases, new.leases) == (0, 1)
        await new.begin(new.submit("hi"), 1)
        await new.say("again")
        await stage.clock.advance(1)
        assert sent.text == "again"
        stage.hub.remove(view)
        assert new.leases == 0

    play(act)


def test_a_conversation_from_an_earlier_kernel_is_announced_once_in_cells_and_in_every_thread() -> None:
    """The view says what it continues."""

    async def act(stage: Stage) -> None:
        session = stage.session("analysis", [Message("m", "user", (TextPart("old"),))])
        first, second = session.submit("one"), session.submit("two")
        said = [stage.hub.look(stage.view(session, turn)[0])["snapshot"].get("continues") for turn in (first, second, None, None)]
        text = "continues “analysis” (1 message)"
        assert said == [text, None, text, text]
        fresh = stage.session("fresh")
        assert "continues" not in stage.hub.look(stage.view(fresh)[0])["snapshot"]

    play(act)


def test_a_removed_view_is_sent_nothing_and_holds_nothing() -> None:
    """Closing is final and idempotent."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent = stage.view(session)
        stage.hub.remove(view)
        stage.hub.remove(view)
        await session.begin(session.submit("hi"), 1)
        await session.end(Finish("stop"))
        await stage.clock.advance(1)
        assert (sent.messages, session.leases) == ([], 0)
        assert isinstance(sent, Recorder)

    play(act)


def test_the_hub_knows_how_many_views_a_page_has_answered() -> None:
    """What the doctor asks: a view that no page has said hello of may be one that nobody sees."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, _ = stage.view(session)
        stage.view(session)
        assert stage.hub.seen == (2, 0)
        stage.hub.hello(view, 0, 0, "a page")
        assert stage.hub.seen == (2, 1)
        stage.hub.remove(view)
        assert stage.hub.seen == (1, 0)

    play(act)
