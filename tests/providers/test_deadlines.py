"""Deadlines, on a clock that the tests turn: how long anything is waited for, and that nothing goes on for ever."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable

import pytest

from nbchat.core.events import Finish, ReasoningDelta, RequestSent, TextDelta, Waiting
from nbchat.providers.chat_completions import MAX_CALLS, ChatCompletionsDecoder
from nbchat.providers.sse import ServerSentEvent
from tests.providers.patience import HEAD, LIMITS, STEADY, Reader, run, stalling
from tests.providers.raw_server import DONE, Connection, RawServer, chunk, endpoint, framed, serving
from tests.support.clock import ManualClock, settle

pytestmark = pytest.mark.usefixtures("transport")


def test_no_first_token() -> None:
    """A server that never answers is given up after 300 s, not before."""

    async def main() -> None:
        script, sent = stalling()
        async with serving(script) as server:
            clock = ManualClock()
            reader = Reader(endpoint(server.base_url, clock=clock, timeouts=LIMITS, retry=STEADY))
            await sent.wait()
            await clock.advance(299)
            assert reader.error is None
            await clock.advance(1)
            error = await reader.end()
            assert error is not None
            assert error.kind == "timeout"
            assert "300 s" in error.text
            await asyncio.wait_for(server.drained(), 30)

    asyncio.run(main())


def test_no_next_token() -> None:
    """A stall in mid-answer ends it as interrupted 120 s after the last token, although 300 s were allowed for the first."""

    async def main() -> None:
        script, _ = stalling(HEAD + chunk("Hello"))
        async with serving(script) as server:
            clock = ManualClock()
            reader = Reader(endpoint(server.base_url, clock=clock, timeouts=LIMITS))

            await reader.until(TextDelta)
            await clock.advance(119)
            assert reader.error is None
            await clock.advance(1)
            error = await reader.end()
            assert error is not None
            assert error.kind == "interrupted"

    asyncio.run(main())


def test_comments_are_no_tokens() -> None:
    """Keep-alive comments and empty chunks do not move the deadline, but are shown as waiting."""

    async def main() -> None:
        go = asyncio.Event()
        beats = [b": ping\n\n", chunk(""), b"data: \n\n", b'data: {"type":"ping"}\n\n']

        async def script(connection: Connection) -> None:
            await connection.request()
            await connection.send(HEAD + chunk("Hello"))
            while True:
                for beat in beats:
                    await go.wait()
                    go.clear()
                    await connection.send(beat)

        async with serving(script) as server:
            clock = ManualClock()
            reader = Reader(endpoint(server.base_url, clock=clock, timeouts=LIMITS))

            await reader.until(TextDelta)
            for count in range(1, 12):
                await clock.advance(10)
                go.set()
                waiting = await reader.until(Waiting, count)
                assert waiting == Waiting(10.0 * count)
            await clock.advance(10)
            error = await reader.end()
            assert error is not None
            assert error.kind == "interrupted"

    asyncio.run(main())


def test_nothing_after_the_finish_reason() -> None:
    """A server that keeps the connection open after its finish reason is waited for 10 s, and the answer is complete."""

    async def main() -> None:
        script, _ = stalling(HEAD + chunk("Hello") + chunk(None, "stop"))
        async with serving(script) as server:
            clock = ManualClock()
            reader = Reader(endpoint(server.base_url, clock=clock, timeouts=LIMITS))

            await reader.until(Finish)
            await clock.advance(10)
            assert await reader.end() is None

    asyncio.run(main())


def test_done_ends_at_once() -> None:
    """[DONE] is the end, also when the server keeps the connection open."""

    async def main() -> None:
        script, _ = stalling(HEAD + chunk("Hello") + DONE)
        async with serving(script) as server:
            reader = Reader(endpoint(server.base_url, clock=ManualClock(), timeouts=LIMITS))
            assert await asyncio.wait_for(reader.end(), 30) is None

    asyncio.run(main())


def test_error_body_that_does_not_end() -> None:
    """The words of a refusal are waited for 10 s; its status is told in any case."""

    async def main() -> None:
        script, sent = stalling(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\nwrong key")
        async with serving(script) as server:
            clock = ManualClock()
            reader = Reader(endpoint(server.base_url, clock=clock, timeouts=LIMITS))
            await sent.wait()

            await reader.until(RequestSent)
            while not reader.error:
                await clock.advance(1)
            assert reader.error.kind == "auth"
            assert "wrong key" in reader.error.text
            assert clock.monotonic() >= 10

    asyncio.run(main())


def test_huge_error_body_is_bounded() -> None:
    """A refusal that never stops talking is read up to a bound."""

    async def main() -> None:
        async def script(connection: Connection) -> None:
            await connection.request()
            await connection.send(b"HTTP/1.1 500 Oops\r\n\r\n")
            while True:
                await connection.send(b"blah " * 10_000)

        async with serving(script) as server:
            error = await Reader(endpoint(server.base_url, clock=ManualClock())).end()
            assert error is not None
            assert error.status == 500
            assert len(error.text) <= 500

    asyncio.run(main())


def nothing(number: int, **members: object) -> bytes:
    """One event without a token that differs from every other one."""
    return b"data: " + json.dumps({"id": number, "model": f"m{number}", "choices": [], **members}).encode() + b"\n\n"


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
TOKEN, FINISHED = HEAD + chunk("Hello"), HEAD + chunk("Hello", "stop")
ENDLESS: dict[str, tuple[bytes, Callable[[int], bytes], float, str]] = {
    # what comes first, what comes again and again, seconds until that is over, and as what it ends
    "slow-loris in the headers": (b"HTTP/1.1 200 OK\r\nX-A: ", lambda n: b"a", 300, "timeout"),
    "slow-loris in a line": (HEAD + b"data: ", lambda n: b"x", 300, "timeout"),
    "slow-loris in the next line": (TOKEN + b"data: ", lambda n: b"x", 120, "interrupted"),
    "slow-loris in a chunk's size": (CHUNKED, lambda n: b"0", 300, "timeout"),
    "slow-loris in a completion": (JSON + b'{"choices":', lambda n: b" ", 120, "interrupted"),
    "comments alone": (HEAD, lambda n: b": keep-alive\n\n", 300, "timeout"),
    "comments after a token": (TOKEN, lambda n: b": keep-alive\n\n", 120, "interrupted"),
    "comments after the finish reason": (FINISHED, lambda n: b": keep-alive\n\n", 10, "complete"),
    "empty chunks": (HEAD, lambda n: chunk(""), 300, "timeout"),
    "counts": (TOKEN, lambda n: nothing(n, usage={"prompt_tokens": n + 1}), 120, "interrupted"),
    "models' names": (TOKEN, nothing, 120, "interrupted"),
    "counts after the finish reason": (FINISHED, lambda n: nothing(n, usage={"prompt_tokens": n + 1}), 10, "complete"),
    "text after the finish reason": (FINISHED, lambda n: chunk("x"), 10, "complete"),
    "white space after the reasoning": (HEAD + chunk("<think>a</think>"), lambda n: chunk(" "), 120, "interrupted"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_is_no_token_moves_no_deadline(name: str) -> None:
    """Whatever a server sends to keep a request alive: it ends within its limit and a tenth, and after a finish it is whole."""
    first, again, limit, ending = ENDLESS[name]

    async def main() -> None:
        more = asyncio.Event()

        async def script(connection: Connection) -> None:
            await connection.request()
            await connection.send(first)
            for number in itertools.count():
                await more.wait()
                more.clear()
                await connection.send(again(number))

        async with serving(script) as server:
            clock = ManualClock()
            reader = Reader(endpoint(server.base_url, clock=clock, timeouts=LIMITS))
            await reader.until(RequestSent)
            if b"data: {" in first:
                await reader.until(ReasoningDelta if b"<think>" in first else TextDelta)
            while not reader.ended:
                more.set()
                await clock.advance(limit / 30)
                assert clock.monotonic() <= 1.1 * limit
            assert clock.monotonic() >= limit
            error = await reader.end()
            assert ("complete" if error is None else error.kind) == ending

    asyncio.run(main())


def test_text_without_end_after_the_finish_reason_is_bounded() -> None:
    """It fills no memory in the seconds for which usage is waited for."""
    decoder = ChatCompletionsDecoder(limit=1000)
    decoder.decode([ServerSentEvent(b'{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}')])
    for _ in range(200):
        decoder.decode([ServerSentEvent(b'{"choices":[{"delta":{"content":"0123456789"}}]}')])
    assert decoder.done
    assert decoder.failure is None
    assert decoder.characters < 1100


@pytest.mark.parametrize("index", [True, False])
def test_calls_without_end_are_bounded(index: bool) -> None:
    """A server that begins one call after the other for ever is given up as well, and costs little until then."""
    decoder = ChatCompletionsDecoder()
    for number in range(MAX_CALLS + 1):
        assert decoder.failure is None
        call = {"id": f"c{number}", "function": {"name": "f"}, **({"index": number} if index else {})}
        decoder.decode([ServerSentEvent(json.dumps({"choices": [{"delta": {"tool_calls": [call]}}]}).encode())])
    assert decoder.failure is not None
    assert decoder.failure.kind == "interrupted"


@pytest.mark.parametrize("kind", ["text/event-stream", "text/plain", ""])
def test_a_stream_that_begins_byte_by_byte(kind: str) -> None:
    """What a body is can be told from its beginning, however that is cut."""
    response = framed([chunk("Hello", "stop"), DONE], "close", kind=kind)
    start = response.index(b"data")

    async def script(connection: Connection) -> None:
        await connection.request()
        for position in range(start, start + 8):
            await connection.send(response[:start] if position == start else response[position - 1 : position])
            await settle(3)
        await connection.send(response[start + 7 :])

    async def test(server: RawServer) -> None:
        reader = Reader(endpoint(server.base_url))
        assert await reader.end() is None
        assert TextDelta("Hello") in reader.events

    run(script, test)
