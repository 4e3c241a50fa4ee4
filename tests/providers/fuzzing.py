"""Fuzz targets: bytes in, a broken promise out (AssertionError), or a crash. Used by hypothesis and by atheris (`guided`)."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nbchat.core.coalesce import merge
from nbchat.core.errors import ProviderError
from nbchat.core.events import Event, Finish, TextDelta
from nbchat.providers.chat_completions import ChatCompletionsDecoder
from nbchat.providers.chunk import decode_chunk
from nbchat.providers.errors import error_of_body
from nbchat.providers.http.http1 import ChunkedDecoder, WireError, parse_head
from nbchat.providers.sse import SseDecoder

__all__ = ["TARGETS", "Outcome", "outcome"]


@dataclass(frozen=True)
class Outcome:
    """What came of a stream: its events as JSON, neighbouring deltas joined, and how it ended."""

    events: list[dict[str, Any]]
    finished: bool
    failure: tuple[str, str] | None


def outcome(pieces: Iterable[bytes]) -> Outcome:
    """Read a stream that comes in these pieces, as an attempt does, and check what must hold of any."""
    sse, decoder = SseDecoder(), ChatCompletionsDecoder()
    events: list[Event] = []
    for piece in pieces:
        events += decoder.decode(sse.feed(piece))
    left = sse.leftover()
    if left is not None and (left.data.strip() == b"[DONE]" or decode_chunk(left.data) is not None):
        events += decoder.decode([left])
    events += decoder.end()
    return _outcome(events, decoder)


def _outcome(events: Sequence[Event], decoder: ChatCompletionsDecoder) -> Outcome:
    failure = decoder.failure
    for event in events:
        json.dumps(event.to_json(), ensure_ascii=False).encode()  # nothing that UTF-8 cannot say
        assert not isinstance(event, TextDelta) or event.text
    assert decoder.finished == any(isinstance(event, Finish) for event in events)
    if failure is not None:
        assert len(failure.text) <= 500
        assert failure.text.isprintable()
        assert failure.hint
    return Outcome(
        [event.to_json() for event in merge(list(events))],
        decoder.finished,
        None if failure is None else (failure.kind, failure.text),
    )


def _cut(data: bytes, seed: int) -> list[bytes]:
    """The data in pieces; most of them short, some long."""
    dice = random.Random(seed)
    marks = sorted(dice.randrange(len(data) + 1) for _ in range(dice.choice((1, 3, 9, 40))))
    return [data[start:end] for start, end in itertools.pairwise([0, *marks, len(data)])]


def stream(data: bytes) -> None:
    """A stream is read alike however it is cut (the first byte says how), and byte by byte."""
    seed, data = data[0] if data else 0, data[1:]
    whole = outcome([data])
    assert outcome(_cut(data, seed)) == whole
    if len(data) < 2000:
        assert outcome(data[i : i + 1] for i in range(len(data))) == whole


def bounded(data: bytes) -> None:
    """Under a small bound a stream is read, or refused with a typed error."""
    sse, decoder = SseDecoder(limit=100), ChatCompletionsDecoder(limit=50)
    with suppress(ProviderError):
        for piece in _cut(data, len(data)):
            decoder.decode(sse.feed(piece))
    decoder.end()


def whole(data: bytes) -> None:
    """A body that is no stream is a completion or a named failure, never an empty answer."""
    decoder = ChatCompletionsDecoder()
    events = decoder.decode_whole(data)
    _outcome(events, decoder)
    assert decoder.finished != (decoder.failure is not None)


def refusal(data: bytes) -> None:
    """A refusal with any body is an error that can be shown and says what to do."""
    status = 400 + (data[0] if data else 0) % 200
    error = error_of_body(status, "text/html" if data[:2] == b"<h" else "", data[1:])
    assert len(error.text) <= 500
    assert error.text.isprintable()
    assert error.hint
    assert error.status == status


def http(data: bytes) -> None:
    """The head and the chunks of a response are read alike however they are cut, or refused with a typed error."""
    seed, data = data[0] if data else 0, data[1:]
    assert _http(_cut(data, seed)) == _http([data])


def _http(pieces: list[bytes]) -> Any:
    head, rest = b"", []
    try:
        found = None
        for number, piece in enumerate(pieces):
            head += piece
            if piece and (found := parse_head(head)) is not None:
                rest = [found[1], *pieces[number + 1 :]]
                break
        if found is None or not found[0].chunked:
            return found and (found[0], b"".join(rest))
        decoder, body = ChunkedDecoder(), b""
        for piece in rest:
            if decoder.done:
                decoder.rest += piece
            else:
                body += decoder.feed(piece)
    except WireError:
        return "refused"
    return found[0], body, decoder.done, decoder.rest


TARGETS: dict[str, Callable[[bytes], None]] = {
    "stream": stream, "bounded": bounded, "whole": whole, "refusal": refusal, "http": http,
}  # fmt: skip
