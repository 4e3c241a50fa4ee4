"""The arguments that a model writes: strict JSON that fits the tool, or words that say what does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.hints import shape_of
from nbchat.core.tools import json_object, tool_of
from tests.core.tool_samples import JSON, Point, Unit, coroutine, weather


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


@given(st.text() | JSON.map(json.dumps))
def test_arguments_are_read_or_refused(text: str) -> None:
    """Nothing that a model writes raises anything but ValueError, and every error has words."""
    try:
        assert tool_of(weather).arguments(text)["city"]
    except ValueError as error:
        words = str(error)
        assert words
