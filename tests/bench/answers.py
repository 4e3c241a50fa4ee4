"""The answers that benchmarks stream, and what a raw socket needs to read them: the floor under every ratio."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from nbchat.testing import Gate, Reply, ScriptedServer

__all__ = ["RAW", "paced", "raw_reader", "stamped", "words"]

_ASKED = {"model": "any", "stream": True, "messages": [{"role": "user", "content": "go"}]}


def words(tokens: int) -> list[str]:
    """Return this many tokens of five bytes each."""
    return [f" {n % 10000:04d}" for n in range(tokens)]


def paced(tokens: int, a_second: float = 0.0) -> Reply:
    """Return an answer of so many five-byte tokens a second; 0 is as fast as the server can."""
    return Reply.text(tokens=words(tokens), delay=1 / a_second if a_second else 0.0)


def stamped(tokens: int, pause: float, gate: Gate | None = None) -> Reply:
    """Return an answer whose tokens say when they were written (`time.monotonic()`, in microseconds), `pause` seconds apart.

    A gate, if there is one, is passed between the opening and the first token.
    """

    def items() -> Iterator[Any]:
        yield _chunk({"role": "assistant", "content": ""})
        if gate is not None:
            yield gate
        for _ in range(tokens):
            yield pause
            yield _chunk({"content": f"{time.monotonic() * 1e6:.0f} "})
        yield _chunk({}, "stop")
        yield "[DONE]"

    return Reply.events(items())


def _chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 0, "model": "any", "choices": choices}


RAW = """
import json, socket, sys, time
import msgspec

class Delta(msgspec.Struct):
    content: str | None = None

class Choice(msgspec.Struct):
    delta: Delta

class Chunk(msgspec.Struct):
    choices: list[Choice]

port, key, body = int(sys.argv[1]), sys.argv[2], sys.argv[3].encode()
decode = msgspec.json.Decoder(Chunk).decode
sock = socket.create_connection(("127.0.0.1", port))
head = ["POST /v1/chat/completions HTTP/1.1", "host: x", f"authorization: Bearer {key}", f"content-length: {len(body)}"]
sock.sendall("\\r\\n".join([*head, "connection: close", "", ""]).encode() + body)
chunks, delays, buffer = 0, [], b""
start = time.process_time()
while data := sock.recv(65536):
    now = time.monotonic()
    *lines, buffer = (buffer + data).split(b"\\n")
    for line in lines:
        if line.startswith(b"data: {"):
            for choice in decode(line[6:]).choices:
                chunks += 1
                if choice.delta.content and choice.delta.content[-1] == " ":
                    delays.append(now - float(choice.delta.content) / 1e6)
print(json.dumps({"cpu": time.process_time() - start, "chunks": chunks, "delays": delays}))
"""
"""A client that does nothing but read a socket and decode with msgspec; says its CPU seconds, chunks and delays."""


def raw_reader(server: ScriptedServer) -> dict[str, Any]:
    """Read the server's next answer by a raw socket, in a process of its own."""
    command = [sys.executable, "-c", RAW, str(server.port), server.api_key or "", json.dumps(_ASKED)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
