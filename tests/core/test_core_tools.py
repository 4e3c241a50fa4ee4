"""Functions as tools: what can be one, and the schema that a model is shown of it."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

import pytest

from nbchat.core.cancelling import CancelToken
from nbchat.core.errors import UsageError
from nbchat.core.tools import Tool, tool_of
from tests.core.tool_samples import coroutine, weather


def test_a_function_becomes_a_tool() -> None:
    """Hints that are text are resolved; the token is not shown; defaults are not required."""
    tool = tool_of(weather)
    assert (tool.name, tool.spec.description) == ("weather", "Say what the weather will be.")
    assert (tool.is_async, tool.token) == (False, "token")
    assert tool.spec.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "where, in English"},
            "unit": {"type": "string", "enum": ["celsius", "kelvin"], "description": "of the temperature"},
            "days": {"type": "integer", "description": "how many days (at most 7)"},
            "extra": {},
        },
        "required": ["city"],
    }
    arguments = tool.arguments('{"city": "Oslo", "unit": "kelvin"}')
    assert tool.call(arguments, CancelToken()) == "Oslo KELVIN 1 False"
    assert tool_of(tool) is tool


class Lab:
    """Not said."""

    def __init__(self) -> None:
        self.gain = 2

    def measure(self, x: int) -> int:
        """Measure it."""
        return self.gain * x

    @classmethod
    def make(cls, x: int) -> str:
        """Make one."""
        return f"{cls.__name__} {x}"

    @staticmethod
    def count(x: int) -> int:
        """Count."""
        return x


class Caller:
    """An object that can be called."""

    def __call__(self, x: int) -> int:
        return x + 1


def bound(a: int, b: int, secret: str = "s", c: int = 3) -> str:
    """Bind some."""
    return f"{a} {b} {secret} {c}"


def positional(a: int, b: int = 2, /, c: int = 3) -> tuple[int, int, int]:
    """Positions."""
    return a, b, c


@pytest.mark.parametrize(
    ("function", "name", "description", "arguments", "expected"),
    [
        (Lab().measure, "measure", "Measure it.", {"x": 4}, 8),
        (Lab.make, "make", "Make one.", {"x": 4}, "Lab 4"),
        (Lab.count, "count", "Count.", {"x": 4}, 4),
        (Caller(), "Caller", "An object that can be called.", {"x": 4}, 5),
        (functools.partial(bound, 1, secret="hush"), "bound", "Bind some.", {"b": 2}, "1 2 hush 3"),
        (functools.partial(functools.partial(bound, 1), b=5), "bound", "Bind some.", {"c": 2}, "1 5 s 2"),
        (functools.lru_cache(Lab.count), "count", "Count.", {"x": 4}, 4),
        (positional, "positional", "Positions.", {"a": 1}, (1, 2, 3)),
        (positional, "positional", "Positions.", {"a": 1, "b": 5, "c": 6}, (1, 5, 6)),
    ],
)
def test_everything_that_can_be_called(
    function: Any, name: str, description: str, arguments: dict[str, Any], expected: Any
) -> None:
    """Methods, objects, partials and what wraps them; the schema has what is open, and calls arrive."""
    tool = tool_of(function)
    assert (tool.name, tool.spec.description) == (name, description)
    assert "self" not in tool.spec.parameters["properties"]
    assert tool.call(tool.arguments(json.dumps(arguments)), CancelToken()) == expected


def test_what_a_partial_binds_cannot_be_overridden() -> None:
    """It is not shown, and a model that guesses its name is refused."""
    tool = tool_of(functools.partial(bound, 1, secret="hush"))
    assert list(tool.spec.parameters["properties"]) == ["b", "c"]
    with pytest.raises(ValueError, match="'secret' is not known"):
        tool.arguments('{"b": 1, "secret": "mine"}')


@pytest.mark.parametrize("function", [coroutine, functools.partial(coroutine, x=1)])
def test_async_functions_are_known_as_such(function: Any) -> None:
    """They run on the loop."""
    assert tool_of(function).is_async


def stars(*args: int) -> None: ...
def starred(**more: int) -> None: ...
def generates() -> Any:
    yield 1


def größe(x: int) -> None: ...  # noqa: PLC2401 - the attack
def greek(α: int) -> None: ...  # noqa: PLC2401 - the attack
def two_tokens(a: CancelToken, b: CancelToken | None = None) -> None: ...
def unresolved(x: Missing) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def unsupported(x: bytes) -> None: ...
def broken(x: 1 / 0) -> None: ...  # type: ignore[valid-type]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (stars, r"tool stars takes \*args"),
        (starred, r"tool starred takes \*\*more"),
        (generates, "is a generator"),
        (lambda x: x, "A lambda has no name"),
        (functools.partial(lambda x: x, 1), "A lambda has no name"),
        (größe, "Providers do not take 'größe'"),
        (greek, "as a parameter"),
        (two_tokens, "2 parameters for a cancel token"),
        (unresolved, "name 'Missing' is not defined.*top level"),
        (unsupported, "Parameter x of tool unsupported has the type hint bytes"),
        (broken, "The type hints of tool broken cannot be read"),
        (Lab, "is no function"),
        (Lab.measure, "a method without its object"),
        (3, "3 is no function"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_with_the_reason(function: Any, says: str) -> None:
    """When the tools are given, not when a model calls one."""
    with pytest.raises(UsageError, match=says):
        tool_of(function)


def test_names_and_descriptions_can_be_given() -> None:
    """A lambda, or a function whose name says little."""
    tool = tool_of(lambda: 1, name="one", description="Give one.")
    assert (tool.name, tool.spec.description) == ("one", "Give one.")
    with pytest.raises(UsageError, match="as a tool's name"):
        tool_of(weather, name="x" * 65)


def test_classes_of_the_function_around_are_found_where_it_keeps_them() -> None:
    """Hints that are text name local classes; one that nothing keeps is a clear error."""

    @dataclasses.dataclass
    class Local:
        x: int

    def keeps(value: Local) -> Local:
        return Local(value.x)

    def lost(value: Local) -> None: ...

    assert tool_of(keeps).arguments('{"value": {"x": 1}}')["value"] == Local(1)
    with pytest.raises(UsageError, match="name 'Local' is not defined"):
        tool_of(lost)


def test_a_return_hint_that_cannot_be_resolved_does_not_matter() -> None:
    """The model is told nothing of it."""

    def f(x: int) -> NowhereToBeFound:  # type: ignore[name-defined]  # noqa: F821
        return x

    assert tool_of(f).arguments('{"x": 1}') == {"x": 1}


def test_a_method_without_a_hint_takes_any_json() -> None:
    """No hint, no rule."""

    def f(x, y=None): ...  # type: ignore[no-untyped-def]

    assert tool_of(f).spec.parameters == {"type": "object", "properties": {"x": {}, "y": {}}, "required": ["x"]}


def test_tools_are_values() -> None:
    """Two of one function are equal; a spec can be hashed."""
    assert tool_of(weather) == tool_of(weather)
    assert isinstance(hash(tool_of(weather).spec), int)
    assert isinstance(tool_of(weather), Tool)
