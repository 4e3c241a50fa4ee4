"""DirectTransport: httpx requests over `http1` connections, so that a burst of chunks costs one wake-up, not one event each.

Owns connecting and the reuse of idle connections. Must not know keys, retries or what bodies mean.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import httpx

from nbchat.providers.http.connection import Connection
from nbchat.providers.http.http1 import ChunkedDecoder, Head, WireError, parse_head
from nbchat.providers.urls import is_loopback

__all__ = ["BODY", "Body", "DirectTransport"]

BODY = "nbchat.body"
"""The extension of a response under which its `Body` stands."""

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
        body = Body(connection, head, rest, self._release)
        return httpx.Response(head.status, headers=list(head.headers), stream=body, extensions={BODY: body})

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


class Body(httpx.AsyncByteStream):
    """The body of a response, and an error for an end that comes too early. It is poured, never iterated: a task's turn for
    each piece would cost more than all else."""

    def __init__(self, connection: Connection, head: Head, rest: bytes, release: Callable[[Connection], None]) -> None:
        self._connection = connection
        self._rest = rest
        self._release = release
        self._lasting = head.lasting
        self._decoder = ChunkedDecoder() if head.chunked else None
        self._left = head.length
        self._over = head.length == 0
        self._reusable = self._over and not rest

    async def pour(self, take: Callable[[bytes], None]) -> None:
        """Hand every piece to `take` in the moment in which it arrives; returns at the body's end.

        Raises httpx's transport errors. `take` must be quick and raise nothing.
        """
        failures: list[httpx.RemoteProtocolError] = []

        def sink(data: bytes) -> bool:
            try:
                if piece := self._piece(data):
                    take(piece)
            except httpx.RemoteProtocolError as error:
                failures.append(error)
            return not self._over and not failures

        if not self._over and (not self._rest or sink(self._rest)):
            try:
                ended = not await self._connection.pour(sink)
            except OSError as error:
                raise _broken(error) from error
            if ended:
                self._end()
        if failures:
            raise failures[0]

    def pause(self) -> None:
        """Let the server wait, while it is poured; `resume` goes on."""
        self._connection.pause()

    def resume(self) -> None:
        """Read on."""
        self._connection.resume()

    def _piece(self, data: bytes) -> bytes:
        """Return what these bytes hold of the body, and note whether that is its end."""
        if self._decoder is not None:
            try:
                piece = self._decoder.feed(data)
            except WireError as error:
                raise httpx.RemoteProtocolError(str(error)) from None
            self._over = self._decoder.done
            extra = self._over and bool(self._decoder.rest)
        elif self._left is not None:
            piece = data[: self._left]
            extra = len(data) > len(piece)
            self._left -= len(piece)
            self._over = not self._left
        else:
            return data
        self._reusable = self._over and not extra  # with bytes that nobody asked for, a connection is not used again
        return piece

    def _end(self) -> None:
        """The connection has ended: so has the body, if nothing else says where its end is."""
        if self._decoder is not None or self._left is not None:
            raise httpx.RemoteProtocolError("the connection ended before the body did")
        self._over = True

    async def aclose(self) -> None:
        """Give the connection back where another request may follow, else close it."""
        if self._lasting and self._reusable:
            self._release(self._connection)
        if not (self._lasting and self._reusable and self._connection.usable):
            await self._connection.abort()


async def _read_head(connection: Connection) -> tuple[Head, bytes]:
    data = b""
    while True:
        try:
            more = await connection.receive()
        except OSError as error:
            raise _broken(error) from error
        if not more:
            raise httpx.RemoteProtocolError("no response" if not data else "the connection ended within the headers")
        data += more
        try:
            found = parse_head(data)
        except WireError as error:
            raise httpx.RemoteProtocolError(str(error)) from None
        if found is not None:
            return found


def _broken(error: OSError) -> httpx.ReadError:
    return httpx.ReadError(str(error) or type(error).__name__)


def _request_bytes(request: httpx.Request, body: bytes) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    for name, value in request.headers.raw:
        if b"\r" in value or b"\n" in value:
            raise httpx.LocalProtocolError("a header holds a line end")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
