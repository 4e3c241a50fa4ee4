"""The chat-completions dialect: golden streams of every wire variant, in one batch and chunk by chunk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbchat.core.coalesce import merge
from nbchat.core.events import Event, Finish, TextDelta
from nbchat.core.secrets import Secret
from nbchat.providers.chat_completions import ChatCompletionsDecoder
from nbchat.providers.sse import ServerSentEvent, SseDecoder
from tests.support.folding import WholeFold

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "chat_completions"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(VECTORS.glob("*.json"))
    for case in json.loads(path.read_text())
]


def payloads(case: dict[str, Any]) -> list[bytes]:
    return [(c if isinstance(c, str) else json.dumps(c, ensure_ascii=False)).encode() for c in case["chunks"]]


def wire(event: Event) -> dict[str, Any]:
    data = event.to_json()
    data.pop("raw", None)
    return data


def check(case: dict[str, Any], decoder: ChatCompletionsDecoder, events: list[Event]) -> None:
    assert decoder.finished is case["finished"]
    if case["failure"] is None:
        assert decoder.failure is None
    else:
        failure = decoder.failure
        assert failure is not None
        found = {"kind": failure.kind, "code": failure.code, "status": failure.status}
        assert found == {name: case["failure"][name] for name in found}
        assert case["failure"]["contains"] in failure.text
        assert failure.hint
    assert [wire(event) for event in merge(events)] == case["events"]


@pytest.mark.parametrize("case", CASES)
def test_one_batch(case: dict[str, Any]) -> None:
    """All chunks of a stream in one wake-up give its golden events."""
    decoder = ChatCompletionsDecoder()
    events: list[Event] = [*decoder.decode([ServerSentEvent(data) for data in payloads(case)]), *decoder.end()]
    check(case, decoder, events)


@pytest.mark.parametrize("case", CASES)
def test_chunk_by_chunk(case: dict[str, Any]) -> None:
    """Each chunk in its own wake-up gives the same events, neighbouring deltas apart."""
    decoder = ChatCompletionsDecoder()
    events: list[Event] = []
    for data in payloads(case):
        events += decoder.decode([ServerSentEvent(data)])
    events += decoder.end()
    check(case, decoder, events)


def test_vectors_exist() -> None:
    """The golden files are found: an empty folder would pass every other test."""
    assert len(CASES) > 60


def test_neighbouring_deltas_come_as_one() -> None:
    """A burst that arrives in one wake-up is one event, which is what keeps the way down cheap."""
    chunk = ServerSentEvent(b'{"choices":[{"index":0,"delta":{"content":"ab"}}]}')
    assert ChatCompletionsDecoder().decode([chunk] * 500) == [TextDelta("ab" * 500)]


def test_usage_on_every_chunk_is_reported_seldom() -> None:
    """A server that counts on every chunk gives the first count, each 64th and the last: reports cut batches short."""
    decoder = ChatCompletionsDecoder()
    reports = []
    for n in range(1, 201):
        data = json.dumps({"choices": [{"delta": {"content": "a"}}], "usage": {"prompt_tokens": 5, "completion_tokens": n}})
        reports += [e for e in decoder.decode([ServerSentEvent(data.encode())]) if e.type == "usage"]
    reports += [e for e in decoder.end() if e.type == "usage"]
    assert [wire(report)["usage"]["output_tokens"] for report in reports] == [1, 65, 129, 193, 200]


def test_a_count_comes_behind_the_text_that_it_counts() -> None:
    """Servers that count on every chunk count that chunk, too: what is estimated after a stop is what came later."""
    for beside in ({}, {"error": {"message": "overloaded"}}):
        decoder = ChatCompletionsDecoder()
        usage = {"prompt_tokens": 5, "completion_tokens": 1}
        data = json.dumps({"choices": [{"delta": {"content": "a"}}], "usage": usage, **beside})
        assert [event.type for event in decoder.decode([ServerSentEvent(data.encode())])] == ["text-delta", "usage"]


def test_raw_usage_is_kept() -> None:
    """The provider's own words about usage go along, for the ledger."""
    accumulator = WholeFold()
    decoder = ChatCompletionsDecoder()
    data = b'{"choices":[],"usage":{"prompt_tokens":5, "completion_tokens":1,"odd":true}}'
    for event in decoder.decode([ServerSentEvent(data)]) + decoder.end():
        accumulator.apply(event)
    assert accumulator.report is not None
    assert accumulator.report.raw == '{"prompt_tokens":5, "completion_tokens":1,"odd":true}'


