"""Attempts and deadlines, on a clock that the tests turn: what is tried again, and how long anything is waited for."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from email.utils import formatdate

import pytest
import trustme

from nbchat.core.errors import ProviderError
from nbchat.core.events import Finish, ProviderEvent, RequestSent, Retry, TextDelta, Waiting
from nbchat.core.messages import Message, TextPart
from nbchat.core.requests import ModelRequest
from nbchat.providers.endpoint import Endpoint, Timeouts
from nbchat.providers.retry import RetryPolicy, retry_after
from tests.providers.raw_server import DONE, HELLO, Connection, RawServer, Script, chunk, endpoint, framed, serving
from tests.support.clock import ManualClock

REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))
STEADY = RetryPolicy(jitter=0.0)


class Reader:
    """Reads one answer in a task, so that a test can wait for an event and then turn the clock."""

    def __init__(self, provider: Endpoint) -> None:
        self.events: list[ProviderEvent] = []
        self.error: ProviderError | None = None
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._read(provider))

    async def _read(self, provider: Endpoint) -> None:
        try:
            async for batch in provider.stream(REQUEST):
                self.events += batch
                self._news.set()
        except ProviderError as error:
            self.error = error
        finally:
            self._news.set()
            await provider.aclose()

    async def until(self, kind: type[ProviderEvent], count: int = 1) -> ProviderEvent:
        """Return the given one of the events of a kind once it came."""
        while sum(isinstance(event, kind) for event in self.events) < count:
            assert not self._task.done(), f"ended without {kind.__name__}: {self.error}"
            self._news.clear()
            await self._news.wait()
        return [event for event in self.events if isinstance(event, kind)][count - 1]

    async def end(self) -> ProviderError | None:
        """Wait for the end and return its error."""
        await self._task
        return self.error

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


def run(script: Script | bytes, test: Callable[[RawServer], Awaitable[None]]) -> None:
    async def main() -> None:
        async with serving(script) as server:
            await asyncio.wait_for(test(server), 10)

    asyncio.run(main())


def replies(*responses: bytes) -> Script:
    """Answer each connection with the next response; the last one answers all that follow."""
    left = list(responses)

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return script


def refusal(status: str, extra: str = "", body: bytes = b'{"error":{"message":"later"}}') -> bytes:
    return framed([body], "length", head=status, kind="application/json", extra=extra)


def test_retries_then_answers() -> None:
    """A 503 is tried again after 1, 2 and 4 s, visibly; the answer comes once."""

    async def test(server: RawServer) -> None:
        clock = ManualClock()
        reader = Reader(endpoint(server.base_url, clock=clock, retry=STEADY))
        for count, delay in ((1, 1.0), (2, 2.0), (3, 4.0)):
            retry = await reader.until(Retry, count)
            assert retry == Retry(count + 1, delay, "503 Service Unavailable: later")
            await clock.advance(delay)
        assert await reader.end() is None
        assert reader.types.count("text-delta") == 1
        assert len(server.connections) == 4

    run(replies(*[refusal("503 Unavailable")] * 3, framed(HELLO, "length")), test)


def test_gives_up_after_three_retries() -> None:
    """The fourth failure is the error, with its status."""

    async def test(server: RawServer) -> None:
        clock = ManualClock()
        reader = Reader(endpoint(server.base_url, clock=clock, retry=STEADY))
        for count in (1, 2, 3):
            await reader.until(Retry, count)
            await clock.advance(10)
        error = await reader.end()
        assert error is not None
        assert (error.kind, error.status) == ("rate_limit", 429)
        assert len(server.connections) == 4

    run(replies(refusal("429 Too Many")), test)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("Retry-After: 7", 7.0), ("retry-after-ms: 250", 0.25), ("Retry-After: 2.5", 2.5), ("Retry-After: 120", 120.0)],
)
def test_retry_after_is_honoured(header: str, seconds: float) -> None:
    """The server's own wish replaces the backoff, in seconds or milliseconds, up to 120 s."""

    async def test(server: RawServer) -> None:
        clock = ManualClock()
        reader = Reader(endpoint(server.base_url, clock=clock, retry=STEADY))
        retry = await reader.until(Retry)
        assert isinstance(retry, Retry)
        assert retry.delay == pytest.approx(seconds)
        await clock.advance(seconds)
        assert await reader.end() is None

    run(replies(refusal("429 Too Many", header + "\r\n"), framed(HELLO, "length")), test)


