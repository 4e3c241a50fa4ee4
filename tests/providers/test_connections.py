"""The connections under a client: making, using and leaving them. What our own transport does alone is marked so."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import pytest
import trustme

from nbchat.core.errors import ConfigError, ProviderError
from nbchat.core.messages import Message, TextPart
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers.attempt import Timeouts
from nbchat.providers.http import HttpClient, direct
from tests.providers.raw_server import HELLO, KEY, Connection, RawServer, Script, chunk, endpoint, framed, serving
from tests.support.clock import settle

REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))
over_both = pytest.mark.usefixtures("transport")


def run(script: Script | bytes, test: Callable[[RawServer], Awaitable[None]]) -> None:
    async def main() -> None:
        async with serving(script) as server:
            await asyncio.wait_for(test(server), 60)

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


@over_both
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


@over_both
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


@over_both
def test_a_reader_that_is_slow_makes_the_server_wait() -> None:
    """What nobody reads stays at the server, but for some megabytes on the way; once it is read, all of it comes."""
    piece, count, sent = b": " + b"x" * 65_533 + b"\n", 1000, 0

    async def script(connection: Connection) -> None:
        nonlocal sent
        await connection.request()
        await connection.send(framed([], "close"))
        for sent in range(1, count + 1):  # noqa: B007 - looked at from outside
            await connection.send(piece)

    async def test(server: RawServer) -> None:
        client = HttpClient(server.base_url, {}, connect=10)
        exchange = client.send("POST", "/chat/completions", body=b"{}", accept="*/*", key=None)
        await exchange.head()
        before = -1
        while before < sent:
            before = sent
            await settle(500)
        assert 10 < sent < count // 2
        size = 0
        while data := await exchange.read():
            size += len(data)
        assert size == len(piece) * count
        await exchange.aclose()
        await client.aclose()

    run(script, test)


@over_both
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
            await asyncio.wait_for(test(server), 60)

    asyncio.run(main())


@over_both
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


@over_both
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


@over_both
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


@over_both
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
        await asyncio.wait_for(closed.wait(), 15)  # asyncio waits twice as long for a farewell
        await client.aclose()
        server.close()

    asyncio.run(main())
