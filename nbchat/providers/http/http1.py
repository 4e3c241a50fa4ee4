"""HTTP/1.1 as a stream of answers needs it: one asyncio protocol per connection, all chunks of one read decoded at once.

The general clients pay for one parser event per HTTP chunk, which is two thirds of what a token costs. Owns the bytes on the
wire and the end of a body (RFC 9112, sections 4 to 7). Must not know httpx, keys, or what a body means.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ChunkedDecoder", "Connection", "Head", "WireError", "parse_head"]

MAX_HEAD = 64 * 1024
"""Bytes of a status line with its headers; servers themselves allow 8 to 64 kB."""
_MAX_LINE = 4096  # of a chunk's size with its extensions, or of a trailer
_MAX_TRAILERS = 64
_HIGH_WATER = 1024 * 1024  # bytes that may wait unread before the socket is left alone
_HEAD_END = re.compile(rb"\r?\n\r?\n").search
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: [^\r\n]*)?").fullmatch
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*").fullmatch
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}").fullmatch


class WireError(Exception):
    """The peer broke HTTP's rules, or went away in the middle of a message."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response, and what they say about its body: `length` bytes, `chunked`, or up to the end of
    the connection (length None). `lasting`: the connection may be used again afterwards."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    chunked: bool
    length: int | None
    lasting: bool


def parse_head(data: bytes) -> tuple[Head, bytes] | None:
    """Return the head of the final response and the bytes that follow it, or None while it has not come whole.

    Interim responses (1xx) are passed over. Raises WireError for what is no HTTP response and for a head beyond the bound.
    """
    while True:
        if not b"HTTP/1."[: len(data)] == data[:7]:
            raise WireError(f"not an HTTP response: {data[:80]!r}")
        end = _HEAD_END(data)
        if end is None or end.start() > MAX_HEAD:
            if len(data) > MAX_HEAD:
                raise WireError("the response's headers do not end")
            return None
        head = _head(data[: end.start()])
        data = data[end.end() :]
        if head.status >= 200:
            return head, data
        if head.status == 101 or not data:
            if head.status == 101:
                raise WireError("the server changed the protocol")
            return None


def _head(data: bytes) -> Head:
    first, *lines = [line.rstrip(b"\r") for line in data.split(b"\n")]
    status = _STATUS(first)
    if status is None:
        raise WireError(f"not an HTTP response: {first[:80]!r}")
    headers = []
    for line in lines:
        field = _FIELD(line)
        if field is None:
            raise WireError(f"a malformed header: {line[:80]!r}")
        headers.append((field[1], field[2]))
    code = int(status[2])
    coding = _values(headers, b"transfer-encoding")
    if coding not in ([], [b"chunked"]):
        raise WireError(f"an unknown transfer encoding: {b', '.join(coding)[:80]!r}")
    lengths = set(_values(headers, b"content-length"))
    if len(lengths) > 1 or not all(length.isdigit() and len(length) < 20 for length in lengths):
        raise WireError("a malformed content length")
    length = 0 if code in (204, 304) or code < 200 else int(lengths.pop()) if lengths and not coding else None
    options = _values(headers, b"connection")
    lasting = status[1] == b"1" and b"close" not in options and (bool(coding) or length is not None)
    return Head(code, tuple(headers), bool(coding) and length is None, length, lasting)


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    joined = b",".join(value for each, value in headers if each.lower() == name)
    return [value.strip().lower() for value in joined.split(b",") if value.strip()]


class ChunkedDecoder:
    """Takes the bytes of a chunked body, cut anywhere, and returns its content; `done` after the last chunk and trailers."""

    def __init__(self) -> None:
        self.done = False
        self.rest = b""  # bytes that wait for the rest of their line; after `done`, what followed the body
        self._left = 0  # content bytes of this chunk that are still to come
        self._after = False  # the line end after a chunk's content is to come
        self._trailers = -1  # how many trailers were read; -1 before the last chunk

    def feed(self, data: bytes) -> bytes:
        """Return the content in these bytes; raises WireError for a chunk that is none."""
        if self.rest:
            data = self.rest + data
        position, size, out = 0, len(data), []
        while position < size and not self.done:
            if self._left:
                piece = data[position : position + self._left]
                out.append(piece)
                position += len(piece)
                self._left -= len(piece)
                self._after = not self._left
                continue
            end = data.find(b"\n", position)
            if end < 0:
                if size - position > _MAX_LINE:
                    raise WireError("a chunk's size does not end")
                break
            line = data[position:end]
            position = end + 1
            if self._after:
                if line not in (b"\r", b""):
                    raise WireError("a chunk is longer than it says")
                self._after = False
            elif self._trailers >= 0:
                self._trailer(line)
            else:
                self._size(line)
        self.rest = data[position:]
        return out[0] if len(out) == 1 else b"".join(out)

    def _size(self, line: bytes) -> None:
        digits = line.partition(b";")[0].strip()
        if not _SIZE(digits):
            raise WireError(f"a malformed chunk size: {line[:40]!r}")
        self._left = int(digits, 16)
        if not self._left:
            self._trailers = 0

    def _trailer(self, line: bytes) -> None:
        self.done = not line.strip()
        self._trailers += 1
        if self._trailers > _MAX_TRAILERS or len(line) > _MAX_LINE:
            raise WireError("the body's trailers do not end")


class Connection(asyncio.Protocol):
    """One connection: write a request, read its response. All that arrived before a `receive` is one piece of bytes.

    `usable` while nothing is wrong with it and no response is due; `closed` is done when the socket is gone.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False  # reading
        self._full = False  # writing

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep the bytes for the reader; leave the socket alone when too many wait."""
        self._chunks.append(data)
        self._size += len(data)
        if self._size > _HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Note that the peer sends no more; the connection closes."""
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the socket is gone, and why."""
        self._ended = True
        self._error = exc
        if not self.closed.done():
            self.closed.set_result(None)
        self._wake()

    def pause_writing(self) -> None:
        """Note that the peer reads slower than we write."""
        self._full = True

    def resume_writing(self) -> None:
        """Let a waiting `send` go on."""
        self._full = False
        self._wake()

    # ------------------------------------------------------------ for one exchange

    @property
    def usable(self) -> bool:
        """Whether another request may be written: open, and nothing unasked has come."""
        return self._transport is not None and not self._ended and not self._chunks and not self._transport.is_closing()

    async def send(self, data: bytes) -> None:
        """Write a request; returns when it has left, or when the peer answers or goes before that."""
        assert self._transport is not None
        self._transport.write(data)
        while self._full and not self._chunks and not self._ended:
            await self._wait()

    async def receive(self) -> bytes:
        """Return everything that arrived since the last call, waiting for the first bytes; b"" when the peer has ended.

        Raises OSError when the connection broke, after what came before was read.
        """
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            await self._wait()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def abort(self) -> None:
        """Close at once, without waiting for the peer; returns when the socket is closed."""
        if self._transport is None:
            return
        self._transport.abort()
        await asyncio.shield(self.closed)

    def discard(self) -> None:
        """Close without waiting; for connections that nobody uses."""
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
