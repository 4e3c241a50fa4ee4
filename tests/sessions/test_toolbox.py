"""Running the calls that a model makes: where they run, and one result for each."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from typing import Any

import pytest

from nbchat.core.tools import RESULT_LIMIT
from tests.sessions.tool_bench import Bench, add, call, later, result, stopped
from tests.support.house import eventually


def test_functions_run_on_threads_and_coroutines_on_the_loop() -> None:
    """A function that blocks holds up nothing; an async one uses the loop's own objects."""
    places = {}

    def plain() -> None:
        places["plain"] = threading.current_thread()

    async def coroutine() -> None:
        places["coroutine"] = threading.current_thread()

    asyncio.run(Bench(plain, coroutine).run(call("plain"), call("coroutine", id="c2")))
    assert places["coroutine"] is threading.current_thread()
    assert places["plain"] is not threading.current_thread()
    assert places["plain"].daemon


def test_results_come_as_they_are_ready() -> None:
    """The second of two calls may be the first to end."""

    async def main() -> None:
        gate = asyncio.Event()

        async def slow() -> str:
            await gate.wait()
            return "slow"

        bench = Bench(slow, later)
        task = bench.start(call("slow", id="s"), call("later", '{"text": "quick"}', id="q"))
        await eventually(lambda: len(bench.results) == 1)
        gate.set()
        await task
        assert [(each.call_id, each.text, each.error) for each in bench.results] == [("q", "quick", False), ("s", "slow", False)]

    asyncio.run(main())


def test_a_name_that_the_model_made_up_is_an_error_that_names_the_real_ones() -> None:
    """It may try again."""
    found = result(Bench(add, later), call("subtract"))
    assert (found.error, found.text) == (True, "not run: there is no tool 'subtract'; the tools are add, later")
    assert "there are no tools" in result(Bench(), call("add")).text


def test_arguments_that_do_not_fit_are_an_error_before_anybody_is_asked() -> None:
    """No person is asked about a call that cannot be made."""
    bench = Bench(add, allow=False)
    assert result(bench, call("add", '{"a": "x"}')).text == "not run: a must be an integer, not the string 'x'"
    assert result(bench, call("add", '{"a": 1')).text.startswith("not run: the arguments are no valid JSON")
    assert not bench.asked


def test_an_exception_is_fed_back_by_type_and_message() -> None:
    """No traceback and no path of this machine; bounded."""

    def fails(how: str) -> None:
        raise LookupError("no such thing" if how == "short" else "x" * 10_000)

    found = result(Bench(fails), call("fails", '{"how": "short"}'))
    assert (found.error, found.text) == (True, "LookupError: no such thing")
    assert len(result(Bench(fails), call("fails", '{"how": "long"}')).text) < 2_100


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_ends_processes_ends_neither_loop_nor_thread(kind: type[BaseException], asynchronous: bool) -> None:
    """A tool that calls sys.exit() is a tool that failed; the next call works."""

    def exits() -> None:
        raise kind("now")

    async def aexits() -> None:
        raise kind("now")

    bench = Bench(aexits if asynchronous else exits, add)
    found = result(bench, call("aexits" if asynchronous else "exits"))
    assert found.error
    assert found.text == f"{kind.__name__}: now"
    assert result(bench, call("add", '{"a": 1}')).text == "3"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_result_whose_repr_raises_is_an_error(asynchronous: bool) -> None:
    """Whatever it raises, and wherever the tool ran."""

    class Bad:
        def __repr__(self) -> str:
            raise SystemExit("gotcha")

    def bad() -> Any:
        return Bad()

    async def abad() -> Any:
        return Bad()

    found = result(Bench(abad if asynchronous else bad), call("abad" if asynchronous else "bad"))
    assert (found.error, found.text) == (True, "SystemExit: gotcha")


@pytest.mark.parametrize("value", ["x" * 10_000_000, ["x" * 1_000] * 10_000])
def test_ten_megabytes_are_cut_and_said_to_be(value: Any) -> None:
    """A model's context has room for no more."""

    def big() -> Any:
        return value

    text = result(Bench(big), call("big")).text
    assert len(text) < RESULT_LIMIT + 100
    assert "[cut here: the first 100,000 of 10," in text


def test_a_tool_may_run_a_loop_of_its_own() -> None:
    """asyncio.run works in it, as in any thread."""

    def own_loop() -> int:
        return asyncio.run(asyncio.sleep(0, 7))

    assert result(Bench(own_loop), call("own_loop")).text == "7"


def test_a_plain_function_that_gives_a_coroutine_has_it_awaited() -> None:
    """Decorators hide that a function is async."""

    def wrap(function: Any) -> Any:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return inner

    assert result(Bench(wrap(later)), call("later", '{"text": "hi"}')).text == "hi"


def test_fifty_calls_at_once() -> None:
    """Every one gets its own result, and all wait for each other: they truly run side by side."""
    barrier = threading.Barrier(50)

    def meet(n: int) -> int:
        barrier.wait(20)
        return n

    bench = Bench(meet)
    asyncio.run(bench.run(*[call("meet", f'{{"n": {n}}}', id=f"c{n}") for n in range(50)]))
    assert bench.texts == {f"c{n}": str(n) for n in range(50)}
    assert len(bench.results) == 50


def test_a_model_that_asks_for_a_thousand_calls_does_not_get_a_thousand_threads(blocked: threading.Event) -> None:
    """What waits for its place is told as never run when the turn is stopped."""
    running: list[None] = []

    def hang() -> None:
        running.append(None)  # += would lose some
        blocked.wait(20)

    async def test() -> None:
        before = _hanging()
        task = bench.start(*[call("hang", id=f"c{n}") for n in range(1000)])
        await eventually(lambda: len(running) == 64)
        await asyncio.sleep(0)
        assert _hanging() - before == 64
        await stopped(task)
        assert len(bench.results) == 1000
        assert sum(text == "stopped before it was run" for text in bench.texts.values()) == 1000 - 64

    bench = Bench(hang)
    asyncio.run(test())


def test_two_calls_of_one_id_get_a_result_each() -> None:
    """Some providers number badly."""
    bench = Bench(add)
    asyncio.run(bench.run(call("add", '{"a": 1}'), call("add", '{"a": 2}')))
    assert sorted(each.text for each in bench.results) == ["3", "4"]


VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_calls_see_the_context_in_which_the_tools_were_set(asynchronous: bool) -> None:
    """L24: a tool finds the context variables of the cell that gave it, and changes them for no other call."""

    def look() -> str:
        found = VARIABLE.get()
        VARIABLE.set("changed")
        return found

    async def alook() -> str:
        return look()

    token = VARIABLE.set("of the cell")
    bench = Bench(alook if asynchronous else look)
    VARIABLE.reset(token)
    name = "alook" if asynchronous else "look"
    assert [result(bench, call(name)).text for _ in range(2)] == ["of the cell"] * 2


def _hanging() -> int:
    """How many threads of that tool there are."""
    return sum(thread.name == "nbchat-tool-hang" for thread in threading.enumerate())
