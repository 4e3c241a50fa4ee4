"""The courier while the shared backend is away, loses what it had, or fails to say that something arrived."""

from __future__ import annotations

import asyncio

import pytest

from nbchat.core.events import TextDelta, ToolCallDelta, TurnStart
from nbchat.core.messages import Message, TextPart, ToolCallPart
from nbchat.sessions.ports import UserMessage
from tests.contracts.streams_base import END, START
from tests.streams.kernel_bench import Bench, a_job, on
from tests.support.clock import settle


def test_nobody_waits_while_the_backend_is_away() -> None:
    """The kernel's own log goes on; trouble is told once, its end once; then all is there, and nothing twice."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        bench.shared.away = True
        for number in range(20):
            await bench.say(f"{number} ")
            await bench.clock.advance(0.5)
        state = await bench.kernel.log.resume_state("t1")
        assert state is not None
        assert state.aggregated_content == (TextPart(bench.text),)
        assert (await bench.there()).aggregated_content == ()
        assert len(bench.shared.trouble) == 1
        assert bench.shared.trouble[0].startswith("a: Other kernels cannot follow")
        bench.shared.away = False
        await bench.clock.advance(2.0)
        assert bench.shared.trouble[1:] == ["a: over"]
        await bench.same()
        await bench.end()
        await settle()
        assert (await bench.there()).final_event == END

    on(work)


@pytest.mark.parametrize("times", [1, 2, 7])
def test_what_arrived_unsaid_is_not_doubled(times: int) -> None:
    """A call that was done and failed nevertheless (the answer was lost) is repeated unchanged, and does nothing."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        for number in range(10):
            bench.shared.unsaid = times if number % 3 == 0 else 0
            await bench.say(f"{number} ")
            await bench.clock.advance(0.2)
        await bench.end()
        await bench.clock.advance(20.0)
        await bench.same()
        assert (await bench.there()).final_event == END

    on(work)


def test_a_backend_that_lost_everything() -> None:
    """After a flush, in the midst of text or of silence, the job and the whole text are there again; followers are told."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await bench.say("one ")
        await bench.clock.advance(0.2)
        bench.shared.flush()
        gaps: list[int] = []
        bench.shared.log._readers_of("t1").add(lambda _: None, lambda _: None, lambda _: None, lambda: gaps.append(1))
        await bench.say("two ")
        await bench.clock.advance(0.2)
        await bench.same()
        assert gaps == [1]
        bench.shared.flush()
        await bench.clock.advance(2.1)
        await bench.same()
        assert await bench.shared.jobs.has_job("t1")
        await bench.say("three")
        await bench.end()
        await bench.clock.advance(0.2)
        await bench.same()
        assert bench.shared.trouble == []

    on(work)


def test_memory_is_bounded_while_it_is_away() -> None:
    """What piles up is dropped above a bound; the whole text is sent instead when that is possible."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        bench.shared.away = True
        for _ in range(100):
            await bench.say("x" * 10_000)
        await bench.clock.advance(1.0)
        bench.shared.away = False
        await bench.say("end")
        await bench.clock.advance(5.0)
        await bench.same()
        figures = await bench.kernel.figures()
        assert figures["dropped"] == 1
        assert figures["lag_seconds"] == 0

    on(work)


def test_a_silent_answer_stays_alive() -> None:
    """A sign of life that failed is given again, though there is no text whose sending would tell that the trouble is over."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        bench.shared.away = True
        await bench.clock.advance(2.0)
        assert len(bench.shared.trouble) == 1
        bench.shared.away = False
        await bench.clock.advance(1.0)
        assert bench.shared.trouble[1:] == ["a: over"]
        bench.shared.calls.clear()
        await bench.clock.advance(6.0)
        assert bench.shared.calls.count("renew") == 3

    on(work)


def test_the_end_arrives_though_the_text_is_gone() -> None:
    """An answer that this kernel has forgotten when the backend is back has ended there all the same, and keeps no place."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        bench.shared.away = True
        await bench.say("x" * 300_000)
        await bench.end()
        await bench.kernel.log.cleanup("t1")
        bench.shared.away = False
        await bench.clock.advance(5.0)
        job = await bench.shared.jobs.get_job("t1")
        assert job is not None
        assert (job.status, job.final_event) == ("complete", END)

    on(work)


def test_a_job_is_made_again_as_it_was_last() -> None:
    """What was said of it since it was made is not lost with the backend's memory."""

    async def work(bench: Bench) -> None:
        asked = UserMessage("u1", text="why?")
        await bench.begin()
        await bench.kernel.jobs.update_job("t1", 1, user_message=asked, response_message_id="a1", sender="lab/tiny")
        await settle()
        bench.shared.flush()
        await bench.say("two ")
        await bench.clock.advance(0.2)
        job = await bench.shared.jobs.get_job("t1")
        assert job is not None
        assert (job.user_message, job.response_message_id, job.sender) == (asked, "a1", "lab/tiny")

    on(work)


def test_the_lag_is_that_of_what_has_not_arrived() -> None:
    """Text that comes while some is under way does not make what arrived late."""

    async def work(bench: Bench) -> None:
        await bench.begin()
        await settle()
        bench.shared.log.subscribe("t1", on_chunk=lambda entry: None)
        await bench.clock.advance(1.0)
        await bench.say("a")
        for _ in range(5):  # each comes when the one before it is under way
            await bench.clock.advance(0.0)
            bench.shared.held = asyncio.Event()
            await bench.say("b")
            await settle()
            await bench.clock.advance(0.1)
            await bench.say("c")
            held, bench.shared.held = bench.shared.held, None
            held.set()
        bench.shared.held = asyncio.Event()
        await settle()
        figures = await bench.kernel.figures()
        assert figures["lag_seconds"] == 0
        bench.shared.held.set()

    on(work)


def test_tool_calls_survive_a_rewrite() -> None:
    """A call whose arguments were coming when the backend lost its log goes on as one call."""

    async def work(bench: Bench) -> None:

        resumed = Message("a1", "assistant", (TextPart("so far"),), "u1", "streaming")
        await bench.kernel.jobs.create_job(a_job())
        await bench.kernel.log.append("t1", 1, [TurnStart("t1", (START.messages[0], resumed))])
        await bench.kernel.log.append("t1", 1, [TextDelta(", and")])
        await bench.kernel.log.append("t1", 1, [ToolCallDelta(3, "c3", "add", '{"a')])
        await bench.clock.advance(0.2)
        bench.shared.flush()
        await bench.kernel.log.append("t1", 1, [ToolCallDelta(3, arguments='": 1}')])
        await bench.clock.advance(0.2)
        parts = (await bench.there()).aggregated_content
        assert parts == (TextPart("so far, and"), ToolCallPart("c3", "add", '{"a": 1}'))

    on(work)


def test_a_silent_backend_holds_nobody_up() -> None:
    """A question that gets no answer is given up within a second; further ones are not even asked until it speaks again."""

    async def work(bench: Bench) -> None:
        others = bench.kernel.others
        assert others is not None
        assert await others.running("c1") is None
        bench.shared.silent = True
        bench.shared.calls.clear()
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await others.running("c1") is None
        assert loop.time() - began > 0.9
        assert await others.look(a_job()) is None
        assert not await others.stop(a_job())
        assert await others.attach(a_job(), on_entry=print, on_gap=lambda: None) is None
        assert len(bench.shared.trouble) == 1
        await settle()
        assert bench.shared.calls == ["get_job_by_conversation"]
        bench.shared.silent = False
        await bench.clock.advance(1.0)
        assert bench.shared.trouble[1:] == ["a: over"]

    on(work)
