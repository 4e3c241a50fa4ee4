"""The hub's pace: what goes out when, in how many messages and bytes."""

from __future__ import annotations

import asyncio
import gc
import json
import sys

from nbchat.core.events import ModelNamed, ReasoningDelta, TextDelta, UsageReport
from nbchat.core.usage import Usage
from tests.notebook.stage import Stage, play, stream


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


def test_a_hundred_ends_at_once_stay_within_the_budget() -> None:
    """Some go out at once, the others within the second, before anything else; then the small states, when that is paid for."""

    async def act(stage: Stage) -> None:
        session = stage.session()
        views = [stage.view(session)[1] for _ in range(100)]
        await session.begin(session.submit("hi"), 1)
        await stream(stage, 3)
        before = [len(view.times) for view in views]
        await session.end()
        counts: list[int] = []
        for _ in range(3):
            await stage.clock.advance(1)
            counts.append(sum(len(view.times) for view in views) - sum(before) - sum(counts))
        assert counts[0] <= 125
        assert sum(counts[:2]) <= 225
        ends = [[each for each in view.messages if each["events"]][-1]["events"][-1]["type"] for view in views]
        assert ends == ["turn-end"] * 100
        assert {view.states[-1]["status"] for view in views} == {"idle"}

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
        assert [(m["generation"], m["after"]) for m in sent.messages if m["after"] == 0] == [(3, 0), (4, 0)]

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


def test_the_collector_looks_less_often_while_many_turns_run() -> None:
    """Of a thousand, each at its second token, a look at the whole heap takes a quarter of a second."""
    before = gc.get_threshold()

    async def act(stage: Stage) -> None:
        sessions = [stage.session(f"notes {number}") for number in range(50)]
        for session in sessions:
            await session.begin(session.submit("hi"), 1)
        assert gc.get_threshold() == (10_000, *before[1:])
        await sessions[0].end()
        assert gc.get_threshold() == before

    play(act)
