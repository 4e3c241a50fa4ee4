"""The hub: what views are sent, how often, and that they end equal whatever the wire does."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable

from nbchat.core.events import Finish, ModelNamed, ReasoningDelta, TextDelta, UsageReport
from nbchat.core.messages import Message, TextPart
from nbchat.core.usage import Usage
from tests.notebook.stage import Recorder, Stage


def play(act: Callable[[Stage], Awaitable[None]]) -> None:
    async def main() -> None:
        await act(Stage())

    asyncio.run(main())


async def stream(stage: Stage, seconds: float, hertz: float = 100.0) -> str:
    """Let the first session's turn say one word at this pace; returns all of it."""
    said = ""
    for n in range(round(seconds * hertz)):
        said += f"w{n} "
        await stage.sessions[0].say(f"w{n} ")
        await stage.clock.advance(1 / hertz)
    return said


def test_the_first_token_goes_out_at_once() -> None:
    """Leading edge: a token that comes after a pause waits for no timer."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        _, sent = stage.view(session)
        await session.begin(session.submit("hi"), 1)
        await stage.clock.advance(1)
        await session.say("now")
        await stage.settle()
        assert sent.text == "now"

    play(act)


def test_a_view_gets_at_most_thirty_messages_a_second() -> None:
    """Deltas that come faster are merged, and nothing is lost."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        _, sent = stage.view(session)
        await session.begin(session.submit("hi"), 1)
        await stage.clock.advance(1)
        sent.times.clear()
        said = await stream(stage, 5, 200)
        assert len(sent.times) <= 5 * 30 + 1
        assert len(sent.times) >= 5 * 28
        await session.end()
        await stage.settle()
        assert sent.text == said

    play(act)


def test_an_end_is_flushed_at_once() -> None:
    """Nobody waits a frame to see that an answer is complete."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        _, sent = stage.view(session)
        await session.begin(session.submit("hi"), 1)
        await stage.clock.advance(1)
        await session.say("a")
        await stage.settle()
        await session.say("b")
        await session.end()
        await stage.settle()
        assert sent.messages[-1]["events"][-1]["type"] == "turn-end"
        assert sent.states[-1]["status"] == "idle"
        assert sent.text == "ab"

    play(act)


def test_all_views_of_a_kernel_share_a_hundred_messages_a_second() -> None:
    """One bucket: forty views of a stream at 100 tokens a second get 100 messages a second together, each a fair part."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        views = [stage.view(session)[1] for _ in range(40)]
        await session.begin(session.submit("hi"), 1)
        await stage.clock.advance(2)
        before = [len(view.times) for view in views]
        said = await stream(stage, 4)
        counts = [len(view.times) - old for view, old in zip(views, before, strict=True)]
        assert 380 <= sum(counts) <= 425
        assert max(counts) - min(counts) <= 3
        await session.end()
        await stage.clock.advance(2)
        assert {view.text for view in views} == {said}

    play(act)


def test_three_hundred_views_slow_down_and_still_get_everything() -> None:
    """More views than the budget has messages for two seconds: each comes round less often, none is left out."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        views = [stage.view(session)[1] for _ in range(300)]
        await session.begin(session.submit("hi"), 1)
        said = await stream(stage, 7, 30)
        assert all(view.times for view in views)
        await session.end()
        await stage.clock.advance(8)
        assert {view.text for view in views} == {said}

    play(act)


def test_a_view_out_of_sight_gets_two_messages_a_second() -> None:
    """And thirty again when a page shows it."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        view, sent = stage.view(session)
        stage.hub.visible(view, "page", False)
        await session.begin(session.submit("hi"), 1)
        await stage.clock.advance(1)
        sent.times.clear()
        await stream(stage, 3)
        assert len(sent.times) <= 7
        stage.hub.visible(view, "page", True)
        sent.times.clear()
        await stream(stage, 1)
        assert len(sent.times) >= 28

    play(act)


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


