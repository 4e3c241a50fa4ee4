"""Functions as tools: the schema that a model is shown, the arguments that it writes, the text that a result becomes."""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.cancelling import CancelToken
from nbchat.core.errors import UsageError
from nbchat.core.hints import shape_of
from nbchat.core.tools import RESULT_LIMIT, Tool, failure_text, json_object, result_text, tool_of


class Unit(enum.Enum):
    CELSIUS = "celsius"
    KELVIN = "kelvin"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.5
    tags: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        if self.x > 100:
            raise ValueError("x is at most 100")


class Box(TypedDict):
    corner: Point
    note: str


class Loose(TypedDict, total=False):
    size: int


@dataclasses.dataclass
class Node:
    inner: Node | None = None


UserId = NewType("UserId", int)
INTEGER, STRING, NUMBER, NULL = ({"type": kind} for kind in ("integer", "string", "number", "null"))
POINT = {
    "type": "object",
    "properties": {"x": INTEGER, "y": NUMBER, "tags": {"type": "array", "items": STRING}},
    "required": ["x"],
}


def read(hint: Any, value: Any) -> Any:
    return shape_of(hint, "Parameter p").read(value, "p")


@pytest.mark.parametrize(
    ("hint", "schema", "value", "expected"),
    [
        (str, STRING, "a", "a"),
        (int, INTEGER, 3, 3),
        (int, INTEGER, 3.0, 3),
        (float, NUMBER, 3, 3.0),
        (bool, {"type": "boolean"}, True, True),
        (None, NULL, None, None),
        (Any, {}, {"a": [None]}, {"a": [None]}),
        (object, {}, 1, 1),
        (list, {"type": "array", "items": {}}, [1, "a"], [1, "a"]),
        (Sequence[int], {"type": "array", "items": INTEGER}, [1], [1]),
        (tuple[int, ...], {"type": "array", "items": INTEGER}, [1, 2], (1, 2)),
        (tuple[int, int], {"type": "array", "items": INTEGER, "minItems": 2, "maxItems": 2}, [1, 2], (1, 2)),
        (
            tuple[int, str],
            {
                "type": "array",
                "items": {"anyOf": [INTEGER, STRING]},
                "minItems": 2,
                "maxItems": 2,
                "description": "a list of exactly 2: an integer, a string",
            },
            [1, "a"],
            (1, "a"),
        ),
        (set[str], {"type": "array", "items": STRING, "uniqueItems": True}, ["a", "a"], {"a"}),
        (frozenset[int], {"type": "array", "items": INTEGER, "uniqueItems": True}, [1], frozenset({1})),
        (dict[str, float], {"type": "object", "additionalProperties": NUMBER}, {"a": 1}, {"a": 1.0}),
        (Mapping, {"type": "object", "additionalProperties": {}}, {"a": 1}, {"a": 1}),
        (Optional[int], {"anyOf": [INTEGER, NULL]}, None, None),  # noqa: UP045 - the old spelling is a hint like any other
        (Union[int, str], {"anyOf": [INTEGER, STRING]}, "a", "a"),  # noqa: UP007
        (float | int, {"anyOf": [NUMBER, INTEGER]}, 3, 3),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}, "b", "b"),
        (Literal["a", 1, None], {"enum": ["a", 1, None]}, 1, 1),  # noqa: PYI061 - as people write it
        (Unit, {"type": "string", "enum": ["celsius", "kelvin"]}, "kelvin", Unit.KELVIN),
        (Size, {"type": "string", "enum": ["SMALL", "LARGE"]}, "LARGE", Size.LARGE),
        (UserId, INTEGER, 4, 4),
        (Annotated[int, "in metres", 7], {"type": "integer", "description": "in metres"}, 4, 4),
        (Annotated[int, ["unhashable"]], INTEGER, 4, 4),
        (Point, POINT, {"x": 1, "tags": ["t"]}, Point(1, 0.5, ["t"])),
        (
            Box,
            {"type": "object", "properties": {"corner": POINT, "note": STRING}, "required": ["corner", "note"]},
            {"corner": {"x": 1}, "note": "n"},
            {"corner": Point(1), "note": "n"},
        ),
        (Loose, {"type": "object", "properties": {"size": INTEGER}}, {}, {}),
    ],
)
def test_hints_become_schemas_and_values(hint: Any, schema: dict[str, Any], value: Any, expected: Any) -> None:
    """What a model is shown, and what the function is given of what it wrote; types too are as they should be."""
    made = shape_of(hint, "Parameter p")
    assert made.schema == schema
    json.dumps(made.schema)
    found = made.read(value, "p")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("hint", "value", "says"),
    [
        (str, 3, "p must be a string, not the number 3"),
        (int, "3", "p must be an integer, not the string '3'"),
        (int, True, "p must be an integer, not true"),
        (int, 3.5, "p must be an integer, not the number 3.5"),
        (float, True, "p must be a number, not true"),
        (float, 10**400, "p is too large a number"),
        (bool, 1, "p must be true or false, not the number 1"),
        (None, 0, "p must be null, not the number 0"),
        (list[int], {"a": 1}, "p must be a list, each item an integer, not an object"),
        (list[list[int]], [[1], [1, None]], "p[1][1] must be an integer, not null"),
        (set[Any], [[1]], "the items of p must be strings, numbers, true, false or null"),
        (tuple[int, str], [1], "p must be a list of exactly 2: an integer, a string, not a list of 1"),
        (dict[str, int], {"a b": "x"}, "p['a b'] must be an integer, not the string 'x'"),
        (dict[str, int], [1], "p must be an object, not a list of 1"),
        (Literal["a", True], 1, "p must be one of 'a', true, not the number 1"),
        (Unit, "KELVIN", "p must be one of 'celsius', 'kelvin', not the string 'KELVIN'"),
        (int | None, "x", "p must be an integer, not the string 'x'"),
        (int | list[int], ["x"], "p must be an integer, or a list, each item an integer: "),
        (Point, {"x": 1, "z": 2}, "'z' is not known (known are x, y, tags)"),
        (Point, {"y": "no"}, "p.x is missing; p.y must be a number, not the string 'no'"),
        (Point, {"x": 101}, "p is no valid Point: x is at most 100"),
        (Box, {"corner": {"x": None}}, "p.note is missing; p.corner.x must be an integer, not null"),
        (str, "x", ""),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(hint: Any, value: Any, says: str) -> None:
    """In words that the model can act on."""
    if not says:
        assert read(hint, value) == value
        return
    with pytest.raises(ValueError, match=r"^") as raised:
        read(hint, value)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "hint", [bytes, complex, type, Callable[[], int], dict[int, str], Literal[b"x"], list[bytes], Node, "Point", enum.Enum, ...]
)
def test_hints_that_json_cannot_serve_are_refused_by_parameter(hint: Any) -> None:
    """Before anything is sent, and never half-way."""
    with pytest.raises(UsageError, match="Parameter size of tool f has the type hint"):
        shape_of(hint, "Parameter size of tool f")


