"""Bombs: responses that are far larger than any answer, and how much memory a client takes for one.

`python -m tests.providers.bombs BASE_URL TRANSPORT` asks twice, first for an ordinary answer (what is loaded then is not
counted), and prints the error and the growth in kB of the second time: in a process of its own, nothing else is measured.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from nbchat.core.errors import ProviderError
from tests.providers.cutting import REQUEST, Transport, reached
from tests.providers.raw_server import HELLO, Connection, RawServer, Script, chunk, framed

__all__ = ["BOMBS", "SIZE", "bombing"]

SIZE = 100 * 1024 * 1024
_PIECE = 64 * 1024
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{extra}\r\n"
_STATUS = Path("/proc/self/status")


def _head(kind: str = "text/event-stream", extra: str = "") -> bytes:
    return _HEAD.format(kind=kind, extra=extra).encode()


def _zeros(size: int) -> bytes:
    return gzip.compress(bytes(size), 9)


# The name of a bomb: what is sent before it, what it is made of (again and again), and the kind of error that it is.
BOMBS: dict[str, tuple[Callable[[], bytes], bytes, str]] = {
    "a line": (lambda: _head() + chunk("Hello") + b"data: ", b"x" * _PIECE, "protocol"),
    "a line that is the first": (lambda: _head(), b"x" * _PIECE, "protocol"),
    "an event of many lines": (lambda: _head(), b"data: x\n" * (_PIECE // 8), "protocol"),
    "a text in JSON": (lambda: _head() + b'data: {"choices":[{"delta":{"content":"', b"x" * _PIECE, "protocol"),
    "one HTTP chunk": (lambda: _head(extra="Transfer-Encoding: chunked\r\n") + b"%x\r\ndata: " % SIZE, b"x" * _PIECE, "protocol"),
    "a completion": (lambda: _head("application/json") + b'{"choices":"', b"x" * _PIECE, "protocol"),
    "a page": (lambda: _head("text/html"), b"<p>" * (_PIECE // 3), "protocol"),
    "a refusal": (lambda: b"HTTP/1.1 400 Bad\r\n\r\n", b"no " * (_PIECE // 3), "invalid"),
    "headers": (lambda: b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"a" * (_PIECE - 7) + b"\r\n", "network"),
    "gzip": (lambda: _head(extra="Content-Encoding: gzip\r\n") + _zeros(SIZE), b"", "protocol"),
    "gzip as a transfer": (lambda: _head(extra="Transfer-Encoding: gzip\r\n") + _zeros(SIZE), b"", "network"),
    "gzip of a refusal": (lambda: b"HTTP/1.1 500 X\r\nContent-Encoding: gzip\r\n\r\n" + _zeros(SIZE), b"", "server"),
}


def bombing(name: str) -> Script:
    """An ordinary answer for the first request, then the bomb, until the client goes."""
    first, piece, _ = BOMBS[name]
    asked = 0

    async def script(connection: Connection) -> None:
        nonlocal asked
        await connection.request()
        asked += 1
        if asked == 1:
            await connection.send(framed(HELLO, "close"))
            return
        await connection.send(first())
        for _ in range(SIZE // _PIECE if piece else 0):
            await connection.send(piece)

    return script


async def _asked(base_url: str, transport: Transport) -> AsyncIterator[ProviderError | None]:
    for _ in range(2):
        with reached(RawServer(base_url), transport) as provider:
            try:
                async for _batch in provider.stream(REQUEST):
                    pass
                yield None
            except ProviderError as error:
                yield error
            finally:
                await provider.aclose()


def _field(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])


def _memory() -> tuple[int, Callable[[], int]]:
    """Return what this process holds now, in kB, and a function that gives the most that it held since."""
    if _STATUS.exists():  # Linux: the highest resident set, set back first, for what was loaded peaked higher
        Path("/proc/self/clear_refs").write_text("5")
        return _field("VmRSS"), lambda: _field("VmHWM")
    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(
        resource.RUSAGE_SELF
    ).ru_maxrss // unit, lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


async def _main(base_url: str, transport: Transport) -> dict[str, object]:
    answers = _asked(base_url, transport)
    assert await anext(answers) is None
    before, peak = _memory()
    error = await anext(answers)
    return {"kind": None if error is None else error.kind, "text": str(error), "growth": peak() - before}


if __name__ == "__main__":
    wanted: Transport = "stock" if sys.argv[2] == "stock" else "direct"
    print(json.dumps(asyncio.run(_main(sys.argv[1], wanted))))
