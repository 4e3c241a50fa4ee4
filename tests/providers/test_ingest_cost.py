"""The way in stays cheap: a guard for every run of the tests; `python -m tests.bench B1 B2` has the figures.

What is counted are steps of the interpreter (exact, whatever else the machine does) and, for what happens below them, this
thread's own CPU time beside that of a loop which decodes the same bytes by hand; bounds are two to three times of what is.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from nbchat.core.accumulator import TurnAccumulator
from nbchat.providers.chat_completions import ChatCompletionsDecoder
from nbchat.providers.http.http1 import ChunkedDecoder
from nbchat.providers.sse import SseDecoder
from tests.providers import raw_server

pytestmark = pytest.mark.alone

READ = 65_536
EVENT = raw_server.chunk(" 0123", created=1_760_000_000, object="chat.completion.chunk", system_fingerprint=None, usage=None)


def wire(events: int, extension: bytes = b"") -> bytes:
    """The chunked body of an answer."""
    return (b"%x%b\r\n%b\r\n" % (len(EVENT), extension, EVENT)) * events


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def way_in(pieces: Iterable[bytes]) -> int:
    """Everything from the socket's bytes to the applied event; returns the characters of the answer."""
    body, sse, dialect, turn = ChunkedDecoder(), SseDecoder(), ChatCompletionsDecoder(), TurnAccumulator()
    for piece in pieces:
        for event in dialect.decode(sse.feed(body.feed(piece))):
            turn.apply(event)
    return len(turn.text)


def by_hand(pieces: Iterable[bytes]) -> int:
    """The least that can be done with the same bytes."""
    delta = msgspec.defstruct("Delta", [("content", str | None, None)])
    choice = msgspec.defstruct("Choice", [("delta", delta)])
    chunk = msgspec.defstruct("Chunk", [("choices", list[choice])])  # type: ignore[valid-type]  # made a line above
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(chunk).decode
    parts, rest = [], b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n\n")
        parts += [decode(line[line.index(b"{") :]).choices[0].delta.content for line in lines]
    return len("".join(parts))


def steps(work: Callable[[], object]) -> int:
    """How many functions are called, Python's own ones included."""
    count = 0

    def seen(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def median(work: Callable[[], object]) -> float:
    """This thread's CPU seconds for it, of five times."""
    times = []
    for _ in range(5):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return statistics.median(times)


def patiently(ratio: Callable[[], float], *, below: float) -> bool:
    """Whether the ratio is below the bound in one of three tries: neighbours on the machine take caches away, too."""
    return any(ratio() < below for _ in range(3))


WAYS = {
    "burst": (READ, b""),  # calls for each chunk when this was written: 14
    "extensions": (READ, b";a=1"),  # of chunks, which nobody sends: 26
    "one by one": (len(EVENT) + 6, b""),  # 51
}


@pytest.mark.parametrize(("way", "most"), [("burst", 25), ("extensions", 45), ("one by one", 90)])
def test_steps_for_each_chunk(way: str, most: int) -> None:
    """So many calls for a chunk, in an answer of any length."""
    size, extension = WAYS[way]
    short, long = (cut(wire(events, extension), size) for events in (1000, 4000))
    way_in(short)  # imports
    taken = steps(lambda: way_in(long))
    assert taken <= most * 4000
    assert taken <= 4.2 * steps(lambda: way_in(short))


def test_cpu_beside_the_least_that_can_be_done() -> None:
    """A burst costs less than seven times what decoding it by hand does (2.5 when this was written)."""
    pieces = cut(wire(4000), READ)
    assert way_in(pieces) == by_hand(pieces)
    assert patiently(lambda: median(lambda: way_in(pieces)) / median(lambda: by_hand(pieces)), below=7)


@pytest.mark.parametrize("way", WAYS)
def test_cpu_of_a_long_answer(way: str) -> None:
    """Four times the answer costs four times as much, not sixteen times."""
    size, extension = WAYS[way]
    short, long = (cut(wire(events, extension), size) for events in (1000, 4000))
    assert patiently(lambda: median(lambda: way_in(long)) / median(lambda: way_in(short)), below=8)


def test_cpu_of_a_long_event() -> None:
    """The same of one event that comes in pieces."""
    short, long = ([b"data: ", *[b"x" * 100] * count, b"\n\n"] for count in (10_000, 40_000))

    def fed(pieces: list[bytes]) -> int:
        decoder = SseDecoder()
        return sum(len(event.data) for piece in pieces for event in decoder.feed(piece))

    assert fed(short) == 1_000_000
    assert patiently(lambda: median(lambda: fed(long)) / median(lambda: fed(short)), below=8)
