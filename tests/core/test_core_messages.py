"""Messages as values and as JSON."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.lib.pretty import pretty

from nbchat.core.cost import Cost
from nbchat.core.errors import ErrorInfo, ErrorKind
from nbchat.core.messages import (
    FilePart,
    ImagePart,
    Message,
    MessageStatus,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    part_from_json,
)
from nbchat.core.usage import Certainty, Usage

texts = st.text(max_size=40) | st.sampled_from(["", "\ud83d", "\u2028", "\x00", "Grüße 👩‍🔬"])
counts = st.none() | st.integers(0, 10**12)
certainties = st.sampled_from(get_args(Certainty))
amounts = st.none() | st.decimals(min_value=0, max_value=10**6, allow_nan=False, allow_infinity=False)
parts = st.one_of(
    st.builds(TextPart, texts),
    st.builds(ReasoningPart, texts, st.none() | st.floats(0, 1e6)),
    st.builds(ToolCallPart, texts, texts, texts),
    st.builds(ToolResultPart, texts, texts, st.booleans()),
    st.builds(ImagePart, texts, texts, st.none() | st.integers(0, 9_999)),
    st.builds(FilePart, texts, texts),
)
messages = st.builds(
    Message,
    id=texts,
    role=st.sampled_from(get_args(Role)),
    parts=st.lists(parts, max_size=4).map(tuple),
    parent=st.none() | texts,
    status=st.sampled_from(get_args(MessageStatus)),
    finish_reason=st.none() | texts,
    model=st.none() | texts,
    created=st.floats(0, 4e9),
    usage=st.none() | st.builds(Usage, input_tokens=counts, output_tokens=counts, certainty=certainties),
    cost=st.none() | st.builds(Cost, amounts, certainties, texts, st.sampled_from(["USD", "EUR"])),
    error=st.none() | st.builds(ErrorInfo, st.sampled_from(get_args(ErrorKind)), texts, texts),
)


@given(messages)
def test_a_message_survives_json(message: Message) -> None:
    """What goes into a database or a snapshot comes back equal, decimals and lone surrogates included."""
    assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message


@given(messages)
def test_text_and_reasoning_are_the_parts_joined(message: Message) -> None:
    """`text` has no reasoning and no tools in it, `reasoning` nothing else."""
    assert message.text == "".join(part.text for part in message.parts if part.type == "text")
    assert message.reasoning == "".join(part.text for part in message.parts if part.type == "reasoning")


def test_fields_that_a_later_version_adds_do_not_break_an_earlier_one() -> None:
    """Unknown fields are passed over; an unknown kind of part is an error, for its content would be lost."""
    data = Message("m", "user", (TextPart("x"),)).to_json()
    data["colour"] = "green"
    data["parts"][0]["language"] = "en"
    assert Message.from_json(data) == Message("m", "user", (TextPart("x"),))
    with pytest.raises(KeyError, match="hologram"):
        part_from_json({"type": "hologram"})


def test_fields_that_an_earlier_version_did_not_write_have_their_defaults() -> None:
    """The smallest message is id, role, parts and status."""
    smallest = {"id": "m", "role": "user", "parts": [], "status": "complete"}
    assert Message.from_json(smallest) == Message("m", "user")


def test_unknown_times_are_left_out_of_a_parts_json() -> None:
    """None is absence on the wire."""
    message = Message("m", "assistant", (ReasoningPart("hm"), ToolResultPart("c", "ok")))
    assert message.to_json()["parts"] == [
        {"text": "hm", "type": "reasoning"},
        {"call_id": "c", "text": "ok", "error": False, "denied": False, "type": "tool-result"},
    ]


def test_a_changed_message_is_a_new_one() -> None:
    """Messages are frozen; `with_parts` leaves everything else as it was."""
    old = Message("m", "assistant", (TextPart("a"),), "p", "streaming", cost=Cost(Decimal(1)))
    given_parts: list[Part] = [TextPart("b")]
    new = old.with_parts(given_parts)
    assert (old.text, new.text, new.parent, new.cost) == ("a", "b", "p", old.cost)
    with pytest.raises(FrozenInstanceError):
        old.role = "tool"  # type: ignore[misc]


def test_a_message_displays_as_markdown() -> None:
    """The last expression of a cell shows the answer, not its repr."""
    assert Message("m", "assistant", (ReasoningPart("hm"), TextPart("**b**")))._repr_markdown_() == "**b**"


def test_a_message_displays_as_its_text_where_there_is_no_markdown() -> None:
    """In a terminal, and beside the Markdown in the saved notebook, which would else hold ids and times that nobody reads."""
    answer = Message("m", "assistant", (ReasoningPart("hm"), TextPart("**b**\n\n- c")))
    assert pretty(answer) == "**b**\n\n- c"  # type: ignore[no-untyped-call]  # untyped
    assert "ReasoningPart" in repr(answer)
