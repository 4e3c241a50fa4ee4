"""The text that a tool's result, or its failure, becomes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given

from nbchat.core.tools import RESULT_LIMIT, failure_text, result_text
from tests.core.tool_samples import JSON, Point, Unit


@given(JSON.filter(lambda value: not isinstance(value, str)))
def test_results_that_are_json_go_as_json(value: Any) -> None:
    """And come back equal."""
    assert json.loads(result_text(value)) == value


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
