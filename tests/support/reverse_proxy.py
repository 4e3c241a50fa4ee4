"""A reverse proxy as it stands before many servers: it passes answers on at once, or buffers them as nginx does by default."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["ReverseProxy", "reverse_proxy"]


@dataclass
class ReverseProxy:
    """A running one: its base URL."""

    base_url: str


async def _head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@contextmanager
def reverse_proxy(upstream: str, *, buffer: int | None = None) -> Iterator[ReverseProxy]:
    """Run one before `upstream` (a base URL). `buffer` bytes of a body are kept and go together, and what is left at its end;
    None passes everything on at once. It has a thread and a loop of its own, as another program would."""
    parts = urlsplit(upstream)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    place: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, forth = await asyncio.open_connection(parts.hostname, parts.port)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            while True:
                asked = await _head(reader)
                forth.write(asked + await reader.readexactly(_length(asked)))
                head = await _head(behind)
                writer.write(head)
                await _pass_on(behind, writer, buffer, None if b"chunked" in head.lower() else _length(head))
        forth.transport.abort()
        writer.transport.abort()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        place.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{parts.path}")
        started.set()
        await stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield ReverseProxy(place[0])
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


async def _pass_on(behind: asyncio.StreamReader, writer: asyncio.StreamWriter, buffer: int | None, length: int | None) -> None:
    """Pass a body on, of `length` bytes or (None) in chunks: those are as they were, whatever is kept of them."""
    kept, size, end = b"", 0, b""
    while end != b"0\r\n\r\n" if length is None else size < length:
        data = await behind.read(65_536)
        if not data:
            break
        kept, size, end = kept + data, size + len(data), (end + data)[-5:]
        if buffer is None:
            writer.write(kept)
            kept = b""
        while buffer is not None and len(kept) >= buffer:
            writer.write(kept[:buffer])
            kept = kept[buffer:]
    writer.write(kept)
    await writer.drain()