def test_a_dataclass_with_a_constructor_of_its_own_is_refused() -> None:
    """Its fields do not say how to make it."""

    @dataclasses.dataclass
    class Odd:
        x: int
        y: dataclasses.InitVar[int]

    with pytest.raises(UsageError, match="other arguments than its fields"):
        shape_of(Odd, "Parameter p")


# ---------------------------------------------------------------- functions


def weather(
    city: str, unit: Unit = Unit.CELSIUS, *, days: Annotated[int, "at most 7"] = 1, extra: Any = None, token: CancelToken
) -> str:
    """Say what the weather
    will be.

    More about it.

    Args:
        city: where,
            in English
        unit (Unit): of the temperature
        days: how many days

    Returns:
        Words.
    """
    return f"{city} {unit.name} {days} {token.cancelled}"


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


async def coroutine(x: int) -> int:
    """Later."""
    return x


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


# ---------------------------------------------------------------- what a model writes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no valid JSON"),
        ('{"x": 1} trailing', "no valid JSON: Extra data"),
        ("{'x': 1}", "no valid JSON"),
        ("[1]", "must be one JSON object"),
        ('"{\\"x\\": 1}"', "must be one JSON object"),
        ("null", "must be one JSON object"),
        ('{"x": NaN}', "NaN is no JSON number"),
        ('{"x": -Infinity}', "-Infinity is no JSON number"),
        ('{"x": 1e999}', "too large a number"),
        ('{"x": 1' + "0" * 2000 + "}", "digits is too large"),
        ('{"x": 1, "x": 2}', "'x' is given twice"),
        ('{"a": {"b": 1, "c": 2, "b": 3}}', "'b' is given twice"),
        ('{"x": "\\ud83d"}', "lone surrogate"),
        ('{"\\udc00": 1}', "lone surrogate"),
        ('{"x":' * 50_000, "nested too deeply"),
        ('{"x":' + "[" * 50_000 + "]" * 50_000 + "}", "nested too deeply"),
        ('{"x": "\n"}', "no valid JSON"),
    ],
)
def test_only_strict_json_objects_are_taken(text: str, says: str) -> None:
    """What is not clear is not guessed at: the model is told, and can write it anew."""
    with pytest.raises(ValueError, match=says):
        json_object(text)


