"""Connection: one client's socket. Reads requests, plays responses, and notices at once when the client goes.

Owns HTTP/1.1 framing towards the client, pauses, cuts and resets; must not know what is asked or answered.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol, cast

from nbchat._server.completion import error_body
from nbchat._server.gate import Gate
from nbchat._server.reply import Reply, Response
from nbchat._server.request import BadRequest, Request, parse_head

__all__ = ["Connection", "Host"]

_log = logging.getLogger("nbchat.server")

_HEAD_LIMIT = 64 * 1024
_BODY_LIMIT = 256 * 1024 * 1024
_WRITE = 64 * 1024
"""Bytes that are gathered before they go to the socket where nothing says to wait."""
_LATE = 0.25
"""Seconds by which a paced stream may catch up after it was held up; beyond them it goes on from where it is."""


class Host(Protocol):
    """What a connection asks of its server."""

    def request(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Request:
        """Record a request."""

    def respond(self, request: Request) -> Response:
        """Return the response; must not raise."""

    def begin(self, request: Request) -> None:
        """The response begins."""

    def end(self, request: Request, *, left: bool) -> None:
        """The response is over; `left`: the client closed its socket before it had everything."""

    def lost(self, connection: Connection) -> None:
        """The connection is gone."""


class Connection(asyncio.Protocol):
    """One accepted connection, with one task that serves it until either side closes."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.task: asyncio.Task[None] | None = None
        """What serves it; None until its socket is made."""
        self._buffer = bytearray()
        self._more = asyncio.Event()
        self._flushed = asyncio.Event()
        self._flushed.set()
        self._lost = asyncio.Event()
        self._out = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start serving."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(0)  # flushed means: everything is with the operating system
        self.task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        """Keep what came for the reader."""
        self._buffer += data
        self._more.set()

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone: whatever is being played ends."""
        self._lost.set()
        self.cancel()
        self._host.lost(self)

    async def end(self) -> None:
        """End what is being played, and close the socket at once; the client is not said to have left."""
        self.cancel()
        if self.task is None:  # its socket could not be made
            self._host.lost(self)
            return
        await asyncio.wait([self.task])
        self._transport.abort()

    def cancel(self) -> None:
        """End what is being played."""
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._flushed.clear()

    def resume_writing(self) -> None:
        """Everything written has left."""
        self._flushed.set()

    # ------------------------------------------------------------ requests

    async def _serve(self) -> None:
        try:
            while await self._exchange():
                pass
        except BadRequest as bad:
            refusal = Reply.json(error_body(str(bad), type="invalid_request_error"), status=400)
            await self._play(refusal.make(Request(0, "", "", {})), keep=False)
        except Exception:
            _log.exception("a reply could not be sent to its end")
        finally:
            self._transport.close()

    async def _exchange(self) -> bool:
        """Take one request and answer it; returns whether another may follow."""
        head = await self._read_until(b"\r\n\r\n", _HEAD_LIMIT)
        method, path, query, headers = parse_head(head)
        if headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = self._host.request(method, path, query, headers, await self._read_body(headers))
        response = self._host.respond(request)
        whole = False
        self._host.begin(request)
        try:
            keep = await self._play(response, keep=headers.get("connection", "").lower() != "close")
            whole = True
        finally:
            self._host.end(request, left=self._lost.is_set() and not whole)
        return keep

    async def _read_until(self, mark: bytes, limit: int) -> bytes:
        """Return what comes before `mark`, and take both out of the buffer."""
        start = 0
        while (at := self._buffer.find(mark, start)) < 0:
            if len(self._buffer) > limit:
                raise BadRequest(f"more than {limit} bytes without the end of a line")
            start = max(len(self._buffer) - len(mark), 0)
            await self._read_more()
        return self._take(at, len(mark))

    async def _read_more(self) -> None:
        self._more.clear()
        await self._more.wait()

    def _take(self, size: int, extra: int = 0) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[: size + extra]
        return taken

    async def _read_exactly(self, size: int) -> bytes:
        if size > _BODY_LIMIT:
            raise BadRequest(f"a body of more than {_BODY_LIMIT} bytes")
        while len(self._buffer) < size:
            await self._read_more()
        return self._take(size)

    async def _read_body(self, headers: Mapping[str, str]) -> bytes:
        try:
            if "chunked" not in headers.get("transfer-encoding", "").lower():
                return await self._read_exactly(int(headers.get("content-length", "0")))
            body = bytearray()
            while size := int((await self._read_until(b"\r\n", _HEAD_LIMIT)).partition(b";")[0], 16):
                body += await self._read_exactly(size)
                await self._read_until(b"\r\n", 2)
            while await self._read_until(b"\r\n", _HEAD_LIMIT):
                pass  # trailers
        except ValueError:
            raise BadRequest("a length that is no number") from None
        return bytes(body)

    # ------------------------------------------------------------ responses

    async def _play(self, response: Response, *, keep: bool) -> bool:
        """Send a response, with its pauses, to its end or its cut; returns whether the connection can be used again."""
        if response.before is not None:
            await _hold(response.before)
        if response.silent:
            await self._finish(response)
            return False
        keep = keep and response.framing != "close" and response.end is None
        self._out += _head(response, keep)
        room = response.cut_after
        pace = _Pace()
        for step in response.wire():
            if room == 0:
                break
            if not isinstance(step, bytes):
                await self._flush()
                await (pace.gate(step) if isinstance(step, Gate) else pace.pause(step))
                continue
            piece = step if room is None else step[:room]
            self._out += piece
            if room is not None:
                room -= len(piece)
            if len(self._out) >= _WRITE:
                await self._flush()
        await self._finish(response)
        return keep

    async def _flush(self) -> None:
        """Hand everything gathered to the operating system."""
        if self._out:
            self._transport.write(bytes(self._out))
            self._out.clear()
            await asyncio.sleep(0)  # a fast client must not keep this thread from the others, or from seeing it go
        await self._flushed.wait()

    async def _finish(self, response: Response) -> None:
        await self._flush()
        if response.end == "stall":
            await self._lost.wait()
        elif response.end == "rst":
            # a socket that lingers for zero seconds is reset by its close
            linger = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()


class _Pace:
    """Pauses measured from step to step, so that the time spent on sending does not slow a stream down."""

    def __init__(self) -> None:
        self._due: float | None = None

    async def pause(self, seconds: float) -> None:
        now = time.monotonic()
        due = now + seconds if self._due is None else max(self._due + seconds, now - _LATE)
        self._due = due
        if due > now:
            await asyncio.sleep(due - now)

    async def gate(self, gate: Gate) -> None:
        await gate.passage()
        self._due = None


async def _hold(before: Gate | float) -> None:
    await (before.passage() if isinstance(before, Gate) else asyncio.sleep(before))


def _head(response: Response, keep: bool) -> bytes:
    status = response.status
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    headers = {"server": "nbchat", **response.headers}
    if response.framing == "chunked":
        headers["transfer-encoding"] = "chunked"
    elif response.framing == "length" and status not in (204, 304):
        headers["content-length"] = str(sum(len(step) for step in response.steps if isinstance(step, bytes)))
    if not keep:
        headers["connection"] = "close"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
