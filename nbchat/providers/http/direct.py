"""DirectTransport: httpx requests over `http1` connections, so that a burst of chunks costs one wake-up, not one event each.

Owns connecting and the reuse of idle connections. Must not know keys, retries or what bodies mean.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable

import httpx

from nbchat.providers.http.http1 import ChunkedDecoder, Connection, Head, WireError, parse_head
from nbchat.providers.urls import is_loopback

__all__ = ["DirectTransport"]

_IDLE_SECONDS = 4.0  # less than the 5 s after which common servers close an idle connection: no race with them


class DirectTransport(httpx.AsyncBaseTransport):
    """A transport without a parser event per chunk (see `http1`); idle connections of one origin are used again.

    Through a proxy httpx's own transport is used instead: same answers, more CPU.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._idle: list[tuple[Connection, asyncio.TimerHandle]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return the response with its body still to come; raises httpx's transport errors."""
        connection = self._reuse() or await self._connect(request)
        try:
            await connection.send(_request_bytes(request, await request.aread()))
            await request.extensions["trace"]("send_request_body.complete", {})
            head, rest = await _read_head(connection)
        except BaseException:
            await connection.abort()
            raise
        return httpx.Response(head.status, headers=list(head.headers), stream=_Body(connection, head, rest, self._release))

    async def aclose(self) -> None:
        """Close the idle connections."""
        while self._idle:
            connection, timer = self._idle.pop()
            timer.cancel()
            await connection.abort()

    def _reuse(self) -> Connection | None:
        while self._idle:
            connection, timer = self._idle.pop()
            timer.cancel()
            if connection.usable:
                return connection
        return None

    def _release(self, connection: Connection) -> None:
        if connection.usable:
            self._idle.append((connection, asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._expire, connection)))

    def _expire(self, connection: Connection) -> None:
        self._idle = [entry for entry in self._idle if entry[0] is not connection]
        connection.discard()

    async def _connect(self, request: httpx.Request) -> Connection:
        url, loop = request.url, asyncio.get_running_loop()
        tls = self._tls if url.scheme == "https" else None
        host, port = url.raw_host.decode("ascii"), url.port or (443 if tls else 80)
        # Two address families at once where one may be dead (RFC 8305); here it would only be one more thing to cancel.
        delay = None if is_loopback(host) else 0.25
        making = loop.create_task(loop.create_connection(Connection, host, port, ssl=tls, happy_eyeballs_delay=delay))
        try:  # not wait_for, which up to Python 3.11 loses a cancellation that comes in the moment of success
            await asyncio.wait([making], timeout=request.extensions["timeout"]["connect"])
        except asyncio.CancelledError:
            _abandon(making)
            raise
        if not making.done():
            _abandon(making)
            raise httpx.ConnectTimeout("timed out", request=request)
        try:
            return making.result()[1]
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error


def _abandon(making: asyncio.Task[tuple[asyncio.Transport, Connection]]) -> None:
    """Give up a connection in the making; one that comes all the same is closed."""

    def close(task: asyncio.Task[tuple[asyncio.Transport, Connection]]) -> None:
        if not task.cancelled() and task.exception() is None:
            task.result()[1].discard()

    making.cancel()
    making.add_done_callback(close)


class _Body(httpx.AsyncByteStream):
    """The body of a response: a piece for each wake-up, and an error for an end that comes too early."""

    def __init__(self, connection: Connection, head: Head, rest: bytes, release: Callable[[Connection], None]) -> None:
        self._connection = connection
        self._head = head
        self._rest = rest
        self._release = release
        self._whole = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decoder = ChunkedDecoder() if self._head.chunked else None
        left = self._head.length
        data = self._rest
        while not (decoder.done if decoder else left == 0):
            if not data:
                data = await _receive(self._connection)
                if not data:
                    if decoder is None and left is None:
                        return  # the end of the connection is the end of the body
                    raise httpx.RemoteProtocolError("the connection ended before the body did")
            try:
                piece = decoder.feed(data) if decoder else data if left is None else data[:left]
            except WireError as error:
                raise httpx.RemoteProtocolError(str(error)) from None
            extra = decoder.rest if decoder and decoder.done else b"" if decoder or left is None else data[left:]
            left = None if left is None else left - len(piece)
            data = b""
            if piece:
                yield piece
            if extra:
                return  # bytes that nobody asked for: such a connection is not used again
        self._whole = self._head.lasting

    async def aclose(self) -> None:
        if self._whole:
            self._release(self._connection)
        if not self._whole or not self._connection.usable:
            await self._connection.abort()


async def _read_head(connection: Connection) -> tuple[Head, bytes]:
    data = b""
    while True:
        more = await _receive(connection)
        if not more:
            raise httpx.RemoteProtocolError("no response" if not data else "the connection ended within the headers")
        data += more
        try:
            found = parse_head(data)
        except WireError as error:
            raise httpx.RemoteProtocolError(str(error)) from None
        if found is not None:
            return found


async def _receive(connection: Connection) -> bytes:
    try:
        return await connection.receive()
    except OSError as error:
        raise httpx.ReadError(str(error) or type(error).__name__) from error


def _request_bytes(request: httpx.Request, body: bytes) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    for name, value in request.headers.raw:
        if b"\r" in value or b"\n" in value:
            raise httpx.LocalProtocolError("a header holds a line end")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
