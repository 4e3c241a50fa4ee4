"""The way from a request to events over real sockets: good answers, and what is not one."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.errors import ConfigError, ProviderError
from nbchat.core.events import Finish, ProviderEvent, RequestSent, TextDelta
from nbchat.core.messages import Message, TextPart
from nbchat.core.requests import ModelRequest
from nbchat.providers.endpoint import Endpoint
from tests.providers.raw_server import DONE, HELLO, Connection, Framing, chunk, endpoint, framed, serving

pytestmark = pytest.mark.usefixtures("transport")

REQUEST = ModelRequest("r1", "tiny", (Message("m0", "system", (TextPart("be brief"),)), Message("m1", "user", (TextPart("hi"),))))


async def collect(provider: Endpoint, request: ModelRequest = REQUEST) -> tuple[list[ProviderEvent], ProviderError | None]:
    events: list[ProviderEvent] = []
    try:
        async for batch in provider.stream(request):
            events += batch
    except ProviderError as error:
        return events, error
    finally:
        await provider.aclose()
    return events, None


def ask(response: bytes) -> tuple[list[ProviderEvent], ProviderError | None]:
    async def main() -> tuple[list[ProviderEvent], ProviderError | None]:
        async with serving(response) as server:
            return await collect(endpoint(server.base_url))

    return asyncio.run(main())


def text_of(events: list[ProviderEvent]) -> str:
    accumulator = TurnAccumulator()
    for event in events:
        accumulator.apply(event)
    return accumulator.text


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_answer(framing: Framing) -> None:
    """An answer comes whole under every HTTP framing, after the sign that the request has left."""
    events, error = ask(framed(HELLO, framing))
    assert error is None
    assert events[0] == RequestSent()
    assert [event.type for event in events[1:]] == ["model", "text-delta", "finish", "usage"]
    assert text_of(events) == "Hello"


def test_a_burst_is_few_batches() -> None:
    """What arrived together comes as one batch: a thousand chunks are a handful of wake-ups."""

    async def main() -> list[int]:
        async with serving(framed([chunk("ab") for _ in range(1000)] + [chunk(None, "stop"), DONE], "chunked")) as server:
            provider = endpoint(server.base_url)
            sizes = [len(batch) async for batch in provider.stream(REQUEST)]
            await provider.aclose()
            return sizes

    assert len(asyncio.run(main())) < 50


def test_what_is_sent() -> None:
    """The request asks for a stream with usage, carries the key and the parameters, and asks for no compression."""

    async def main() -> Connection:
        async with serving(framed(HELLO, "length")) as server:
            request = ModelRequest("r1", "tiny", REQUEST.messages, {"temperature": 0.5, "max_tokens": 7, "stop": None})
            await collect(endpoint(server.base_url), request)
            return server.connections[0]

    got = asyncio.run(main())
    assert got.head.startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert got.headers["authorization"] == "Bearer sk-CANARY-7f3a9c2e51"
    assert got.headers["accept-encoding"] == "identity"
    assert got.headers["content-type"] == "application/json"
    assert got.json == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "max_tokens": 7,
    }


def test_keyless_sends_no_authorization() -> None:
    """A server without keys is sent none."""

    async def main() -> Connection:
        async with serving(framed(HELLO, "length")) as server:
            await collect(endpoint(server.base_url, key=None))
            return server.connections[0]

    assert "authorization" not in asyncio.run(main()).headers


def test_connection_is_used_again() -> None:
    """A second question goes over the same connection when the first answer ended properly."""

    async def script(connection: Connection) -> None:
        while True:
            await connection.request()
            await connection.send(framed(HELLO, "length"))

    async def main() -> int:
        async with serving(script) as server:
            provider = endpoint(server.base_url)
            for _ in range(3):
                assert [batch async for batch in provider.stream(REQUEST)]
            await provider.aclose()
            return len(server.connections)

    assert asyncio.run(main()) == 1


PAGE = b"<!DOCTYPE html><html><body>Sign in \x1b[31m\x07</body></html>"


@pytest.mark.parametrize(
    ("response", "kind", "says"),
    [
        (framed([PAGE], "length", kind="text/html; charset=utf-8"), "protocol", "a web page"),
        (framed([PAGE], "length", kind="text/event-stream"), "protocol", "a web page"),
        (framed([b'{"error":{"message":"no","code":"invalid_api_key"}}'], "length"), "auth", "no"),
        (framed([PAGE], "close", kind=""), "protocol", "a web page"),
        (framed([], "length"), "protocol", "an empty body"),
        (framed([], "close"), "protocol", "an empty body"),
        (framed([], "chunked", kind="application/json"), "protocol", "an empty body"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "protocol", "204"),
        (framed([], "length", head="205 Reset"), "protocol", "205"),
        (framed([b"x"], "length", head="210 Odd"), "protocol", "210"),
        (framed([b"x"], "length", head="299 Odd"), "protocol", "299"),
        (framed([b'{"error":{"message":"no","code":"insufficient_quota"}}'], "length", kind="application/json"), "billing", "no"),
        (framed([b'{"status":"ok"}'], "length", kind="application/json"), "protocol", '{"status":"ok"}'),
        (framed([b'{"choices":'], "length", kind="application/json"), "protocol", '{"choices":'),
        (framed([b"hello"], "length", kind="x bogus"), "protocol", "x bogus"),
        (framed([b"hello"], "length", kind="text/x-bogus"), "protocol", "text/x-bogus"),
        (framed([gzip.compress(b"".join(HELLO))], "length", extra="Content-Encoding: gzip\r\n"), "protocol", "compressed"),
        (framed([b": ping\n\n"], "length"), "interrupted", "ended before"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: bogus\r\n\r\n", "network", ""),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "network", ""),
        (b"", "network", "closed the connection"),
    ],
)  # fmt: skip
def test_what_is_not_a_stream_is_named(response: bytes, kind: str, says: str) -> None:
    """Whatever else a server sends, it is an error that shows what came, escaped; never an empty answer."""
    events, error = ask(response)
    assert text_of(events) == ""
    assert error is not None
    assert error.kind == kind
    assert says in error.text
    assert error.hint
    assert len(error.text) <= 500
    assert error.text.isprintable()


KINDS = ["text/event-stream;", "text/event-stream; charset=windows-1252", "TEXT/EVENT-STREAM", "", "text/plain"]


@pytest.mark.parametrize("kind", KINDS)
def test_streams_of_servers_that_do_not_say(kind: str) -> None:
    """A stream is one under any spelling of its type, and when its type is missing or too general."""
    events, error = ask(framed(HELLO, "chunked", kind=kind))
    assert error is None
    assert text_of(events) == "Hello"


def test_whole_completion_is_an_answer() -> None:
    """A server that cannot stream and sends the completion whole is understood."""
    body = {"model": "tiny", "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    events, error = ask(framed([json.dumps(body).encode()], "chunked", kind="application/json"))
    assert error is None
    assert text_of(events) == "Hello"
    assert events[-1] == Finish("stop")


def test_error_in_mid_stream_keeps_the_partial() -> None:
    """An error object after text ends the answer with its own kind; the text before it has been given."""
    events, error = ask(framed([chunk("Hel"), b'data: {"error":{"message":"boom","code":500}}\n\n', DONE], "chunked"))
    assert text_of(events) == "Hel"
    assert error is not None
    assert (error.kind, error.status) == ("server", 500)


def test_last_event_without_blank_line() -> None:
    """[DONE] counts as well when the server forgets the blank line after it."""
    for tail in (b"data: [DONE]", b"data: [DONE]\n"):
        events, error = ask(framed([chunk("Hello"), tail], "close"))
        assert error is None
        assert text_of(events) == "Hello"


def test_endless_line_is_an_error() -> None:
    """A line that does not end is a protocol error, not a full memory."""

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(framed([chunk("Hello")], "close") + b"data: ")
        while True:
            await connection.send(b"x" * 65_536)

    async def main() -> tuple[list[ProviderEvent], ProviderError | None]:
        async with serving(script) as server:
            return await collect(endpoint(server.base_url))

    events, error = asyncio.run(main())
    assert text_of(events) == "Hello"
    assert error is not None
    assert error.kind == "protocol"


def test_redirects_are_not_followed() -> None:
    """A redirect is an error that names the target; neither the request nor the key goes there."""

    async def main() -> tuple[ProviderError | None, int]:
        async with serving(framed(HELLO, "length")) as other:
            extra = f"Location: {other.base_url}/x?key=1\r\n"
            async with serving(framed([], "length", head="307 Temporary Redirect", extra=extra)) as server:
                _, error = await collect(endpoint(server.base_url))
                return error, len(other.connections)

    error, visits = asyncio.run(main())
    assert error is not None
    assert error.kind == "protocol"
    assert "127.0.0.1" in error.text
    assert "key=1" not in error.text
    assert visits == 0


def test_key_that_no_header_can_carry() -> None:
    """A key with a stray character is a set-up error that does not show the key."""

    async def main() -> None:
        async with serving(framed(HELLO, "length")) as server:
            await collect(endpoint(server.base_url, key="sk-CANARY…\n x"))

    with pytest.raises(ConfigError) as caught:
        asyncio.run(main())
    assert "CANARY" not in str(caught.value)


def test_closing_the_iterator_closes_the_socket() -> None:
    """When `aclose` of the iterator has returned, the server sees the connection closed."""

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(framed([chunk("Hello")], "close"))
        await connection.gone()

    async def main() -> None:
        async with serving(script) as server:
            provider = endpoint(server.base_url)
            stream = provider.stream(REQUEST)
            async for batch in stream:
                if TextDelta("Hello") in batch:
                    break
            await stream.aclose()
            await asyncio.wait_for(server.drained(), 3)
            await provider.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("when", ["headers", "token"])
def test_cancelling_closes_the_socket(when: str) -> None:
    """A cancelled reader ends as cancelled, and its connection is closed at once, before and in the answer."""

    async def script(connection: Connection) -> None:
        await connection.request()
        if when == "token":
            await connection.send(framed([chunk("Hello")], "close"))
        await connection.gone()

    async def main() -> None:
        async with serving(script) as server:
            provider, reached = endpoint(server.base_url), asyncio.Event()
            wanted = RequestSent() if when == "headers" else TextDelta("Hello")

            async def read() -> None:
                async for batch in provider.stream(REQUEST):
                    if wanted in batch:
                        reached.set()

            task = asyncio.create_task(read())
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(server.drained(), 3)
            await provider.aclose()

    asyncio.run(main())
