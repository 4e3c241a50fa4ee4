"""HTTP/1.1 on the wire: heads, chunks cut anywhere, and the connections under a client."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import Awaitable, Callable

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.errors import ConfigError, ProviderError
from nbchat.core.messages import Message, TextPart
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers.attempt import Timeouts
from nbchat.providers.http import HttpClient, direct
from nbchat.providers.http.http1 import ChunkedDecoder, WireError, parse_head
from tests.providers.raw_server import HELLO, KEY, Connection, RawServer, Script, chunk, endpoint, framed, serving

REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))


@pytest.mark.parametrize(
    ("head", "status", "chunked", "length", "lasting"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, False, 5, True),
        (b"HTTP/1.1 200\r\ntransfer-encoding: Chunked\r\n\r\n", 200, True, None, True),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200, False, None, False),
        (b"HTTP/1.1 200 OK\nContent-Length:5\n\n", 200, False, 5, True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\n", 200, False, 5, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, False, 5, False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, False, 0, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 200, True, None, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 200, False, 5, True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200, False, None, False),
    ],
)
def test_heads(head: bytes, status: int, chunked: bool, length: int | None, lasting: bool) -> None:
    """What a head says about its body; it is not there before its last byte, and what follows is left alone."""
    for cut in range(len(head)):
        assert parse_head(head[:cut]) is None
    found = parse_head(head + b"rest")
    assert found is not None
    assert (found[0].status, found[0].chunked, found[0].length, found[0].lasting) == (status, chunked, length, lasting)
    assert found[1] == b"rest"


@pytest.mark.parametrize(
    "head",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_bad_heads(head: bytes) -> None:
    """What is no HTTP/1.1 response, or does not end, is an error."""
    with pytest.raises(WireError):
        parse_head(head)


BODY = b"5\r\nhello\r\n1;ext=1\r\n \r\n00A\r\n0123456789\r\n3\r\n\r\n\n\r\n0\r\nTrailer: x\r\n\r\n"
CONTENT = b"hello 0123456789\r\n\n"


@given(st.lists(st.integers(0, len(BODY)), max_size=8))
def test_chunks_cut_anywhere(cuts: list[int]) -> None:
    """However the bytes come, the content is the same; what follows the body is kept apart."""
    data = BODY + b"next"
    marks = [0, *sorted(cuts), len(data)]
    decoder, content = ChunkedDecoder(), b""
    for a, b in itertools.pairwise(marks):
        if decoder.done:
            break
        content += decoder.feed(data[a:b])
    assert decoder.done
    assert content == CONTENT


def test_chunks_byte_by_byte() -> None:
    """The body ends with its last byte, not before."""
    decoder, content = ChunkedDecoder(), b""
    for index in range(len(BODY)):
        assert not decoder.done
        content += decoder.feed(BODY[index : index + 1])
    assert decoder.done
    assert content == CONTENT


BAD_SIZES = [b"x\r\n", b"-1\r\n", b"0x5\r\nhello\r\n", b"+5\r\n", b"5_0\r\n", b"\r\n", b"f" * 17 + b"\r\n", b"0" * 5000]


@pytest.mark.parametrize("body", [*BAD_SIZES, b"5\r\nhelloX\r\n", b"0\r\n" + b"A: b\r\n" * 70])
def test_bad_chunks(body: bytes) -> None:
    """A size that is none, a chunk that is longer than it says, and endless lines are errors."""
    with pytest.raises(WireError):
        ChunkedDecoder().feed(body)


def run(script: Script | bytes, test: Callable[[RawServer], Awaitable[None]]) -> None:
    async def main() -> None:
        async with serving(script) as server:
            await asyncio.wait_for(test(server), 10)

    asyncio.run(main())


async def answer(connection: Connection) -> None:
    while True:
        await connection.request()
        await connection.send(framed(HELLO, "chunked"))


async def ask(base_url: str, *, insecure: bool = False) -> int:
    provider = endpoint(base_url, insecure=insecure)
    count = sum([len(batch) async for batch in provider.stream(REQUEST)])
    await provider.aclose()
    return count


def test_idle_connection_that_the_server_closed() -> None:
    """A connection that ended while it was idle is not used again."""

    async def once(connection: Connection) -> None:
        await connection.request()
        await connection.send(framed(HELLO, "chunked"))

    async def test(server: RawServer) -> None:
        provider = endpoint(server.base_url)
        for count in (1, 2, 3):
            assert [batch async for batch in provider.stream(REQUEST)]
            await server.drained()
            assert len(server.connections) == count
        await provider.aclose()

    run(once, test)


def test_idle_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that nobody uses is closed after a while, also when nothing else happens."""
    monkeypatch.setattr(direct, "_IDLE_SECONDS", 0.01)

    async def test(server: RawServer) -> None:
        provider = endpoint(server.base_url)
        assert [batch async for batch in provider.stream(REQUEST)]
        await server.drained()
        await provider.aclose()

    run(answer, test)


def test_bytes_after_the_body_spoil_the_connection() -> None:
    """A server that sends more than its body gets a new connection next time, so that no answer mixes with another."""

    async def chatty(connection: Connection) -> None:
        while True:
            await connection.request()
            await connection.send(framed(HELLO, "length") + framed(HELLO, "length"))

    async def test(server: RawServer) -> None:
        provider = endpoint(server.base_url)
        for count in (1, 2):
            events = [event.type async for batch in provider.stream(REQUEST) for event in batch]
            assert events.count("finish") == 1
            assert len(server.connections) == count
        await provider.aclose()

    run(chatty, test)


