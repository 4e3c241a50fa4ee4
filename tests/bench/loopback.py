"""The server of the ingest benchmarks: a process of its own that streams answers made beforehand, so that writing costs little.

`with Loopback() as url:` starts it. What it answers is said by the model's name: "burst-20000" is so many chunks written as
one piece of memory; "paced-50-250" is 250 chunks at 50 a second, each of them said to be written when it was;
"named-50-250-17" is the same, where each says too which one of answer 17 it is.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import json
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["CHUNK_BYTES", "MARK", "STAMP", "TOKEN", "Loopback"]

CHUNK_BYTES = 250
TOKEN = " 0123"
STAMP = "%016.6f"
"""What a paced token says: the `time.monotonic()` of its writing, always 16 characters."""
MARK = "%05d.%05d@"
"""What stands before that in a token of a named answer: the answer's number, and its own."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_LAST = b"0\r\n\r\n"
_GOLDEN = 0.618034  # phases of streams that begin together: spread evenly, however many they are
_Paced: TypeAlias = "tuple[float, int, Callable[[bytes], int], float, range, int | None, threading.Event]"
"""When the next token is due, a number of its own, how to send it, the pause between two, the numbers of those that are left, the
answer's name, the end."""


class Loopback:
    """The server's process; `with` gives its base URL."""

    def __enter__(self) -> str:
        command = [sys.executable, "-m", "tests.bench.loopback"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        return f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # it ends with its standard input


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    """One server-sent event as its own HTTP chunk, of `CHUNK_BYTES` bytes with the fields that OpenAI's servers send."""
    body = {
        "id": "chatcmpl-B7xkTnD2q9",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "any",
        "system_fingerprint": None,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        "usage": None,
        "obfuscation": "",
    }
    missing = CHUNK_BYTES - len(_data(body))
    body["obfuscation"] = "x" * missing
    data = _data(body)
    return b"%x\r\n%b\r\n" % (len(data), data)


def _data(body: dict[str, object]) -> bytes:
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def _done() -> bytes:
    data = b"data: [DONE]\n\n"
    return event({}, "stop") + b"%x\r\n%b\r\n" % (len(data), data) + _LAST


@functools.cache
def _burst(tokens: int) -> bytes:
    return _HEAD + event({"role": "assistant", "content": ""}) + event({"content": TOKEN}) * tokens + _done()


class _Pacer(threading.Thread):
    """Writes the tokens of all paced answers, each at its time, with the time at which it is written as their text."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._new: queue.SimpleQueue[_Paced] = queue.SimpleQueue()
        self._numbers = itertools.count(1)  # of answers that begin in threads of their own

    def play(self, connection: socket.socket, a_second: float, tokens: int, name: int | None = None) -> None:
        """Stream one answer; returns at its end."""
        begun = next(self._numbers)
        first = time.monotonic() + 0.3 + (begun * _GOLDEN % 1) / a_second
        ended = threading.Event()
        self._new.put((first, begun, connection.send, 1 / a_second, range(tokens), name, ended))
        ended.wait()

    def run(self) -> None:
        """Write what is due, for ever; half a millisecond early rather than asleep for every one."""
        plain, named = _around(STAMP % 0.0), _around(MARK % (0, 0) + STAMP % 0.0)
        clock, due = time.monotonic, list[_Paced]()
        while True:
            while not due or not self._new.empty():
                heapq.heappush(due, self._new.get())
            at, number, send, pause, left, name, ended = due[0]
            wait = at - clock()
            if wait > 0.0005:
                time.sleep(min(wait, 0.05))
                continue
            try:
                start, end = plain if name is None else named
                mark = "" if name is None else MARK % (name, left[0])
                send(start + (mark + STAMP % clock()).encode() + end)
                if len(left) == 1:
                    send(_done())
            except OSError:  # a client that has gone
                left = left[:1]
            if len(left) > 1:
                heapq.heapreplace(due, (at + pause, number, send, pause, left[1:], name, ended))
            else:
                heapq.heappop(due)
                ended.set()


def _around(text: str) -> tuple[bytes, bytes]:
    """What of an event stands before a text of this length, and behind it."""
    start, end = event({"content": text}).split(text.encode())
    return start, end


def _serve(connection: socket.socket, pacer: _Pacer) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    got = b""
    while True:
        while b"\r\n\r\n" not in got:
            more = connection.recv(65536)
            if not more:
                return
            got += more
        head, _, body = got.partition(b"\r\n\r\n")
        if head.startswith(b"GET "):  # it lists no models
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            got = body
            continue
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        got = body[length:]
        kind, *numbers = json.loads(body[:length])["model"].split("-")
        if kind == "burst":
            connection.sendall(_burst(int(numbers[0])))
        else:
            connection.sendall(_HEAD + event({"role": "assistant", "content": ""}))
            pacer.play(connection, float(numbers[0]), int(numbers[1]), int(numbers[2]) if kind == "named" else None)


def _serve_all(listener: socket.socket) -> None:
    pacer = _Pacer()
    pacer.start()

    def accepted(connection: socket.socket) -> None:
        try:
            _serve(connection, pacer)
        except OSError:
            pass  # a client that has gone
        finally:
            connection.close()

    while True:
        threading.Thread(target=accepted, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_serve_all, args=(listener,), daemon=True).start()
    sys.stdin.read()
