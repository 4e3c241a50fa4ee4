"""Measures one contestant of the ingest benchmarks in a process of its own: `measure(...)` starts it and returns what it says.

CPU is the whole process's, user and system, so that a client cannot hide work on a thread.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.clients import Client
from tests.bench.loopback import STAMP, TOKEN

__all__ = ["CONTESTANTS", "measure"]

CONTESTANTS = {
    "raw socket": "clients.RawSocket",
    "raw asyncio": "clients.RawAsyncio",
    "thin": "clients.Thin",
    "httpx": "clients.Httpx",
    "httpx-sse": "clients.HttpxSse",
    "openai": "clients.OpenAi",
    "openai sync": "clients.OpenAiSync",
    "nbchat": "ways_in.WayIn",
    "nbchat stock": "ways_in.StockWayIn",
    "nbchat app": "ways_in.App",
}
_STAMP = len(STAMP % 0)
_FIRSTS = 20
_BURSTS = 5


def measure(contestant: str, base_url: str, kind: str, *numbers: float) -> dict[str, Any]:
    """Run one contestant in a fresh process and return its figures; raises RuntimeError with what it said when it fails."""
    command = [sys.executable, "-m", "tests.bench.ingesting", contestant, base_url, kind, *map(str, numbers)]
    with tempfile.TemporaryDirectory(prefix="nbchat-bench-") as home:
        env = {**os.environ, "NBCHAT_HOME": home}
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=env, check=False)
    if done.returncode:
        raise RuntimeError(f"{contestant}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _peak() -> float:
    """The most memory that this process has ever held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss is inherited from whoever started us (getrusage(2), Linux)
        return int(status.read_text().partition("VmHWM:")[2].split(None, 1)[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


async def _burst(client: Client, base_url: str, tokens: int) -> dict[str, Any]:
    """Time to the first token, cold and warm; then one long answer as fast as it comes."""
    bare, start = _peak(), time.process_time()
    client.load()
    found: dict[str, Any] = {"import_cpu": time.process_time() - start, "import_memory": _peak() - bare}
    firsts: list[float] = []
    for _ in range(_FIRSTS + 1):
        came: list[float] = []

        def took(_: str, came: list[float] = came) -> None:
            came.append(time.perf_counter())

        begin = time.perf_counter()
        if not firsts:
            await client.open(base_url)
        await client.ask("burst-1", took)
        firsts.append(came[0] - begin)
    found["first_cold"], found["first_warm"] = firsts[0], statistics.median(firsts[1:])
    before, costs = _peak(), []
    for _ in range(_BURSTS):
        pieces: list[str] = []
        gc.collect()
        start = time.process_time()
        await client.ask(f"burst-{tokens}", pieces.append)
        costs.append((time.process_time() - start) / tokens)
        assert "".join(pieces) == TOKEN * tokens, "the answer is not what was sent"
    found["cpu"], found["memory"] = statistics.median(costs), _peak() - before
    return found


class _Live:
    """Many answers at a time, and the span in which all of them run: from when each has begun until the first one ends."""

    def __init__(self, client: Client, streams: int, a_second: float, tokens: int) -> None:
        self._client = client
        self._streams = streams
        self._a_second = a_second
        self._tokens = tokens
        self._begun = 0
        self._marks: list[tuple[float, float]] = []  # (monotonic, CPU seconds) at the span's start and end

    async def run(self) -> dict[str, Any]:
        came = await asyncio.gather(*(self._one() for _ in range(self._streams)))
        (start, cpu), (end, cpu_end) = self._marks[:2]
        delays, late, tokens = [], [], 0
        for stream in came:
            stamps = [(now, float(text[at : at + _STAMP])) for now, text in stream for at in range(0, len(text), _STAMP)]
            assert len(stamps) == self._tokens, "tokens were lost"
            late += [sent - stamps[0][1] - index / self._a_second for index, (_, sent) in enumerate(stamps)]
            delays += [now - sent for now, sent in stamps if start < now <= end]
        tokens = len(delays)
        return {
            "cpu": (cpu_end - cpu) / tokens,
            "cores": (cpu_end - cpu) / (end - start),
            "lag": _percentile(delays, 99),
            "lag_median": _percentile(delays, 50),
            "server_late": _percentile(late, 99),
            "span": end - start,
            "tokens": tokens,
        }

    async def _one(self) -> list[tuple[float, str]]:
        came: list[tuple[float, str]] = []
        await self._client.ask(f"paced-{self._a_second}-{self._tokens}", self._taker(came))
        self._mark()
        return came

    def _taker(self, came: list[tuple[float, str]]) -> Callable[[str], None]:
        clock = time.monotonic

        def took(text: str) -> None:
            if not came:
                self._begun += 1
                if self._begun == self._streams:
                    self._mark()
            came.append((clock(), text))

        return took

    def _mark(self) -> None:
        self._marks.append((time.monotonic(), time.process_time()))


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


async def _main(contestant: str, base_url: str, kind: str, numbers: list[float]) -> dict[str, Any]:
    module, _, name = CONTESTANTS[contestant].partition(".")
    client: Client = getattr(__import__(f"tests.bench.{module}", fromlist=[name]), name)()
    if kind == "burst":
        found = await _burst(client, base_url, int(numbers[0]))
    else:
        client.load()
        await client.open(base_url)
        await client.ask("burst-1", lambda _: None)
        found = await _Live(client, int(numbers[0]), numbers[1], int(numbers[2])).run()
    await client.aclose()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_main(sys.argv[1], sys.argv[2], sys.argv[3], [float(number) for number in sys.argv[4:]]))))
