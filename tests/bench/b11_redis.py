"""B11: what it costs to keep an answer on a Redis server while it streams, where others can follow it, beside the plainest
program that does the same."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.rows import Row
from tests.support.redis_server import redis_server

_ENTRIES = 150
_RATE = 30
"""Batches a second that a session's coalescer lets through; three of them make an entry."""

_PROGRAM = """
import asyncio, sys, time
from nbchat.core.events import TextDelta
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import Job
from nbchat.streams import open_streams
from nbchat.streams.joining import join_streams

url, how, entries, rate, text = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]

async def paced(take, keep=None):
    held = []
    start = time.process_time()
    for number in range(entries * 3):
        await asyncio.sleep(1 / rate)
        held.append(text)
        if take is not None:
            await take(text)
        if number % 3 == 0 and keep is not None:
            await keep("".join(held))
            held.clear()
    print(time.process_time() - start)

async def nothing():
    await paced(None)

async def xadd():
    import redis.asyncio
    server = redis.asyncio.Redis.from_url(url)
    await server.ping()
    async def keep(text):
        await server.xadd("plain", {"text": text})
    await paced(None, keep)
    await server.aclose()

async def log():
    jobs, log = open_streams(url, SystemClock(), owner="log")
    await jobs.create_job(Job("t1", "log", "c1", 1))
    await log.append("t1", 1, [TextDelta("begin")])
    async def keep(text):
        await log.append("t1", 1, [TextDelta(text)])
    await paced(None, keep)
    await jobs.close()
    await log.close()

async def kernel():
    streams = join_streams(url, SystemClock(), owner="kernel", kernel="kernel")
    await streams.jobs.create_job(Job("t1", "kernel", "c1", 1))
    await streams.log.append("t1", 1, [TextDelta("begin")])
    while not (await streams.figures())["sent"]:
        await asyncio.sleep(0.01)
    async def take(text):
        await streams.log.append("t1", 1, [TextDelta(text)])
    await paced(take)
    await streams.close()

asyncio.run({"nothing": nothing, "xadd": xadd, "log": log, "kernel": kernel}[how]())
"""


def run() -> list[Row]:
    """Take 30 batches a second for 15 s, on an event loop, and keep 10 entries a second of joined text: in a log on Redis, by one
    XADD, not at all, and as a kernel does that has a log of its own too and gives signs of life; all at once, each in its own
    process. The server writes to its disk once a second."""
    with (
        tempfile.TemporaryDirectory() as directory,
        redis_server(Path(directory), "--appendonly", "yes", "--appendfsync", "everysec") as server,
    ):
        children = {how: _start(how, server.url) for how in ("nothing", "xadd", "log", "kernel")}
        cpu = {how: float(child.communicate(timeout=300)[0]) / _ENTRIES * 1e6 for how, child in children.items()}
    plain, idle = cpu["xadd"], cpu["nothing"]
    return [
        _row("CPU of a program that keeps what comes, the log on Redis / one XADD per 100 ms", cpu["log"], plain, 1.5),
        _row("the same, less that of a program that only takes it", cpu["log"] - idle, plain - idle),
        _row("the same with a kernel's own log, the way from it, and signs of life", cpu["kernel"], plain),
    ]


def _row(what: str, ours: float, plain: float, target: float | None = None) -> Row:
    return Row("B11", what, f"{ours:.0f} us an entry", f"{plain:.0f} us", ours / plain, target)


def _start(how: str, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROGRAM, url, how, str(_ENTRIES), str(_RATE), " 0123 4567"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