def test_error_event_type() -> None:
    """An event of type "error" is one, whatever its data looks like."""
    decoder = ChatCompletionsDecoder()
    decoder.decode([ServerSentEvent(b'{"message":"no more","code":"insufficient_quota"}', "error")])
    assert decoder.failure is not None
    assert decoder.failure.kind == "billing"


def test_endless_answer_is_cut() -> None:
    """An answer beyond the bound ends as interrupted, with what came before kept."""
    decoder = ChatCompletionsDecoder(limit=1000)
    chunk = ServerSentEvent(b'{"choices":[{"index":0,"delta":{"content":"0123456789"}}]}')
    while decoder.failure is None:
        decoder.decode([chunk])
    assert decoder.failure.kind == "interrupted"
    assert decoder.characters == 1010


def test_key_is_redacted_from_errors() -> None:
    """An error in the stream that echoes the key shows "***"."""
    decoder = ChatCompletionsDecoder(secrets=[Secret("sk-CANARY-1234")])
    decoder.decode([ServerSentEvent(b'{"error":{"message":"bad key sk-CANARY-1234","code":"invalid_api_key"}}')])
    assert decoder.failure is not None
    assert "CANARY" not in repr(decoder.failure) + str(decoder.failure)
    assert "***" in decoder.failure.text


def test_whole_completion() -> None:
    """A completion that did not come as a stream gives the same events as one that did."""
    message = {"role": "assistant", "content": "Hello", "reasoning_content": "hm"}
    body = {
        "object": "chat.completion",
        "model": "tiny",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
    }
    decoder = ChatCompletionsDecoder()
    events = decoder.decode_whole(json.dumps(body).encode())
    assert [event.type for event in events] == ["model", "reasoning-delta", "text-delta", "finish", "usage"]
    assert decoder.finished


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error":{"message":"no credit","code":402}}', "billing"),
        (b'{"detail":"Not Found"}', "server"),
        (b'{"status":"ok"}', "protocol"),
        (b"[]", "protocol"),
        (b'{"choices":[]}', "protocol"),
        (b"not json", "protocol"),
    ],
)
def test_json_that_is_no_completion_is_named(body: bytes, kind: str) -> None:
    """A 200 with other JSON never becomes an empty answer."""
    decoder = ChatCompletionsDecoder()
    assert decoder.decode_whole(body) == []
    assert decoder.failure is not None
    assert decoder.failure.kind == kind


NAMES = ["choices", "delta", "message", "content", "usage", "error", "tool_calls", "function", "index", "id", "text"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
JUNK = st.binary(max_size=40)
CHUNKS = st.builds(lambda value: json.dumps({"choices": value}).encode(), VALUES)
OBJECTS = st.builds(lambda value: json.dumps(value).encode(), VALUES)


@given(st.lists(st.one_of(JUNK, CHUNKS, OBJECTS), max_size=5))
@settings(max_examples=300, deadline=None)
def test_nothing_crashes_the_decoder(datas: list[bytes]) -> None:
    """Whatever JSON or junk comes, there are events or a named failure, and every text can be encoded."""
    decoder = ChatCompletionsDecoder()
    events = [*decoder.decode([ServerSentEvent(data) for data in datas]), *decoder.end()]
    for event in events:
        json.dumps(wire(event), ensure_ascii=False).encode()
    if decoder.failure is not None:
        assert len(decoder.failure.text) <= 500
    assert decoder.finished == any(isinstance(event, Finish) for event in events)


def test_deep_nesting_is_no_crash() -> None:
    """JSON nested beyond the recursion limit is a named failure or passed over."""
    for data in (b"[" * 100_000, b'{"a":' * 100_000, b'{"choices":[],"error":' + b"[" * 100_000):
        decoder = ChatCompletionsDecoder()
        decoder.decode([ServerSentEvent(data)])
        assert not decoder.finished


def test_stream_of_bytes_to_events() -> None:
    """Decoder under decoder: bytes in, events out, cut in the middle of a character."""
    data = 'data: {"choices":[{"index":0,"delta":{"content":"grün 😀"}}]}\n\ndata: [DONE]\n\n'.encode()
    for cut in range(len(data)):
        sse, decoder = SseDecoder(), ChatCompletionsDecoder()
        events = decoder.decode(sse.feed(data[:cut])) + decoder.decode(sse.feed(data[cut:])) + decoder.end()
        assert events == [TextDelta("grün 😀"), Finish(None)]
