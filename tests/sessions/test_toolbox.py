"""Running the calls that a model makes: consent, one result for each call, and stopping."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import functools
import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nbchat.core.cancelling import CancelToken
from nbchat.core.errors import UsageError
from nbchat.core.events import ToolResult
from nbchat.core.messages import ToolCallPart
from nbchat.core.tools import RESULT_LIMIT
from nbchat.sessions.state import Approval
from nbchat.sessions.toolbox import ToolBox
from tests.support.house import eventually


class Bench:
    """A tool box with somebody in front of it, and all that it told."""

    def __init__(self, *functions: Callable[..., Any], allow: bool = True, somebody: bool = True) -> None:
        self.asked: list[Approval] = []
        self.results: list[ToolResult] = []
        self.changes = 0
        self.somebody = somebody
        self.box = ToolBox(self.changed, self.asked.append, lambda: self.somebody)
        self.box.set(functions)
        if allow:
            self.box.allow(*[spec.name for spec in self.box.specs])

    def changed(self) -> None:
        self.changes += 1

    async def run(self, *calls: ToolCallPart) -> list[ToolResult]:
        await asyncio.wait_for(self.box.run(calls, self.results.append), 20)
        return self.results

    def start(self, *calls: ToolCallPart) -> asyncio.Task[None]:
        return asyncio.create_task(self.box.run(calls, self.results.append))

    @property
    def texts(self) -> dict[str, str]:
        return {result.call_id: result.text for result in self.results}


def call(name: str, arguments: str = "{}", id: str = "c1") -> ToolCallPart:
    return ToolCallPart(id, name, arguments)


def result(bench: Bench, *calls: ToolCallPart) -> ToolResult:
    """Run the calls; return the last result."""
    return asyncio.run(bench.run(*calls))[-1]


async def stopped(task: asyncio.Task[None]) -> float:
    """Stop a run; returns the seconds that it took."""
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return time.monotonic() - begun


@pytest.fixture
def blocked() -> Iterator[threading.Event]:
    """What a function waits for that does not return; set at the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


async def later(text: str) -> str:
    """Give it back."""
    await asyncio.sleep(0)
    return text


# ---------------------------------------------------------------- results


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


# ---------------------------------------------------------------- which tools there are


def test_names_are_unique_and_a_failed_set_changes_nothing() -> None:
    """Two functions of one name could not be told apart."""
    bench = Bench(add)
    with pytest.raises(UsageError, match="Two tools are called add"):
        bench.box.set([add, add])
    with pytest.raises(UsageError, match="no function"):
        bench.box.set([later, 3])  # type: ignore[list-item]
    assert [spec.name for spec in bench.box.specs] == ["add"]


def test_what_is_no_list_of_functions_is_refused() -> None:
    """`s.tools = add` is a likely slip."""
    with pytest.raises(UsageError, match="a list"):
        Bench().box.set(add)  # type: ignore[arg-type]


def test_only_tools_that_exist_can_be_allowed() -> None:
    """All of the names, or none."""
    bench = Bench(add, allow=False)
    with pytest.raises(UsageError, match="no tool subtract"):
        bench.box.allow("add", "subtract")
    assert bench.box.allowed == frozenset()
    bench.box.allow("add")
    assert bench.box.allowed == {"add"}


def test_consent_is_given_to_a_function_and_not_to_its_name() -> None:
    """Another function under an allowed name asks anew; the same one, a method too, does not."""

    class Thing:
        def act(self) -> None: ...

    thing = Thing()
    bench = Bench(add, thing.act)
    bench.box.set([add, thing.act])
    assert bench.box.allowed == {"add", "act"}

    def other(a: int) -> int:
        return a

    other.__name__ = "add"
    bench.box.set([other, Thing().act])
    assert bench.box.allowed == frozenset()


# ---------------------------------------------------------------- consent


def test_nothing_runs_before_somebody_agrees() -> None:
    """The arguments shown are the model's own text, and those that are used."""
    ran: list[int] = []

    def act(n: int) -> str:
        ran.append(n)
        return "done"

    async def main() -> None:
        bench = Bench(act, allow=False)
        text = '{"n":\u2009 7 }'.replace("\u2009", " ")
        task = bench.start(call("act", text, id="call_9"))
        await eventually(lambda: bool(bench.box.pending))
        assert bench.asked == list(bench.box.pending) == [Approval("call_9", "act", text)]
        assert not ran
        assert bench.box.decide("call_9", "once")
        await task
        assert (ran, bench.texts, bench.box.pending) == ([7], {"call_9": "done"}, ())
        assert bench.box.allowed == frozenset()
        assert bench.changes > 2

    asyncio.run(main())


@dataclasses.dataclass
class Careful:
    x: int

    def __post_init__(self) -> None:
        if self.x > 1:
            raise SystemExit("built") if self.x > 2 else ValueError("too much")


