"""Positions: snapshots that hold what they say, and hellos that get what is missing and no more."""

from __future__ import annotations

import asyncio
import json

from nbchat.core.events import TextDelta
from nbchat.core.messages import Message, TextPart
from nbchat.notebook.wire import Json
from tests.notebook.page import Page, text_of
from tests.notebook.stage import Stage, play, stream


def test_what_a_slow_view_missed_beyond_the_tail_comes_as_a_snapshot() -> None:
    """The log is bounded: a view that fell behind it is given the whole, once."""

    async def main() -> None:
        stage = Stage(max_entries=4)
        session = stage.session()
        view, sent = stage.view(session)
        stage.hub.visible(view, "page", False)
        await session.begin(session.submit("hi"), 1)
        await stage.clock.advance(1)
        said = await stream(stage, 1, 30)
        await stage.clock.advance(1)
        assert "snapshot" in {message["op"] for message in sent.messages}
        last = [message for message in sent.messages if message["op"] == "snapshot"][-1]["snapshot"]
        text = last["messages"][-1]["parts"][0]["text"]
        assert said.startswith(text)

    asyncio.run(main())


def test_a_snapshot_holds_the_text_of_its_position_and_no_more() -> None:
    """A session's own text runs ahead of its log; a snapshot with it would make a view apply the next delta twice."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, _ = stage.view(session)
        await session.begin(session.submit("hi"), 1)
        await session.say("told ")
        assert session.turn is not None
        session.turn.content.apply(TextDelta("not yet in the log"))
        snapshot = stage.hub.look(view)["snapshot"]
        assert (snapshot["generation"], snapshot["seq"], snapshot["ended"]) == (view.newest, 2, False)
        assert snapshot["messages"][-1]["parts"] == [{"text": "told ", "type": "text"}]

    play(act)


def test_a_turn_that_has_begun_and_is_not_in_the_log_yet_is_shown_once() -> None:
    """A page that is loaded in that moment has its messages already when its turn-start comes."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=[Message("old", "user", (TextPart("old"),))])
        view, sent = stage.view(session)
        turn = session.submit("hi")
        looks: list[Json] = []
        session.on_tree = lambda: looks.append(stage.hub.look(view)["snapshot"])
        await session.begin(turn, 1)
        await session.say("Hello")
        await stage.clock.advance(1)
        assert [m["role"] for m in looks[0]["messages"]] == ["user", "user", "assistant"]
        page = Page("page", "thread", looks[0], "submitted", 0.0, lambda _: None)
        for message in sent.messages:
            page.custom(message, 0.0)
        assert [text_of(m) for m in page.messages] == ["old", "hi", "Hello"]

    play(act)


def test_a_snapshot_is_bounded_and_its_newest_message_whole() -> None:
    """64 kB of the newest messages; a longer answer alone; the rest is paged."""

    async def act(stage: Stage) -> None:
        many = [Message(f"m{n}", "user", (TextPart("x" * 10_000),), f"m{n - 1}" if n else None) for n in range(20)]
        view, _ = stage.view(stage.session(messages=many))
        snapshot = stage.hub.look(view)["snapshot"]
        assert [m["id"] for m in snapshot["messages"]] == [f"m{n}" for n in range(14, 20)]
        assert snapshot["more"]
        assert len(json.dumps(snapshot)) <= 65_000
        huge, _ = stage.view(stage.session("huge", [*many, Message("last", "user", (TextPart("y" * 200_000),), "m19")]))
        assert [m["id"] for m in stage.hub.look(huge)["snapshot"]["messages"]] == ["last"]

    play(act)


def test_a_hello_is_answered_from_the_tail_and_only_with_what_all_were_told() -> None:
    """First what is pending goes to all pages, then the asker gets exactly what it lacks: everybody stays in step."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent = stage.view(session)
        await session.begin(session.submit("hi"), 1)
        await stage.clock.advance(1)
        await session.say("a")
        await stage.settle()
        await stage.clock.advance(1)
        await session.say("b")
        await stage.settle()
        await session.say("c")  # pending: within the frame
        sent.messages.clear()
        stage.hub.hello(view, view.generation, 2, "late")
        await stage.settle()
        told = [(m["after"], m["seq"], "".join(e["text"] for e in m["events"])) for m in sent.messages]
        assert told == [(3, 4, "c"), (2, 4, "bc")]

    play(act)


def test_a_hello_that_the_tail_cannot_serve_gets_a_snapshot() -> None:
    """An unknown generation, and the forced one of a view whose checksum differs."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent = stage.view(session)
        await session.begin(session.submit("hi"), 3)
        await session.say("a")
        await stage.clock.advance(1)
        for generation in (-1, 1, 7):
            sent.messages.clear()
            stage.hub.hello(view, generation, 0, "page")
            await stage.clock.advance(1)
            assert [message["op"] for message in sent.messages] == ["snapshot"]

    play(act)


def test_a_page_at_the_end_of_the_last_turn_is_given_the_running_one() -> None:
    """It lacks the whole of it, and nothing before."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent = stage.view(session)
        await session.begin(session.submit("one"), 1)
        await session.end(TextDelta("x"))
        await stage.clock.advance(1)
        await session.begin(session.submit("two"), 2)
        await session.say("y")
        await stage.clock.advance(1)
        sent.messages.clear()
        stage.hub.hello(view, view.newest - 1, 2, "page")
        await stage.settle()
        assert [(m["generation"], m["after"], m["seq"]) for m in sent.messages] == [(view.newest, 0, 2)]

    play(act)


def test_positions_are_the_views_own() -> None:
    """After a restart a conversation's next turn is not its first: in a view's count nothing is missing all the same."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=[Message("old", "user", (TextPart("old"),))])
        view, sent = stage.view(session)
        first = stage.hub.look(view)["snapshot"]["generation"]
        await session.begin(session.submit("hi"), 57)
        await session.say("x")
        await stage.clock.advance(1)
        assert {(m["op"], m["generation"]) for m in sent.messages} == {("append", first + 1)}

    play(act)


def test_a_page_that_knows_nothing_is_given_all() -> None:
    """An empty page's position is nobody's: no turn fits it, and its hello gets a snapshot."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=[Message("old", "user", (TextPart("old"),))])
        view, sent = stage.view(session)
        stage.hub.hello(view, 0, 0, "page")
        await stage.settle()
        assert [m["id"] for m in sent.messages[-1]["snapshot"]["messages"]] == ["old"]

    play(act)


def test_a_hello_that_lacks_nothing_repeats_the_small_state_for_a_while() -> None:
    """The lost message may have been the last status; a minute later nothing is sent any more."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent = stage.view(session)
        await session.begin(session.submit("hi"), 1)
        await session.end(TextDelta("x"))
        await stage.clock.advance(1)
        sent.states.clear()
        stage.hub.hello(view, view.generation, 2, "page")
        await stage.clock.advance(1)
        assert sent.states[0]["status"] == "idle"
        sent.states.clear()
        await stage.clock.advance(100)
        stage.hub.hello(view, view.generation, 2, "page")
        await stage.clock.advance(1)
        assert sent.states == []

    play(act)
