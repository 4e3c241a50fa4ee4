"""Views that come to show another conversation, at the moments when something else is under way."""

from __future__ import annotations

from typing import cast

from nbchat.core.messages import Message, TextPart
from nbchat.sessions.session import Session
from tests.notebook.page import text_of
from tests.notebook.stage import Stage, play


def asked(text: str) -> list[Message]:
    return [Message(text, "user", (TextPart(text),))]


def test_another_conversations_values_never_come_before_its_messages() -> None:
    """Not even where its turn has begun and the log's first entry is still under way: a page would keep the one's messages as the
    other's."""

    async def act(stage: Stage) -> None:
        first, other = stage.session("first", asked("mine")), stage.session("other", asked("yours"))
        view, sent = stage.view(first)
        await stage.settle()
        append = stage.log.append

        async def slow(*entry: object) -> object:
            stage.hub.show(view, cast(Session, other))
            await stage.settle()
            assert not any(state.get("conversation") == other.id for state in sent.states)
            return await append(*entry)  # type: ignore[arg-type]

        stage.log.append = slow  # type: ignore[method-assign,assignment]
        await other.begin(other.submit("hi"), 1)
        told = sent.messages[-1]
        assert told["state"]["conversation"] == other.id
        assert [text_of(row) for row in told["snapshot"]["messages"]] == ["yours", "hi", ""]

    play(act)


def test_what_was_done_in_a_conversation_does_not_move_a_view_that_left_it() -> None:
    """A question that was taken, an answer that was saved, while another page of the view opened another conversation."""

    async def act(stage: Stage) -> None:
        first, other = stage.session("first", asked("mine")), stage.session("other", asked("yours"))
        view, _ = stage.view(first)
        stage.hub.show(view, cast(Session, other))
        turn = first.submit("late")
        stage.hub.asked(view, turn)
        stage.hub.switch(view, first.path[0])
        assert (view.asked, view.branch) == (set(), None)
        await first.begin(turn, 1)
        stage.hub.asked(view, turn)
        assert (view.session.id, view.asked) == (other.id, set())

    play(act)


def test_a_conversation_that_is_left_tells_the_view_nothing_more() -> None:
    """What its turn streams, and its end; another one that begins where the view is now is told."""

    async def act(stage: Stage) -> None:
        first, other = stage.session("first", asked("mine")), stage.session("other", asked("yours"))
        view, sent = stage.view(first)
        await first.begin(first.submit("hi"), 1)
        await first.say("of the first")
        await stage.clock.advance(1)
        stage.hub.show(view, cast(Session, other))
        await stage.settle()
        sent.messages.clear()
        await first.say("more of the first")
        await other.begin(other.submit("hello"), 1)
        await other.say("of the other")
        await first.end()
        await other.end()
        await stage.clock.advance(40)
        assert sent.text == "of the other"
        assert sent.messages[-1]["seq"] == view.seq
        assert (first.leases, other.leases) == (0, 1)

    play(act)
