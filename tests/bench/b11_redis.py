"""B11: what it costs to keep an answer on a Redis server while it streams, beside the plainest program that does the same."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.rows import Row
from tests.support.redis_server import redis_server

_BATCHES, _RATE = 450, 30
"""What a session's coalescer lets through: 30 batches a second."""

_PROGRAM = """
import asyncio, sys, time
from nbchat.core.events import TextDelta
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import Job
from nbchat.streams.joining import join_streams

url, how, batches, rate, text = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]

async def paced(take):
    start = time.process_time()
    for number in range(batches):
        await asyncio.sleep(1 / rate)
        await take(number)
    print(time.process_time() - start)

async def nothing():
    held = []
    async def take(number):
        held.append(text)
    await paced(take)

async def xadd():
    import redis.asyncio
    server = redis.asyncio.Redis.from_url(url)
    held = []
    await server.ping()
    async def take(number):
        held.append(text)
        if number % (rate // 10) == 0:
            await server.xadd("plain", {"text": "".join(held)})
            held.clear()
    await paced(take)
    await server.aclose()

async def streams():
    streams = join_streams(url, SystemClock(), owner="bench", kernel="bench")
    await streams.jobs.create_job(Job("t1", "bench", "c1", 1))
    await streams.log.append("t1", 1, [TextDelta("begin")])
    await asyncio.sleep(0.5)
    async def take(number):
        await streams.log.append("t1", 1, [TextDelta(text)])
    await paced(take)
    await streams.close()

asyncio.run({"nothing": nothing, "xadd": xadd, "streams": streams}[how]())
"""


def run() -> list[Row]:
    """Take 30 batches a second for 15 s, on an event loop: through the streams, which join them to 10 entries a second, by one
    XADD of the joined text every 100 ms, and without sending anything; the three at once, each in its own process. The server
    writes to its disk once a second."""
    with (
        tempfile.TemporaryDirectory() as directory,
        redis_server(Path(directory), "--appendonly", "yes", "--appendfsync", "everysec") as server,
    ):
        children = {how: _start(how, server.url) for how in ("nothing", "xadd", "streams")}
        cpu = {how: float(child.communicate(timeout=300)[0]) / (_BATCHES * 10 / _RATE) * 1e6 for how, child in children.items()}
    ours, plain, idle = cpu["streams"], cpu["xadd"], cpu["nothing"]
    return [
        Row(
            "B11",
            "CPU of a program that keeps what comes on Redis, streams / one XADD per 100 ms",
            f"{ours:.0f} us an entry",
            f"{plain:.0f} us",
            ours / plain,
            1.5,
        ),
        Row(
            "B11",
            "the same, less that of a program that only takes it",
            f"{ours - idle:.0f} us",
            f"{plain - idle:.0f} us",
            (ours - idle) / (plain - idle),
        ),
    ]


def _start(how: str, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROGRAM, url, how, str(_BATCHES), str(_RATE), " 0123 4567"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
