"""A server that says exactly the bytes a test wants: real sockets on 127.0.0.1, in the test's own loop."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from nbchat.core.models import KeyPlace, Provider
from nbchat.core.secrets import Secret
from nbchat.providers.endpoint import Endpoint, Timeouts
from nbchat.providers.retry import RetryPolicy
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import Clock
from tests.support.clock import settle

Framing = Literal["chunked", "length", "close"]
Ending = Literal["fin", "rst", "none"]
KEY = "sk-CANARY-7f3a9c2e51"
DONE = b"data: [DONE]\n\n"


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    """One event of a stream."""
    delta = {} if text is None else {"content": text}
    body = {"id": "c1", "model": "tiny", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def usage(prompt: int = 9, completion: int = 2) -> bytes:
    """The usage chunk that has no choices."""
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return b"data: " + json.dumps({"id": "c1", "model": "tiny", "choices": [], "usage": counts}).encode() + b"\n\n"


HELLO = [chunk(""), chunk("Hel"), chunk("lo"), chunk(None, "stop"), usage(), DONE]


def framed(
    pieces: list[bytes], framing: Framing, head: str = "200 OK", kind: str = "text/event-stream", extra: str = ""
) -> bytes:
    """A whole response: status, headers, and the pieces framed."""
    lines = f"HTTP/1.1 {head}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "") + extra
    if framing == "chunked":
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"
        return (lines + "Transfer-Encoding: chunked\r\n\r\n").encode() + body
    if framing == "length":
        return (lines + f"Content-Length: {sum(map(len, pieces))}\r\n\r\n").encode() + b"".join(pieces)
    return (lines + "Connection: close\r\n\r\n").encode() + b"".join(pieces)


@dataclass
class Connection:
    """One accepted connection as the script sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    async def request(self) -> None:
        """Read one request; raises IncompleteReadError when the client has gone."""
        self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        lines = self.head.split("\r\n")[1:]
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        self.body = await self.reader.readexactly(int(self.headers.get("content-length", "0")))

    @property
    def json(self) -> Any:
        """The request's body."""
        return json.loads(self.body)

    async def send(self, data: bytes) -> None:
        """Send bytes now."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the client has closed."""
        try:
            while await self.reader.read(65_536):
                pass
        except ConnectionError:
            pass


Script = Callable[[Connection], Awaitable[None]]


@dataclass
class RawServer:
    """A running server: its base URL, the connections it got, and how many are open."""

    base_url: str
    connections: list[Connection] = field(default_factory=list)
    open: int = 0

    async def drained(self) -> None:
        """Wait until every connection is closed."""
        while self.open:  # noqa: ASYNC110 - the state is this loop's own, and a test bounds the wait
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(script: Script | bytes) -> AsyncIterator[RawServer]:
    """Run a server whose every connection plays `script`: read one request, then send these bytes and close, or a coroutine."""
    state = RawServer("")
    tasks: list[asyncio.Task[None]] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        state.connections.append(connection)
        state.open += 1
        try:
            if isinstance(script, bytes):
                await connection.request()
                await connection.send(script)
            else:
                await script(connection)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            state.open -= 1
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    state.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield state
    finally:
        await settle()  # let connections that are just being accepted arrive
        server.close()
        await settle()
        for connection in state.connections:
            connection.writer.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


def endpoint(
    base_url: str,
    *,
    clock: Clock | None = None,
    key: str | None = KEY,
    timeouts: Timeouts | None = None,
    retry: RetryPolicy | None = None,
    insecure: bool = False,
) -> Endpoint:
    """An endpoint of a test server."""
    provider = Provider("lab", base_url, key=KeyPlace("none" if key is None else "process"), insecure=insecure)
    secret = None if key is None else Secret(key)
    return Endpoint(
        lambda: provider,
        lambda: (provider, secret),
        clock or SystemClock(),
        timeouts=timeouts,
        retry=retry or RetryPolicy(retries=0),
    )
