"""Which tools there are, and that none runs before somebody agrees."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from nbchat.core.errors import UsageError
from nbchat.sessions.state import Approval
from tests.sessions.tool_bench import Bench, add, call, later, result, stopped
from tests.support.house import eventually


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
        assert bench.results[0].denied
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
    assert found.denied
    assert 's.allow("add")' in found.text
    assert not bench.asked


def test_only_what_was_not_allowed_passes_for_that() -> None:
    """A call that failed, that could not be made, or that was stopped while it waited is none of it."""

    def fails() -> None:
        raise LookupError

    async def main() -> None:
        bench = Bench(add, fails, allow=False)
        bench.box.allow("fails")
        await bench.run(call("fails", id="a"), call("add", "{}", "b"), call("unknown", id="c"))
        waiting = bench.start(call("add", '{"a": 1}', "d"))
        await eventually(lambda: bool(bench.asked))
        await stopped(waiting)
        assert [(each.error, each.denied) for each in bench.results] == [(True, False)] * 4

    asyncio.run(main())


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