def test_longer_retry_after_is_refused_not_cut() -> None:
    """A wish beyond 120 s ends the attempts at once and tells how long the server asks for."""

    async def test(server: RawServer) -> None:
        reader = Reader(endpoint(server.base_url, clock=ManualClock(), retry=STEADY))
        error = await reader.end()
        assert error is not None
        assert error.retry_after == 3600
        assert "3600 s" in error.hint
        assert len(server.connections) == 1

    run(replies(refusal("429 Too Many", "Retry-After: 3600\r\n")), test)


def test_retry_after_in_all_its_spellings() -> None:
    """Milliseconds first, then seconds, then a date; junk, negative and infinite say nothing; a past date means now."""
    now = 1_760_000_000.0
    assert retry_after({"retry-after": formatdate(now + 30, usegmt=True)}, now) == 30
    assert retry_after({"retry-after": formatdate(now - 30, usegmt=True)}, now) == 0
    assert retry_after({"retry-after": "9", "retry-after-ms": "1500"}, now) == 1.5
    for junk in ("soon", "-5", "inf", "nan", ""):
        assert retry_after({"retry-after": junk}, now) is None
    assert retry_after({}, now) is None


def test_backoff_grows_to_its_cap_with_jitter() -> None:
    """Waits double from 1 s to 30 s, each changed by up to a fifth."""
    policy = RetryPolicy(retries=9)
    assert [policy.delay(n, dice=lambda: 0.5) for n in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert policy.delay(1, dice=lambda: 0.0) == pytest.approx(0.8)
    assert policy.delay(1, dice=lambda: 1.0) == pytest.approx(1.2)
    assert policy.delay(10) is None


@pytest.mark.parametrize(
    "response",
    [
        refusal("401 Unauthorized"),
        refusal("402 Payment Required"),
        refusal("403 Forbidden"),
        refusal("404 Not Found"),
        refusal("400 Bad Request"),
        refusal("501 Not Implemented"),
        refusal("429 Too Many", body=b'{"error":{"message":"no","code":"insufficient_quota"}}'),
        framed([b'{"error":{"message":"x","code":503}}'], "length", kind="application/json"),
        framed([chunk("Hel"), b'data: {"error":{"message":"x","code":503}}\n\n'], "chunked"),
        framed([chunk("Hel")], "close"),
        framed([], "close"),
    ],
)
def test_what_is_not_tried_again(response: bytes) -> None:
    """Keys, bills and bad requests do not pass by themselves; and once a 200 began nothing is ever sent twice."""

    async def test(server: RawServer) -> None:
        reader = Reader(endpoint(server.base_url, clock=ManualClock(), retry=STEADY))
        assert await reader.end() is not None
        assert "retry" not in reader.types
        assert len(server.connections) == 1

    run(replies(response), test)


def test_failed_connect_is_tried_again() -> None:
    """Where nobody listens yet, the request is tried again; nothing counts as sent."""

    async def main() -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{sock.getsockname()[1]}/v1"
            clock = ManualClock()
            reader = Reader(endpoint(url, clock=clock, retry=STEADY))
            for count in (1, 2, 3):
                await reader.until(Retry, count)
                await clock.advance(10)
            error = await reader.end()
        assert error is not None
        assert error.kind == "network"
        assert reader.types == ["retry"] * 3

    asyncio.run(main())


def test_unknown_host_is_not_tried_again() -> None:
    """A name that does not resolve is a typing error in the base URL: said at once."""

    async def main() -> ProviderError | None:
        return await Reader(endpoint("https://nowhere.invalid/v1", clock=ManualClock(), retry=STEADY)).end()

    error = asyncio.run(main())
    assert error is not None
    assert (error.kind, error.code) == ("network", "dns")


def test_unknown_certificate_is_refused() -> None:
    """A server whose certificate nobody vouches for gets neither request nor key, and no second try."""

    async def main() -> ProviderError | None:

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        error = await Reader(endpoint(url, clock=ManualClock(), retry=STEADY)).end()
        server.close()
        return error

    error = asyncio.run(main())
    assert error is not None
    assert (error.kind, error.code) == ("network", "tls")


LIMITS = Timeouts(first_token=300, between_tokens=120, after_finish=10, error_body=10)


def stalling(*pieces: bytes) -> tuple[Script, asyncio.Event]:
    """Send the pieces and then nothing; the event is set when all is sent."""
    sent = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        for piece in pieces:
            await connection.send(piece)
        sent.set()
        await connection.gone()

    return script, sent


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


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
            await asyncio.wait_for(server.drained(), 1)

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
            assert await asyncio.wait_for(reader.end(), 5) is None

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
