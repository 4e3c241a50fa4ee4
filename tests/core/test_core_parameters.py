"""What can be sent along with a request, and what cannot is said by name."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.errors import UsageError
from nbchat.core.parameters import check_parameters, merge

deep: list[Any] = []
for _ in range(100_000):
    deep = [deep]
circular: dict[str, Any] = {}
circular["self"] = circular


@pytest.mark.parametrize(
    "good",
    [
        {},
        {"temperature": 0},
        {"temperature": 2.0, "top_p": 1, "max_tokens": 1, "seed": -1},
        {"stop": "\n"},
        {"stop": ["a", " ", "c", "d", "e"]},
        {"reasoning_effort": "minimal"},
        {"presence_penalty": -2, "frequency_penalty": 2},
        {"temperature": None, "stop": None, "own": None},
        {"top_k": 40, "provider": {"order": ["a"], "deep": [None, True, 1.5]}, "logprobs": True},
    ],
)
def test_what_can_be_sent(good: dict[str, Any]) -> None:
    """Known names within their ranges, and whatever else is JSON, come out equal."""
    assert check_parameters(good) == good


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("temperature", value) for value in (-0.1, 2.1, True, "0.5", math.nan, math.inf, [1], 1j)],
        *[("top_p", value) for value in (0, 0.0, 1.01, False, math.nan)],
        *[("max_tokens", value) for value in (0, -1, 1.0, True, "10", 2**40, math.inf)],
        *[("seed", value) for value in (1.5, True, "1", 2**63)],
        *[("stop", value) for value in ("", [], [""], ["a", ""], [1], {"a"}, 3, b"x")],
        *[("reasoning_effort", value) for value in ("", " ", 3, True, ["low"])],
        *[("presence_penalty", value) for value in (-2.1, 3, True)],
        *[("frequency_penalty", value) for value in (-3, 2.5, "1")],
        *[("extra", value) for value in ({1, 2}, object(), math.nan, [math.inf], deep, circular, b"x", {("a",): 1})],
    ],
)
def test_what_cannot(name: str, value: Any) -> None:
    """The error names the parameter, is short, and nothing else of the mapping is taken."""
    with pytest.raises(UsageError, match=name) as caught:
        check_parameters({"temperature": 1, name: value})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["messages", "model", "stream", "tools", "n"])
@pytest.mark.parametrize("value", [None, 1])
def test_what_nbchat_owns(name: str, value: Any) -> None:
    """Refused with what to do instead, whatever the value."""
    with pytest.raises(UsageError, match=name) as caught:
        check_parameters({name: value})
    assert caught.value.hint


@pytest.mark.parametrize("parameters", [[("temperature", 1)], {1: 2}, {"": 1}, None])
def test_what_is_no_mapping_of_names(parameters: Any) -> None:
    """Names are texts."""
    with pytest.raises(UsageError):
        check_parameters(parameters)


def test_numbers_of_numpy() -> None:
    """A scientist's numbers become Python's own, which JSON can carry."""
    checked = check_parameters({"temperature": np.float32(0.5), "max_tokens": np.int64(5), "top_p": np.float64(1)})
    assert checked == {"temperature": 0.5, "max_tokens": 5, "top_p": 1.0}
    assert json.dumps(checked)
    with pytest.raises(UsageError):
        check_parameters({"temperature": np.bool_(True)})


def test_values_are_copies() -> None:
    """A list that the caller changes later changes no request."""
    stop, extra = ["a"], {"order": ["a"]}
    checked = check_parameters({"stop": stop, "extra": extra})
    stop.append("b")
    extra["order"].append("b")
    assert checked == {"stop": ["a"], "extra": {"order": ["a"]}}


def test_halves_of_characters() -> None:
    """What UTF-8 cannot express is replaced."""
    assert check_parameters({"stop": "\ud83d", "x\ud83d": 1}) == {"stop": "\ufffd", "x\ufffd": 1}


def test_merge() -> None:
    """The turn wins, None takes out; only what a request carries by itself keeps its None, which tells it not to."""
    assert merge({"temperature": 1, "seed": 3}, {"temperature": 0, "seed": None, "top_k": None}) == {"temperature": 0}
    assert merge({"stream_options": None}, {}) == {"stream_options": None}
    assert merge({"seed": None}, {"seed": 4}) == {"seed": 4}


values = st.none() | st.integers(1, 2)
mappings = st.dictionaries(st.sampled_from(["temperature", "seed", "top_k", "max_tokens"]), values)


@given(mappings, mappings)
def test_merging_is_checked_as_its_parts(conversation: dict[str, Any], turn: dict[str, Any]) -> None:
    """What was checked apart needs no check together, and merging twice is merging once."""
    both = merge(check_parameters(conversation), check_parameters(turn))
    assert check_parameters(both) == both == merge(both, turn)
