"""The SSE decoder against the web platform's cases, under every split of the bytes, and its bounds."""

from __future__ import annotations

import base64
import itertools
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbchat.core.errors import ProviderError
from nbchat.providers.sse import ServerSentEvent, SseDecoder

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "sse"
WPT: list[dict[str, Any]] = json.loads((VECTORS / "wpt.json").read_text())
OWN: list[dict[str, Any]] = json.loads((VECTORS / "own.json").read_text())
FRAGMENTS = [b"data", b": ", b":", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"x", b"id", b"event", b"\xff", b"\0", b"\xef\xbb\xbf"]
CASES = [pytest.param(case, id=case["name"]) for case in WPT + OWN]


def decode(*chunks: bytes) -> tuple[list[list[str]], int | None]:
    decoder = SseDecoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return [[event.event, event.text, event.id] for event in events], decoder.retry


def body(case: dict[str, Any]) -> bytes:
    return base64.b64decode(case["base64"])


@pytest.mark.parametrize("case", CASES)
def test_whole(case: dict[str, Any]) -> None:
    """Each case gives its events when it comes in one piece."""
    assert decode(body(case)) == (case["events"], case["retry"])


@pytest.mark.parametrize("case", CASES)
def test_byte_by_byte(case: dict[str, Any]) -> None:
    """Each case gives the same events when every byte comes alone."""
    data = body(case)
    assert decode(*(data[i : i + 1] for i in range(len(data)))) == (case["events"], case["retry"])


@pytest.mark.parametrize("case", CASES)
def test_every_cut(case: dict[str, Any]) -> None:
    """Each case gives the same events when it is cut in two anywhere, with an empty piece between."""
    data = body(case)
    for cut in range(len(data) + 1):
        assert decode(data[:cut], b"", data[cut:]) == (case["events"], case["retry"]), f"cut at {cut}"


def test_vectors_are_the_platforms() -> None:
    """The copied cases are all there: an empty file would pass every other test."""
    assert len(WPT) == 26
    assert len(OWN) >= 6


@given(
    st.lists(st.sampled_from(FRAGMENTS)),
    st.lists(st.integers(0, 200)),
)
@settings(max_examples=200, deadline=None)
def test_splits_change_nothing(pieces: list[bytes], cuts: list[int]) -> None:
    """However the bytes are cut, the events are those of the whole."""
    data = b"".join(pieces)
    marks = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    assert decode(*(data[a:b] for a, b in itertools.pairwise(marks))) == decode(data)


def test_comments_are_counted() -> None:
    """Comments give no event, but show that the connection lives."""
    decoder = SseDecoder()
    assert decoder.feed(b": keep-alive\n\n:\n\n") == []
    assert decoder.comments == 2


def test_leftover_is_the_event_without_its_blank_line() -> None:
    """An end of stream leaves the last event to the caller, who may find it whole."""
    for data in (b"data: a\n\ndata: [DONE]", b"data: a\n\ndata: [DONE]\n", b"data: a\n\ndata: [DONE]\r"):
        decoder = SseDecoder()
        decoder.feed(data)
        left = decoder.leftover()
        assert left is not None
        assert left.data == b"[DONE]"
    assert SseDecoder().leftover() is None


def feed_for_ever(chunk: bytes) -> None:
    decoder = SseDecoder()
    for _ in range(1600):
        decoder.feed(chunk)


@pytest.mark.parametrize("chunk", [b"x" * 65_536, b"data: " + b"x" * 65_530, b"data: x\n" * 8_192, b"data\n" * 13_107])
def test_endless_event_costs_little(chunk: bytes) -> None:
    """A line or an event without an end is a typed error at 8 MiB, and costs at most 32 MiB on the way."""
    tracemalloc.start()
    try:
        with pytest.raises(ProviderError) as caught:
            feed_for_ever(chunk)
        assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert caught.value.kind == "protocol"


def test_bound_holds_in_one_piece() -> None:
    """A line over the limit is refused also when it comes whole, in the fast path and beside it."""
    for data in (b"data: " + b"x" * 100 + b"\n\n", b"data:" + b"x" * 100 + b"\n\n", b"data: a\ndata: " + b"x" * 100 + b"\n\n"):
        with pytest.raises(ProviderError):
            SseDecoder(limit=64).feed(data)


def test_repr_is_short() -> None:
    """An event's repr shows the beginning of its data only."""
    assert len(repr(ServerSentEvent(b"x" * 10_000))) < 200