def test_not_even_a_constructor_runs_before_somebody_agrees() -> None:
    """A dataclass can do anything when it is made; and what it raises then is an error like any other."""

    def act(what: Careful) -> int:
        return what.x

    async def aact(what: Careful) -> int:
        return what.x

    async def main() -> None:
        bench = Bench(act, aact, allow=False)
        task = bench.start(
            *[call(name, f'{{"what": {{"x": {x}}}}}', f"{name}{x}") for name in ("act", "aact") for x in (1, 2, 3)]
        )
        await eventually(lambda: len(bench.box.pending) == 6)
        assert bench.results == []
        bench.box.allow("act", "aact")
        await task
        for name in ("act", "aact"):
            assert bench.texts[f"{name}1"] == "1"
            assert bench.texts[f"{name}2"] == "ValueError: what is no valid Careful: too much"
            assert bench.texts[f"{name}3"] == "SystemExit: built"

    asyncio.run(main())


def test_a_refusal_is_told_to_the_model() -> None:
    """The function is not called."""

    def act() -> None:
        raise AssertionError("it ran")

    async def main() -> None:
        bench = Bench(act, allow=False)
        task = bench.start(call("act"))
        await eventually(lambda: bool(bench.asked))
        assert bench.box.decide("c1", "deny")
        await task
        assert bench.results[0].error
        assert "the person refused" in bench.results[0].text

    asyncio.run(main())


def test_consent_for_the_session_covers_later_calls_and_those_that_wait() -> None:
    """Of that tool alone, and in memory only."""

    async def main() -> None:
        bench = Bench(add, later, allow=False)
        task = bench.start(call("add", '{"a": 1}', "a"), call("add", '{"a": 2}', "b"), call("later", '{"text": "t"}', "c"))
        await eventually(lambda: len(bench.asked) == 3)
        assert bench.box.decide("a", "session")
        await eventually(lambda: len(bench.results) == 2)
        assert [each.call for each in bench.box.pending] == ["c"]
        assert bench.box.allowed == {"add"}
        bench.box.allow("later")
        await task
        await bench.run(call("add", '{"a": 3}', "d"))
        assert bench.texts == {"a": "3", "b": "4", "c": "t", "d": "5"}
        assert len(bench.asked) == 3

    asyncio.run(main())


def test_where_nobody_can_decide_the_model_is_told_so() -> None:
    """A script without a view does not hang, and learns what to do."""
    bench = Bench(add, allow=False, somebody=False)
    found = result(bench, call("add", '{"a": 1}'))
    assert found.error
    assert 's.allow("add")' in found.text
    assert not bench.asked


def test_a_decision_counts_once_and_for_nothing_else() -> None:
    """Unknown ids, a second click, and decisions that do not exist."""

    async def main() -> None:
        bench = Bench(add, allow=False)
        assert not bench.box.decide("c1", "once")
        task = bench.start(call("add", '{"a": 1}'))
        await eventually(lambda: bool(bench.asked))
        with pytest.raises(UsageError, match="no decision"):
            bench.box.decide("c1", "yes")  # type: ignore[arg-type]
        assert bench.box.decide("c1", "once")
        assert not bench.box.decide("c1", "deny")
        await task
        assert not bench.box.decide("c1", "once")
        assert bench.texts == {"c1": "3"}

    asyncio.run(main())


def test_a_late_decision_never_approves_a_later_call_of_the_same_id() -> None:
    """Providers begin again with call_1 in each answer, and clicks can be slow."""

    async def main() -> None:
        bench = Bench(add, allow=False)
        first = bench.start(call("add", '{"a": 1}', "call_1"))
        await eventually(lambda: len(bench.asked) == 1)
        await stopped(first)
        second = bench.start(call("add", '{"a": 99}', "call_1"), call("add", '{"a": 98}', "call_1"))
        await eventually(lambda: len(bench.asked) == 3)
        ids = [approval.call for approval in bench.asked]
        assert len(set(ids)) == 3
        assert ids[0] == "call_1"
        assert all(each.startswith("call_1#") for each in ids[1:])
        assert not bench.box.decide("call_1", "once")
        assert len(bench.box.pending) == 2
        for each in ids[1:]:
            assert bench.box.decide(each, "once")
        await second
        assert sorted(each.text for each in bench.results[1:]) == ["100", "101"]

    asyncio.run(main())


def test_consent_for_a_tool_that_was_replaced_meanwhile_is_for_the_old_one() -> None:
    """What is allowed for the session is what was asked about."""

    def other(a: int) -> str:
        return f"other {a}"

    other.__name__ = "add"

    async def main() -> None:
        bench = Bench(add, allow=False)
        task = bench.start(call("add", '{"a": 1}'))
        await eventually(lambda: bool(bench.asked))
        bench.box.set([other])
        assert bench.box.decide("c1", "session")
        await task
        assert bench.box.allowed == frozenset()
        assert bench.texts == {"c1": "3"}

    asyncio.run(main())


# ---------------------------------------------------------------- stopping


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


def _hanging() -> int:
    """How many threads of that tool there are."""
    return sum(thread.name == "nbchat-tool-hang" for thread in threading.enumerate())
