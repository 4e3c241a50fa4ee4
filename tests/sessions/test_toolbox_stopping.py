"""Stopping the calls that a model makes: prompt, with one result for each, whatever a function does."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import Any

import pytest

from nbchat.core.cancelling import CancelToken
from nbchat.core.events import ToolResult
from tests.sessions.tool_bench import Bench, add, call, later, stopped
from tests.support.house import eventually

pytestmark = pytest.mark.alone


def test_a_stop_is_prompt_and_every_call_gets_one_result(blocked: threading.Event) -> None:
    """One waits for consent, one blocks for ever, one heeds its token, one is a coroutine, one had ended."""
    entered = threading.Barrier(3)

    def stuck() -> str:
        entered.wait(20)
        blocked.wait()
        return "too late"

    def heeds(token: CancelToken) -> str:
        entered.wait(20)
        token.wait()
        return "too late"

    async def sleeps() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        bench = Bench(stuck, heeds, sleeps, add, later, allow=False)
        bench.box.allow("stuck", "heeds", "sleeps", "add")
        names = {"stuck": "{}", "heeds": "{}", "sleeps": "{}", "add": '{"a": 1}', "later": '{"text": "t"}'}
        task = bench.start(*[call(name, arguments, name) for name, arguments in names.items()])
        await asyncio.get_running_loop().run_in_executor(None, entered.wait, 20)
        await eventually(lambda: bool(bench.asked) and bool(bench.results))
        assert await stopped(task) < 0.25
        assert bench.texts == {
            "add": "3",
            "stuck": "stopped; the function still runs, and its result will be discarded",
            "heeds": "stopped while it ran; it may have done a part of its work",
            "sleeps": "stopped while it ran; it may have done a part of its work",
            "later": "stopped before it was run",
        }
        assert [each.error for each in bench.results] == [False, True, True, True, True]
        assert (bench.box.pending, bench.box.still_running) == ((), ("stuck",))

    asyncio.run(main())


def test_a_late_result_is_discarded(blocked: threading.Event) -> None:
    """It appears nowhere; only the list of what still runs changes, and says so."""
    entered = threading.Event()

    def stuck() -> str:
        entered.set()
        blocked.wait()
        return "too late"

    async def main() -> None:
        bench = Bench(stuck)
        task = bench.start(call("stuck"))
        await eventually(entered.is_set)
        await stopped(task)
        before = list(bench.results)
        changes = bench.changes
        assert bench.box.still_running == ("stuck",)
        blocked.set()
        await eventually(lambda: not bench.box.still_running)
        assert bench.results == before
        assert bench.changes == changes + 1

    asyncio.run(main())


def test_a_late_coroutine_is_thrown_away(blocked: threading.Event) -> None:
    """A plain function may give one after the stop: it is not awaited, and Python has nothing to complain of."""
    entered = threading.Event()

    def late() -> Any:
        entered.set()
        blocked.wait()
        return later("too late")

    async def main() -> None:
        bench = Bench(late)
        task = bench.start(call("late"))
        await eventually(entered.is_set)
        await stopped(task)
        blocked.set()
        await eventually(lambda: not bench.box.still_running)
        assert len(bench.results) == 1

    asyncio.run(main())
    gc.collect()


def test_a_coroutine_that_ignores_its_cancellation_holds_nothing_up() -> None:
    """It counts as still running until it ends, and its result is discarded."""

    async def main() -> None:
        gate, entered = asyncio.Event(), asyncio.Event()

        async def stubborn() -> str:
            entered.set()
            while not gate.is_set():
                try:
                    await gate.wait()
                except asyncio.CancelledError:
                    continue
            return "too late"

        bench = Bench(stubborn)
        task = bench.start(call("stubborn"))
        await asyncio.wait_for(entered.wait(), 10)
        assert await stopped(task) < 0.25
        assert bench.box.still_running == ("stubborn",)
        gate.set()
        await eventually(lambda: not bench.box.still_running)
        assert len(bench.results) == 1
        assert "still runs" in bench.results[0].text

    asyncio.run(main())


def test_a_second_stop_while_the_first_waits_loses_no_result(blocked: threading.Event) -> None:
    """Impatience is no reason for a call without a result."""

    entered: list[int] = []

    def stuck() -> None:
        entered.append(1)
        blocked.wait()

    async def main() -> None:
        bench = Bench(stuck)
        task = bench.start(call("stuck", id="a"), call("stuck", id="b"))
        await eventually(lambda: len(entered) == 2)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert set(bench.texts) == {"a", "b"}

    asyncio.run(main())


def test_a_tool_that_never_returns_lets_the_loop_close(blocked: threading.Event) -> None:
    """And what it gives afterwards, with nobody there, is no error of anybody's thread."""
    failures: list[Any] = []
    hook, threading.excepthook = threading.excepthook, failures.append

    entered = threading.Event()

    def stuck() -> None:
        entered.set()
        blocked.wait()

    async def main() -> None:
        task = Bench(stuck).start(call("stuck"))
        await eventually(entered.is_set)
        await stopped(task)

    try:
        begun = time.monotonic()
        asyncio.run(main())
        assert time.monotonic() - begun < 2
        blocked.set()
        for thread in threading.enumerate():
            if thread.name == "nbchat-tool-stuck":
                thread.join(10)
    finally:
        threading.excepthook = hook
    assert failures == []


def test_a_listener_that_raises_ends_the_run_and_leaves_nothing_behind() -> None:
    """The fault of whoever takes the results is theirs to see."""

    async def main() -> None:
        bench = Bench(add)

        def done(_: ToolResult) -> None:
            raise RuntimeError("mine")

        with pytest.raises(RuntimeError, match="mine"):
            await bench.box.run([call("add", '{"a": 1}')], done)
        assert bench.box.still_running == ()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
