"""Type hints: the schema that a model is shown of each, and the value that is read from what it wrote."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict, Union

import pytest

from nbchat.core.errors import UsageError
from nbchat.core.hints import shape_of
from tests.core.tool_samples import Point, Unit


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


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