def test_many_at_once() -> None:
    """Two hundred answers at a time have a connection each, and none is mixed up with another."""

    async def script(connection: Connection) -> None:
        await connection.request()
        question = connection.json["messages"][-1]["content"]
        await connection.send(framed([*(chunk(letter) for letter in question), chunk(None, "stop")], "close"))

    async def test(server: RawServer) -> None:
        provider = endpoint(server.base_url)

        async def one(number: int) -> bool:
            message = Message("m", "user", (TextPart(f"question {number}"),))
            text = ""
            async for batch in provider.stream(ModelRequest("r", "m", (message,))):
                text += "".join(getattr(event, "text", "") for event in batch)
            return text == f"question {number}"

        assert all(await asyncio.gather(*(one(number) for number in range(200))))
        await provider.aclose()
        await server.drained()

    run(script, test)


def test_large_request_is_sent_whole() -> None:
    """A question of some megabytes reaches a server that reads slowly, and RequestSent comes only then."""
    text = "x" * 5_000_000
    got: list[int] = []

    async def script(connection: Connection) -> None:
        await connection.request()
        got.append(len(connection.json["messages"][0]["content"]))
        await connection.send(framed(HELLO, "length"))

    async def test(server: RawServer) -> None:
        provider = endpoint(server.base_url)
        request = ModelRequest("r", "m", (Message("m", "user", (TextPart(text),)),))
        events = [event.type async for batch in provider.stream(request) for event in batch]
        assert events[0] == "request-sent"
        assert got == [len(text)]
        await provider.aclose()

    async def main() -> None:
        async with serving(script) as server:
            await asyncio.wait_for(test(server), 20)

    asyncio.run(main())


def test_refusal_before_the_request_has_left() -> None:
    """A server that refuses a large request in the middle of it is understood, not waited for."""

    async def script(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.send(framed([b'{"error":{"message":"too big"}}'], "length", head="413 Too Large"))
        await connection.gone()

    async def test(server: RawServer) -> None:
        request = ModelRequest("r", "m", (Message("m", "user", (TextPart("x" * 5_000_000),)),))
        provider = endpoint(server.base_url)
        with pytest.raises(ProviderError) as caught:
            [batch async for batch in provider.stream(request)]
        assert caught.value.kind == "context_length"
        await provider.aclose()

    run(script, test)


def test_plain_http_beyond_this_machine_is_not_spoken() -> None:
    """A provider that was saved with such a URL is refused before anything is sent, not only when it is added."""
    with pytest.raises(ConfigError, match="unencrypted"):
        asyncio.run(ask("http://lab.example/v1"))


def test_connecting_takes_its_time_at_most() -> None:
    """A server that never finishes the TLS handshake is given up after the bound; nothing was sent, so it may be retried."""

    async def script(connection: Connection) -> None:
        await connection.gone()

    async def test(server: RawServer) -> None:
        provider = endpoint(server.base_url.replace("http:", "https:"), timeouts=Timeouts(connect=0.05))
        with pytest.raises(ProviderError) as caught:
            [batch async for batch in provider.stream(REQUEST)]
        assert (caught.value.kind, caught.value.code) == ("timeout", "connect")
        await server.drained()
        await provider.aclose()

    run(script, test)


@pytest.mark.parametrize("turns", range(12))
def test_cancelling_while_connecting(turns: int) -> None:
    """A request that is cancelled at any moment of its connecting ends at once and leaves no connection behind."""

    async def script(connection: Connection) -> None:
        await connection.gone()

    async def test(server: RawServer) -> None:
        client = HttpClient(server.base_url, {}, connect=10)
        exchange = client.send("POST", "/chat/completions", body=b"{}", accept="*/*", key=None)
        for _ in range(turns):
            await asyncio.sleep(0)
        await exchange.aclose()
        await client.aclose()
        await server.drained()

    run(script, test)


def test_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment names a proxy the request goes through it, with the same answer; not for this machine."""

    async def test(server: RawServer) -> None:
        monkeypatch.setenv("http_proxy", server.base_url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        assert await ask("http://lab.example/v1", insecure=True) >= 4
        assert server.connections[0].head.startswith("POST http://lab.example/v1/chat/completions HTTP/1.1\r\n")
        assert await ask(server.base_url) >= 4
        assert server.connections[1].head.startswith("POST /v1/chat/completions HTTP/1.1\r\n")

    run(answer, test)


def test_tls() -> None:
    """An answer comes over TLS, and leaving it closes the socket at once, without waiting for the peer's farewell."""

    async def main() -> None:
        authority = trustme.CA()
        context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.configure_trust(trusting)
        closed = asyncio.Event()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = Connection(reader, writer)
            await connection.request()
            assert connection.headers["authorization"] == f"Bearer {KEY}"
            await connection.send(framed([chunk("Hello")], "close"))
            await connection.gone()
            closed.set()
            writer.transport.abort()

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        client = HttpClient(url, {}, connect=10, tls=trusting)
        exchange = client.send("POST", "/chat/completions", body=b"{}", accept="*/*", key=Secret(KEY))
        await exchange.head()
        assert exchange.status == 200
        assert b"Hello" in await exchange.read()
        await exchange.aclose()
        await asyncio.wait_for(closed.wait(), 0.3)
        await client.aclose()
        server.close()

    asyncio.run(main())
