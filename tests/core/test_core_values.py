"""Ids, labels, errors and events: the small values of the bottom room."""

from __future__ import annotations

import json
import pickle
import re
import time
from decimal import Decimal
from typing import get_args

import pytest

from nbchat.core.cost import Cost
from nbchat.core.errors import (
    BusyError,
    ChatError,
    ConfigError,
    ErrorInfo,
    KernelLoopError,
    ProviderError,
    StorageError,
    UsageError,
)
from nbchat.core.events import (
    Event,
    Finish,
    LeftOut,
    Loading,
    ModelNamed,
    ReasoningDelta,
    RequestSent,
    Retry,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    TurnEnd,
    TurnError,
    TurnStart,
    UsageReport,
    Waiting,
)
from nbchat.core.ids import new_id
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import KeyPlace, Model, Provider, split_model
from nbchat.core.usage import Usage


def test_ids_are_different_and_of_one_form() -> None:
    """32 hex digits; ten thousand of them never meet."""
    ids = [new_id() for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in ids)


def test_ids_made_later_sort_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the millisecond, so that an index over them stays append-mostly; the time can be read from them."""
    moments = [1_760_000_000_000, 1_760_000_000_001, 1_790_000_000_000, 4_000_000_000_000]
    made = []
    for moment in moments:
        monkeypatch.setattr(time, "time_ns", lambda moment=moment: moment * 1_000_000)
        made.append(new_id())
    assert made == sorted(made)
    assert [int(each[:12], 16) for each in made] == moments


@pytest.mark.parametrize(
    ("label", "split"),
    [
        ("openai/gpt", ("openai", "gpt")),
        ("openrouter/meta/llama:free", ("openrouter", "meta/llama:free")),
        ("gpt", ("", "gpt")),
        ("/gpt", ("", "gpt")),
        ("openai/", ("openai", "")),
        ("", ("", "")),
    ],
)
def test_a_label_is_split_at_its_first_slash(label: str, split: tuple[str, str]) -> None:
    """Model ids contain slashes; provider ids never do."""
    assert split_model(label) == split


def test_a_models_label_splits_into_its_provider_and_id() -> None:
    """The label is what people write."""
    model = Model("meta/llama", "openrouter")
    assert split_model(model.label) == ("openrouter", "meta/llama")


def test_a_provider_describes_the_place_of_its_key_and_never_the_key() -> None:
    """There is no field that could hold one."""
    provider = Provider("lab", "http://127.0.0.1:8080/v1", key=KeyPlace("env", "LAB_KEY"))
    assert "LAB_KEY" in repr(provider)
    assert not {"api_key", "secret", "token"} & set(Provider.__slots__)


@pytest.mark.parametrize(
    ("cls", "kind"),
    [
        (ChatError, "internal"),
        (ProviderError, "server"),
        (UsageError, "invalid"),
        (ConfigError, "config"),
        (BusyError, "busy"),
        (StorageError, "storage"),
        (KernelLoopError, "invalid"),
    ],
)
def test_every_error_is_a_chat_error_with_a_kind_and_a_hint(cls: type[ChatError], kind: str) -> None:
    """One `except` catches all; the sentence says what happened and what to do; the value survives JSON."""
    error = cls("It broke.", hint="Mend it.")
    assert isinstance(error, ChatError)
    assert (error.kind, str(error), error.message) == (kind, "It broke. Mend it.", None)
    assert ErrorInfo.from_json(json.loads(json.dumps(error.info.to_json()))) == ErrorInfo(error.kind, "It broke.", "Mend it.")
    assert str(cls("It broke.")) == "It broke."


def test_an_error_is_read_in_sentences() -> None:
    """What a server says often ends without a full stop; what to do follows it all the same."""
    assert str(ChatError("429 Too Many Requests: slow down", hint="Wait.")) == "429 Too Many Requests: slow down. Wait."
    assert str(ChatError("It broke.", hint="Mend it.")) == "It broke. Mend it."
    assert str(ChatError("It broke…", hint="Mend it.")) == "It broke… Mend it."
    assert str(ChatError("cut")) == "cut"


def test_an_error_carries_the_partial_answer() -> None:
    """What had come is not lost with the exception."""
    partial = Message("m", "assistant", (TextPart("half an"),), status="interrupted")
    assert ChatError("cut", message=partial).message is partial


def test_a_provider_error_keeps_what_the_provider_said_through_pickling() -> None:
    """Status, code and the wait it asked for; multiprocessing and papermill pickle exceptions."""
    error = ProviderError("slow down", kind="rate_limit", hint="Wait.", status=429, code="rate", retry_after=2.5)
    again = pickle.loads(pickle.dumps(error))
    for each in (error, again):
        assert (each.kind, each.status, each.code, each.retry_after, each.hint) == ("rate_limit", 429, "rate", 2.5, "Wait.")


ANSWER = Message("a", "assistant", (), "q", "complete", "stop", "m", 1.5, Usage(1, output_tokens=2), Cost(Decimal("0.1")))
EVENTS: list[tuple[Event, dict[str, object]]] = [
    (TextDelta("x"), {"type": "text-delta", "text": "x"}),
    (ReasoningDelta("x"), {"type": "reasoning-delta", "text": "x"}),
    (ToolCallDelta(0, "c", "f", "{}"), {"type": "tool-call-delta", "index": 0, "id": "c", "name": "f", "arguments": "{}"}),
    (UsageReport(Usage(1)), {"type": "usage", "usage": Usage(1).to_json()}),
    (ModelNamed("m"), {"type": "model", "model": "m"}),
    (Finish("stop"), {"type": "finish", "reason": "stop"}),
    (Finish(None), {"type": "finish"}),
    (LeftOut("temperature"), {"type": "left-out", "parameter": "temperature"}),
    (Retry(2, 1.5, "429"), {"type": "retry", "attempt": 2, "delay": 1.5, "reason": "429"}),
    (RequestSent(), {"type": "request-sent"}),
    (Waiting(3.0), {"type": "waiting", "seconds": 3.0}),
    (
        Loading("Loading the model", 0.4, 3.0, 1.0),
        {"type": "loading", "text": "Loading the model", "progress": 0.4, "seconds": 3.0, "again": 1.0},
    ),
    (ToolResult("c", "4", True), {"type": "tool-result", "call_id": "c", "text": "4", "error": True, "denied": False}),
    (TurnStart("t", (ANSWER,)), {"type": "turn-start", "turn": "t", "messages": [ANSWER.to_json()]}),
    (
        TurnStart("t", (ANSWER,), {"a": ("b", "a")}),
        {"type": "turn-start", "turn": "t", "messages": [ANSWER.to_json()], "siblings": {"a": ["b", "a"]}},
    ),
    (TurnEnd("t", ANSWER, 7), {"type": "turn-end", "turn": "t", "message": ANSWER.to_json(), "checksum": 7}),
    (
        TurnError("t", ANSWER, 7, Cost(Decimal(1))),
        {"type": "turn-error", "turn": "t", "message": ANSWER.to_json(), "checksum": 7, "total": Cost(Decimal(1)).to_json()},
    ),
]


@pytest.mark.parametrize(("event", "wire"), EVENTS, ids=lambda value: getattr(value, "type", ""))
def test_events_have_one_json_form(event: Event, wire: dict[str, object]) -> None:
    """The fields of the class and its type, nested values by their own form, None left out; it is plain JSON."""
    assert event.to_json() == json.loads(json.dumps(event.to_json())) == wire


def test_every_event_has_a_json_form_of_its_own() -> None:
    """The list above is complete, and no two types share a name."""
    classes = set(get_args(Event))
    assert {type(event) for event, _ in EVENTS} == classes
    assert len({cls.type for cls in classes}) == len(classes)