def test_a_check_builds_nothing() -> None:
    """It finds what the hints forbid, and leaves constructors and sets for the call."""

    def f(point: Point, several: set[Point], choice: Unit | None = None) -> None: ...

    tool = tool_of(f)
    text = '{"point": {"x": 101}, "several": [{"x": 1}, {"x": 1}]}'
    tool.check(text)
    with pytest.raises(ValueError, match="x is at most 100"):
        tool.arguments(text)
    with pytest.raises(ValueError, match=r"^point is missing; several\[0\].x is missing"):
        tool.check('{"several": [{}]}')
    assert shape_of(set[Point], "p").schema == shape_of(set[Point], "p", build=False).schema


def test_no_text_is_no_arguments() -> None:
    """Some models write nothing at all for a call without arguments."""
    assert tool_of(coroutine, name="c").arguments('{"x": 1}') == {"x": 1}
    assert tool_of(lambda: 1, name="one").arguments(" ") == {}
    with pytest.raises(ValueError, match="x is missing"):
        tool_of(coroutine).arguments("")


def test_everything_wrong_is_said_at_once() -> None:
    """One round is enough to put it right."""
    with pytest.raises(ValueError, match=r"^city is missing; 'town' is not known .*; unit must be one of"):
        tool_of(weather).arguments('{"town": "Oslo", "unit": "F"}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.text() | JSON.map(json.dumps))
def test_arguments_are_read_or_refused(text: str) -> None:
    """Nothing that a model writes raises anything but ValueError, and every error has words."""
    try:
        assert tool_of(weather).arguments(text)["city"]
    except ValueError as error:
        words = str(error)
        assert words


@given(JSON.filter(lambda value: not isinstance(value, str)))
def test_results_that_are_json_go_as_json(value: Any) -> None:
    """And come back equal."""
    assert json.loads(result_text(value)) == value


# ---------------------------------------------------------------- results


class Shy:
    def __repr__(self) -> str:
        raise KeyError("shy")


class Text(str):
    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        raise AssertionError

    def __str__(self) -> str:
        raise AssertionError


def loop() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("as it is", "as it is"),
        ("", ""),
        ("a\ud83d", "a\ufffd"),
        ("\ud83d\ude00", "😀"),
        (None, "null"),
        ({"ü": [1, True]}, '{"ü": [1, true]}'),
        ((1, 2), "[1, 2]"),
        ({2, 1}, "[1, 2]"),
        (Point(1), '{"x": 1, "y": 0.5, "tags": []}'),
        (math.nan, "nan"),
        ([math.inf], "[inf]"),
        (b"x", "b'x'"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        (loop(), "[[...]]"),
        (Unit.KELVIN, "<Unit.KELVIN: 'kelvin'>"),
        ({1, "a"} - {"a"}, "[1]"),
        (Text("x" * (RESULT_LIMIT + 1)), "x" * RESULT_LIMIT + "\n[cut here: the first 100,000 of 100,001 characters]"),
        ("x" * RESULT_LIMIT, "x" * RESULT_LIMIT),
    ],
)
def test_results_become_text(value: Any, expected: str) -> None:
    """A string as it is, JSON where it can say it, else the repr; cut with a word about it."""
    text = result_text(value)
    assert text == expected
    assert type(text) is str
    text.encode()


def test_a_repr_that_raises_raises() -> None:
    """It is the tool box that makes an error of it."""
    with pytest.raises(KeyError):
        result_text([Shy()])


def test_exceptions_become_their_type_and_message() -> None:
    """Those whose message cannot be had, their type."""

    class Mute(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise SystemExit

    assert failure_text(KeyError("x")) == "KeyError: 'x'"
    assert failure_text(ValueError()) == "ValueError"
    assert failure_text(Mute()) == "Mute"
    assert failure_text(ValueError("\udc00")) == "ValueError: \ufffd"
    assert len(failure_text(ValueError("x" * 10_000))) < 2_100


def test_tools_are_values() -> None:
    """Two of one function are equal; a spec can be hashed."""
    assert tool_of(weather) == tool_of(weather)
    assert isinstance(hash(tool_of(weather).spec), int)
    assert isinstance(tool_of(weather), Tool)
