"""How many tokens a request will be: what was reported where it is the same, a guess of what is new."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nbchat.core.calibration import Calibration
from nbchat.core.messages import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.tools import ToolSpec
from nbchat.core.usage import Usage
from nbchat.sessions.size import Size, Told, characters_of, size_of, told_by
from tests.support.records import spent


def say(id: str, text: str) -> Message:
    return Message(id, "user" if id[0] == "q" else "assistant", (TextPart(text),))


QUESTION, ANSWER, NEXT = say("q1", "x" * 400), say("a1", "y" * 40), say("q2", "z" * 80)
TOLD = {"a1": Told(90, 12, 400, "lab/tiny")}


def size(*sent: Message, told: dict[str, Told] | None = None, model: str = "lab/tiny", tools: Any = ()) -> Size:
    return size_of(sent, tools, (TOLD if told is None else told).get, model, Calibration())


def test_what_was_reported_is_believed_as_long_as_the_same_is_sent() -> None:
    """No "~" there: in and out of the last request are the history of the next one."""
    assert size(QUESTION, ANSWER) == Size(102, False)
    assert size(QUESTION, ANSWER, NEXT) == Size(102 + 20, True)
    assert size(QUESTION, ANSWER, model="lab/other") == Size(102, True)


def test_what_changed_since_is_guessed_by_its_characters() -> None:
    """A hidden message, another system prompt, a new tool: the rest is as it was reported."""
    system = Message("system", "system", (TextPart("s" * 200),))
    assert size(system, QUESTION, ANSWER) == Size(102 + 50, True)
    assert size(ANSWER) == Size(12 + max(90 - 100, 0), True)
    tool = ToolSpec("look", "Look.", {"type": "object"})
    assert size(QUESTION, ANSWER, tools=[tool]) == Size(102 + Calibration().input(characters_of((), [tool])), True)


def test_without_a_report_all_of_it_is_a_guess() -> None:
    """Text, calls, results and images; never reasoning, which is not sent."""
    parts = (ToolCallPart("c", "look", "{}"), ToolResultPart("c", "seen"), ReasoningPart("hm"), ImagePart("data:,"))
    assert characters_of([QUESTION, replace(ANSWER, parts=parts)]) == 400 + 6 + 4 + 4 * 765
    assert size(QUESTION, told={}) == Size(100, True)
    assert size(told={}) == Size(0, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "title"},
        {"usage": Usage(10, output_tokens=5, certainty="estimated")},
        {"usage": Usage(0, output_tokens=5)},
        {"usage": Usage(10)},
        {"input_characters": None},
    ],
)
def test_what_was_not_reported_tells_nothing(changes: dict[str, Any]) -> None:
    """Estimates are not taken for reports, and titles are no history."""
    assert told_by(replace(spent("1", input_characters=40), **changes)) is None


def test_reasoning_is_not_sent_again() -> None:
    """What an answer adds to the next request is its text."""
    row = spent("1", usage=Usage(10, None, None, 50, 30), input_characters=40)
    assert told_by(row) == Told(10, 20, 40, "lab/tiny")


def test_what_is_new_is_guessed_as_this_models_characters_were_worth() -> None:
    """Chinese is more tokens than English of the same length: the model's own reports teach that."""
    dense = Calibration(input_characters=9_900, input_tokens=9_975, rows=1)
    assert size_of((NEXT,), (), lambda _: None, "lab/tiny", dense) == Size(80, True)
    assert size_of((QUESTION, ANSWER, NEXT), (), TOLD.get, "lab/tiny", dense) == Size(102 + 80, True)
