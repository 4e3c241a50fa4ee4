"""What one kernel wrote of an event, another one reads."""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal
from typing import get_args

import pytest

from nbchat.core import events
from nbchat.core.cost import Cost
from nbchat.core.errors import ErrorInfo, UsageError
from nbchat.core.event_reading import event_from_json
from nbchat.core.messages import Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.usage import Usage

ASKED = Message("u1", "user", (TextPart("why?"),), "p0", created=1.5)
PARTS = (ReasoningPart("hm"), TextPart("é\u2028"), ToolCallPart("c1", "add", "{}"), ToolResultPart("c1", "3", True, True))
ANSWER = Message(
    "a1", "assistant", PARTS, "u1", "error", "stop", "lab/tiny", 2.5, Usage(3, 1, 0, 4, 2), Cost(Decimal("0.1")),
    ErrorInfo("network", "cut", "again"), {"temperature": 0.5}, 0.25, 3.5,
)  # fmt: skip
EVENTS: list[events.Event] = [
    events.TextDelta("a"),
    events.ReasoningDelta("b"),
    events.ToolCallDelta(2, "c", "d", "{"),
    events.ToolCallDelta(0),
    events.ToolResult("c", "3", True, True),
    events.UsageReport(Usage(1, output_tokens=2), Cost(Decimal("1e-9")), "{}"),
    events.UsageReport(Usage(1)),
    events.ModelNamed("tiny-2"),
    events.Finish("stop"),
    events.Finish(None),
    events.Retry(2, 0.5, "503"),
    events.LeftOut("temperature"),
    events.RequestSent(),
    events.Waiting(3.0),
    events.Loading("loading", 0.5, 2.0, 1.0),
    events.Loading("loading"),
    events.TurnStart("t1", (ASKED, ANSWER), {"a1": ("a0", "a1")}),
    events.TurnStart("t1", (ASKED,)),
    events.TurnEnd("t1", ANSWER, 7, Cost(Decimal(2))),
    events.TurnError("t1", ANSWER, 7),
    events.TurnError("t1", ANSWER, 7, Cost(Decimal(3))),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_there_and_back(event: events.Event) -> None:
    """An event survives its JSON text."""
    assert event_from_json(json.loads(json.dumps(event.to_json()))) == event


def test_every_event_is_read() -> None:
    """None is forgotten, and no field of any."""
    assert {type(event) for event in EVENTS} == set(get_args(events.Event))
    for kind in {type(event) for event in EVENTS}:
        given = [event for event in EVENTS if type(event) is kind]
        for field in fields(kind):
            values = [getattr(event, field.name) for event in given]
            assert any(value not in (None, "", False, {}) for value in values), (kind, field.name)


def test_an_event_of_a_later_version() -> None:
    """Is refused with what to do, not misread."""
    with pytest.raises(UsageError, match=r"telepathy.*Upgrade"):
        event_from_json({"type": "telepathy"})
