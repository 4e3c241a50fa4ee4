"""Attempts, on a clock that the tests turn: what is tried again, when, and what never."""

from __future__ import annotations

import asyncio
import socket
import ssl
from email.utils import formatdate

import pytest
import trustme

from nbchat.core.errors import ProviderError
from nbchat.core.events import Retry
from nbchat.providers.retry import RetryPolicy, retry_after
from tests.providers.patience import STEADY, Reader, refusal, replies, run
from tests.providers.raw_server import HELLO, RawServer, chunk, endpoint, framed
from tests.support.clock import ManualClock

pytestmark = pytest.mark.usefixtures("transport")


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
        assert error.text.endswith(": nothing listens there."), "no words of the system's"
        assert reader.types == ["retry"] * 3

    asyncio.run(main())


def test_unknown_host_is_not_tried_again() -> None:
    """A name that does not resolve is a typing error in the base URL: said at once."""

    async def main() -> ProviderError | None:
        return await Reader(endpoint("https://nowhere.invalid/v1", clock=ManualClock(), retry=STEADY)).end()

    error = asyncio.run(main())
    assert error is not None
    assert (error.kind, error.code) == ("network", "dns")
    assert error.text == "No connection to nowhere.invalid: its name is not known here."


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
