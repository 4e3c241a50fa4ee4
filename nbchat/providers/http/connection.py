"""Connection: the asyncio protocol under an exchange. All bytes of one read are one piece, handed on in the moment they come.

Owns the socket: its buffer, its pauses, its end. Must not know HTTP, httpx, keys, or what the bytes mean.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from weakref import WeakKeyDictionary

__all__ = ["Connection"]

_HIGH_WATER = 1024 * 1024  # bytes that may wait unread before the socket is left alone
_BUFFER = 64 * 1024  # bytes of one read
_READS = 5000
"""How many reads a second all answers together are worth at least: what costs is the wake-up, not the bytes. Each takes less
than 0.1 ms from the socket to the event log; and up to some 250 answers, 99 of 100 words still come within 50 ms (B12)."""
_REST_SECONDS = (1 / 30, 1 / 4)
"""Shorter than the first a rest saves nothing; longer than the second nobody should wait for a word."""
_LEAST = 0.5
"""The shortest part of it that a rest takes. Were all of one length, a loop that was held up once would find all answers waiting,
read them in one go, and hold itself up in the same way after each rest from then on."""
_pouring: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()
"""How many answers come on a loop now."""


class Connection(asyncio.BufferedProtocol):
    """One connection: write a request, read its response. All that arrived before a `receive` is one piece of bytes.

    It reads into a buffer of its own: asyncio would make one of 256 kB for every token.

    `usable` while nothing is wrong with it and no response is due; `closed` is done when the socket is gone.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(_BUFFER))
        self._chunks: list[bytes] = []
        self._size = 0
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._sink: Callable[[bytes], bool] | None = None
        self._paused = False  # reading, by whoever takes the bytes
        self._rest: asyncio.TimerHandle | None = None  # from reading, because many answers come
        self._last = float("-inf")
        self._full = False  # writing

    # ------------------------------------------------------------ asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand the bytes on, or keep them for the reader; leave the socket alone when too many wait."""
        data = bytes(self._buffer[:nbytes])
        if self._sink is not None:
            if not self._sink(data):
                self._sink = None
                self._wake()
            elif nbytes < _BUFFER:  # one that comes as fast as it can is read as fast
                self._have_a_rest()
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._size > _HIGH_WATER:
            self.pause()
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
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
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
        self.resume()
        return data

    async def pour(self, sink: Callable[[bytes], bool]) -> bool:
        """Hand all that comes to `sink`, in the very moment, until that says False (it has all); returns False when the peer
        ended before. For a burst of tokens this saves a task's turn for each. `sink` must be quick and raise nothing.

        Raises OSError when the connection broke.
        """
        if self._chunks and not sink(await self.receive()):
            return True
        self._sink = sink
        _pouring[self._loop] = _pouring.get(self._loop, 0) + 1
        try:
            while self._sink is not None:
                if self._error is not None:
                    raise self._error
                if self._ended:
                    return False
                await self._wait()
        finally:
            _pouring[self._loop] -= 1
            self._sink = None
            self._end_rest()
            self.resume()
        return True

    def pause(self) -> None:
        """Leave the socket alone until `resume`: the peer has to wait."""
        if not self._paused and self._transport is not None:
            self._paused = True
            if self._rest is None:
                self._transport.pause_reading()

    def resume(self) -> None:
        """Read again; idempotent."""
        if self._paused and self._transport is not None:
            self._paused = False
            if self._rest is None:
                self._transport.resume_reading()

    def _have_a_rest(self) -> None:
        """Let tokens gather that come one close upon the other, where so many answers come that each wake-up counts."""
        now, before = self._loop.time(), self._last
        self._last = now
        shortest, longest = _REST_SECONDS
        rest = min(_pouring[self._loop] / _READS, longest)
        if rest < shortest or now - before > 1.5 * rest or self._rest is not None or self._transport is None:
            return
        if not self._paused:
            self._transport.pause_reading()
        self._rest = self._loop.call_later(rest * random.uniform(_LEAST, 1), self._end_rest)  # noqa: S311 (no secret)

    def _end_rest(self) -> None:
        if self._rest is None or self._transport is None:
            return
        self._rest.cancel()
        self._rest = None
        if not self._paused:
            self._transport.resume_reading()

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
