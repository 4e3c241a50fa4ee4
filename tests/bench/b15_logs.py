"""B15: what a log costs: to append a batch, to see it in another process, and to wait for one that does not come."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.rows import Row
from tests.support.redis_server import redis_server

_BATCHES = 150
_PACE = 0.033
"""Seconds between two batches: an answer that somebody watches is told of 30 times a second."""
_IDLE = 5.0
_TARGETS = {"sqlite": 60.0, "redis": 10.0}
"""Milliseconds from the begin of an append in one kernel to the callback in another, half of the times."""

_PROGRAM = """
import asyncio, json, os, sqlite3, statistics, sys, time
from nbchat.core.events import TextDelta
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import Job, StreamsError
from nbchat.streams import open_streams

role, url, batches, pace, idle = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
TEXT = " 0123" * 12

def say(**found):
    print(json.dumps(found), flush=True)

def late(entry):
    return (time.monotonic() - float(entry.events[0].text.split()[0])) * 1e3

async def write(log, tails=None):
    took = []
    for _ in range(batches):
        await asyncio.sleep(pace)
        began = time.monotonic()
        await log.append("t1", 1, [TextDelta(f"{began} {TEXT}")])
        took.append((time.monotonic() - began) * 1e3)
    return took

async def writer():
    jobs, log = open_streams(url, SystemClock())
    for again in range(10):  # a server that has just been started is slow on a busy machine
        try:
            await jobs.create_job(Job("t1", "local", "c1", 1))
            break
        except StreamsError:
            await asyncio.sleep(1)
    await log.append("t1", 1, [TextDelta(f"{time.monotonic()} begin")])
    say(ready=True)
    await asyncio.to_thread(sys.stdin.readline)
    cpu = time.process_time()
    took = await write(log)
    say(took=took, cpu=(time.process_time() - cpu) / batches * 1e6)
    await log.close(); await jobs.close()

async def reader():
    jobs, log = open_streams(url, SystemClock())
    seen, all_there = [], asyncio.Event()
    def chunk(entry):
        seen.append(late(entry))
        if len(seen) == batches:
            all_there.set()
    assert await log.attach("t1", on_chunk=chunk)
    say(ready=True)
    cpu = time.process_time()
    await all_there.wait()
    say(took=seen, cpu=(time.process_time() - cpu) / batches * 1e6)
    await log.close(); await jobs.close()

async def both():
    jobs, log = open_streams(url, SystemClock())
    seen = []
    log.subscribe("t1", on_chunk=lambda entry: seen.append(late(entry)))
    took = await write(log)
    say(took=took, tail=seen)

async def stdlib():
    db = sqlite3.connect(url, isolation_level=None)
    db.execute("PRAGMA journal_mode = wal"); db.execute("PRAGMA synchronous = off")
    db.execute("CREATE TABLE entries (log INTEGER, seq INTEGER, text TEXT, PRIMARY KEY (log, seq))")
    took = []
    for number in range(batches):
        await asyncio.sleep(pace)
        began = time.monotonic()
        db.execute("INSERT INTO entries VALUES (1, ?, ?)", (number, f"{began} {TEXT}"))
        took.append((time.monotonic() - began) * 1e3)
    say(took=took)

async def pipe():
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(read)
        for _ in range(batches):
            time.sleep(pace)
            os.write(write, f"{time.monotonic()} {TEXT}\\n".encode())
        os._exit(0)
    os.close(write)
    stream = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(read, "rb"))
    took = []
    async for line in stream:
        took.append((time.monotonic() - float(line.split()[0])) * 1e3)
    say(took=took)

async def waiter():
    jobs, log = open_streams(url, SystemClock())
    if role in ("watch", "follow"):
        jobs.watch(lambda job: None)
        await jobs.initialize()
    if role == "follow":
        await log.append("quiet", 1, [TextDelta("a")])
        assert await log.attach("quiet", on_chunk=lambda entry: None)
    await asyncio.sleep(0.5)
    cpu = time.process_time()
    await asyncio.sleep(idle)
    say(percent=(time.process_time() - cpu) / idle * 100)
    await log.close(); await jobs.close()

asyncio.run(globals().get(role, waiter)())
"""


def run() -> list[Row]:
    """Each backend's figures, beside a plain insert, a pipe between two processes, and a program that only sleeps."""
    rows = list[Row]()
    with _places() as urls:
        insert = _half(_result(_start("stdlib", urls["stdlib"]))["took"])
        piped = _half(_result(_start("pipe", "memory:"))["took"])
        sleeping = _result(_start("sleep", "memory:"))["percent"]
        memory = _result(_start("both", "memory:"))
        rows.append(_row("memory, append a batch", memory["took"], insert, "sqlite3 insert"))
        rows.append(_row("memory, append to callback, one process", memory["tail"], piped, "pipe"))
        for name in [name for name in urls if name != "stdlib"]:
            rows += _shared(name, urls[name], insert, piped)
            rows += [_idle(name, urls[name], role, sleeping) for role in ("watch", "follow")]
    return rows


def _shared(name: str, url: str, insert: float, piped: float) -> Iterator[Row]:
    writer, reader = _start("writer", url), None
    try:
        _line(writer)
        reader = _start("reader", url)
        _line(reader)
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
        wrote, read = _result(writer), _result(reader)
    finally:
        for each in (writer, reader):
            if each is not None and each.poll() is None:
                each.kill()
    appended = _row(f"{name}, append a batch", wrote["took"], insert, "sqlite3 insert")
    yield replace(appended, also=f"{appended.also}; {wrote['cpu']:.0f} us of CPU a batch")
    latency = _half(read["took"])
    yield Row(
        "B15",
        f"{name}, append in one process to callback in another, p50 in ms",
        f"{latency:.2f} ms",
        f"{piped:.2f} ms (pipe)",
        latency,
        _TARGETS[name],
        f"p99 {_most(read['took']):.1f} ms; {read['cpu']:.0f} us of CPU a batch",
    )


def _idle(name: str, url: str, role: str, sleeping: float) -> Row:
    percent = _result(_start(role, url))["percent"]
    what = "watches jobs" if role == "watch" else "follows a log"
    return Row(
        "B15",
        f"{name}, idle CPU of a process that {what}, % of a core",
        f"{percent:.2f} %",
        f"{sleeping:.2f} % (sleeps)",
        percent,
        2,
    )


def _row(what: str, took: list[float], baseline: float, of: str) -> Row:
    half = _half(took)
    return Row(
        "B15", f"{what}, p50", f"{half:.3f} ms", f"{baseline:.3f} ms ({of})", half / baseline, None, f"p99 {_most(took):.2f} ms"
    )


def _half(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _most(values: list[float]) -> float:
    return sorted(values)[len(values) * 99 // 100]


@contextmanager
def _places() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory) / "redis") as server:
        plain, shared = Path(directory) / "plain.db", Path(directory) / "streams.db"
        yield {"stdlib": str(plain), "sqlite": f"sqlite:{shared}", "redis": server.url}


def _start(role: str, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROGRAM, role, url, str(_BATCHES), str(_PACE), str(_IDLE)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(child: subprocess.Popen[str]) -> Any:
    assert child.stdout is not None
    return json.loads(child.stdout.readline())


def _result(child: subprocess.Popen[str]) -> Any:
    with child:
        return _line(child)