def test_a_second_turn_does_not_send_the_first_again() -> None:
    """Positions go on; nothing is repeated."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        _, sent = stage.view(session)
        for generation in (1, 2):
            await session.begin(session.submit("hi"), generation)
            await session.say("x" * 1000)
            await session.end()
            await stage.clock.advance(1)
        assert sent.text == "x" * 2000
        assert [(m["generation"], m["after"]) for m in sent.messages if m["after"] == 0] == [(1, 0), (2, 0)]

    play(act)


def test_bytes_are_linear_in_the_answer() -> None:
    """Twice the answer costs at most 2.1 times, at a pace and in a burst."""

    async def cost(words: int, hertz: float) -> int:
        stage = Stage()
        session = stage.session()
        _, sent = stage.view(session)
        await session.begin(session.submit("hi"), 1)
        await stream(stage, words / hertz, hertz)
        await session.end()
        await stage.clock.advance(1)
        return sum(len(json.dumps(message)) for message in sent.messages + sent.states)

    for hertz in (100.0, 2000.0):
        small, large = asyncio.run(cost(1000, hertz)), asyncio.run(cost(2000, hertz))
        assert large <= 2.1 * small


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
        assert (snapshot["generation"], snapshot["seq"], snapshot["ended"]) == (1, 2, False)
        assert snapshot["messages"][-1]["parts"] == [{"text": "told ", "type": "text"}]

    play(act)


def test_a_turn_that_has_begun_but_is_not_in_the_log_is_not_in_a_snapshot() -> None:
    """Its turn-start follows, and would be shown twice."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=[Message("old", "user", (TextPart("old"),))])
        view, _ = stage.view(session)
        turn = session.submit("hi")
        session.turn, turn.status = turn, "running"
        turn.question, turn.answer = Message("q", "user"), Message("a", "assistant", status="streaming")
        session.messages += [turn.question, turn.answer]
        assert [m["id"] for m in stage.hub.look(view)["snapshot"]["messages"]] == ["old"]

    play(act)


def test_a_snapshot_is_bounded_and_its_newest_message_whole() -> None:
    """64 kB of the newest messages; a longer answer alone; the rest is paged."""

    async def act(stage: Stage) -> None:
        many = [Message(f"m{n}", "user", (TextPart("x" * 10_000),)) for n in range(20)]
        view, _ = stage.view(stage.session(messages=many))
        snapshot = stage.hub.look(view)["snapshot"]
        assert [m["id"] for m in snapshot["messages"]] == [f"m{n}" for n in range(14, 20)]
        assert snapshot["more"]
        assert len(json.dumps(snapshot)) <= 65_000
        huge, _ = stage.view(stage.session("huge", [*many, Message("last", "user", (TextPart("y" * 200_000),))]))
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
        stage.hub.hello(view, 1, 2, "late")
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
        for generation in (-1, 2, 7):
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
        stage.hub.hello(view, 1, 2, "page")
        await stage.settle()
        assert [(m["generation"], m["after"], m["seq"]) for m in sent.messages] == [(2, 0, 2)]

    play(act)


def test_a_thread_that_knows_no_turn_gets_a_snapshot_when_generations_are_missing() -> None:
    """After a restart the next generation is not 1: pages would wait for what never comes."""

    async def act(stage: Stage) -> None:
        session = stage.session(messages=[Message("old", "user", (TextPart("old"),))])
        _, sent = stage.view(session)
        await session.begin(session.submit("hi"), 5)
        await stage.settle()
        assert [m["op"] for m in sent.messages] == ["snapshot"]
        await session.say("x")
        await stage.clock.advance(1)
        assert [m["op"] for m in sent.messages] == ["snapshot", "append"]

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
        stage.hub.hello(view, 1, 2, "page")
        await stage.clock.advance(1)
        assert sent.states[0]["status"] == "idle"
        sent.states.clear()
        await stage.clock.advance(100)
        stage.hub.hello(view, 1, 2, "page")
        await stage.clock.advance(1)
        assert sent.states == []

    play(act)


def test_only_the_last_usage_of_a_batch_is_sent_and_never_its_raw_form() -> None:
    """Some servers report usage on every chunk."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        _, sent = stage.view(session)
        await session.begin(session.submit("hi"), 1)
        await stage.clock.advance(1)
        await session.say(*(e for n in range(5) for e in (TextDelta("x"), UsageReport(Usage(1, output_tokens=n), raw="RAW"))))
        await stage.settle()
        assert [event["type"] for event in sent.messages[-1]["events"]] == ["text-delta", "usage"]
        assert sent.messages[-1]["events"][-1]["usage"]["output_tokens"] == 4
        assert "RAW" not in json.dumps(sent.messages)

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


def test_the_switch_interval_is_short_while_a_turn_runs_and_restored_after() -> None:
    """A pure-Python cell delays tokens by a tenth of a second otherwise."""
    before = sys.getswitchinterval()

    async def act(stage: Stage) -> None:
        session = stage.session()
        turn = session.submit("hi")
        assert sys.getswitchinterval() < 0.0011
        await session.begin(turn, 1)
        await session.end(ReasoningDelta("hm"), ModelNamed("x"))
        assert sys.getswitchinterval() == before

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
