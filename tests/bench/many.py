"""Measures many answers at a time in one process: `measure(...)` starts it, and returns what it says.

Every token names its answer and its place there (`loopback`: "named"), so that each final text is compared with what was sent to
that very stream. CPU is the whole process's; memory is what it holds at most above what it held before the first of them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.clients import Client, OpenAi, RawAsyncio
from tests.bench.house import WholeSessions
from tests.bench.loopback import MARK, STAMP

__all__ = ["measure"]

_MARK, _STAMP = len(MARK % (0, 0)), len(STAMP % 0.0)
_PROBE = 0.01
"""Seconds between two looks at the loop's clock."""


def measure(
    contestant: str, base_url: str, streams: int, a_second: float, tokens: int, *, place: str = "", one_core: bool = False
) -> dict[str, Any]:
    """Stream so many answers of `tokens` tokens, in a fresh process; raises RuntimeError with what it said when it fails.

    `contestant` is "raw asyncio", "openai" or "nbchat", whose sessions' streams are at `place` (the value of NBCHAT_STREAMS).
    Times in s, memory in MB; `cores` is CPU seconds a second while all answers run; `lag` is from the server's write to the text
    being told, `loop` by how much the loop's timers are late, `server_late` how late the server wrote: each at the 99th of 100.
    `together` is whether all of them ran at one time. With `one_core` the process has one, whatever the machine has (Linux).
    """
    numbers = map(str, (streams, a_second, tokens))
    command = [sys.executable, "-m", "tests.bench.many", contestant, base_url, *numbers, place, str(int(one_core))]
    with tempfile.TemporaryDirectory(prefix="nbchat-bench-") as home:
        env = {**os.environ, "NBCHAT_HOME": home}
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, env=env, check=False)
    if done.returncode:
        raise RuntimeError(f"{contestant} {place}: {done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class _Many:
    """The answers of one run, and the span in which all of them run: from when each has begun until the first one ends."""

    def __init__(self, client: Client, streams: int, a_second: float, tokens: int) -> None:
        self._client = client
        self._a_second = a_second
        self._tokens = tokens
        self.models = [f"named-{a_second}-{tokens}-{number}" for number in range(streams)]
        self._begun = 0
        self._all_begun = 0.0
        self._marks: list[tuple[float, float]] = []
        self._late: list[tuple[float, float]] = []

    async def run(self) -> dict[str, Any]:
        probing = asyncio.create_task(self._probe())
        came = await asyncio.gather(*map(self._one, range(len(self.models))))
        probing.cancel()
        together = self._marks[0][0] == self._all_begun
        (start, cpu), (end, cpu_end) = self._marks[:2] if together else (self._marks[0], self._marks[-1])
        lags, late = list[float](), list[float]()
        for number, pieces in enumerate(came):
            stamps = self._checked(number, pieces)
            first = stamps[0][1]
            late += [sent - first - index / self._a_second for index, (_, sent) in enumerate(stamps)]
            lags += [now - sent for now, sent in stamps if start < now <= end]
        loop = [late for at, late in self._late if start < at <= end]
        return {
            "together": together,
            "cores": (cpu_end - cpu) / (end - start),
            "cpu": (cpu_end - cpu) / len(lags),
            "lag": _percentile(lags, 99),
            "lag_median": _percentile(lags, 50),
            "loop": _percentile(loop, 99),
            "loop_median": _percentile(loop, 50),
            "loop_most": max(late for _, late in self._late),
            "server_late": _percentile(late, 99),
            "span": end - start,
            "pieces": sum(map(len, came)) / len(came),
        }

    async def _one(self, number: int) -> list[tuple[float, str]]:
        came: list[tuple[float, str]] = []

        def took(text: str) -> None:
            if not came:
                self._begun += 1
                if self._begun == len(self.models):
                    self._all_begun = time.monotonic()
                    self._marks.append((self._all_begun, time.process_time()))
            came.append((time.monotonic(), text))

        await self._client.ask(self.models[number], took)
        self._marks.append((time.monotonic(), time.process_time()))
        return came

    def _checked(self, number: int, pieces: list[tuple[float, str]]) -> list[tuple[float, float]]:
        """When each token came, and when it was sent; raises AssertionError where one is missing, doubled or another answer's."""
        width, found = _MARK + _STAMP, list[tuple[float, float]]()
        for now, text in pieces:
            for at in range(0, len(text), width):
                mark, stamp = text[at : at + _MARK], text[at + _MARK : at + width]
                assert mark == MARK % (number, len(found)), f"answer {number} has {mark!r} as its token {len(found)}"
                found.append((now, float(stamp)))
        assert len(found) == self._tokens, f"answer {number} has {len(found)} tokens of {self._tokens}"
        return found

    async def _probe(self) -> None:
        while True:
            due = time.monotonic() + _PROBE
            await asyncio.sleep(_PROBE)
            now = time.monotonic()
            self._late.append((now, now - due))


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


def _memory(field: str) -> float:
    """VmRSS is what this process holds, VmHWM the most that it has held, in MB (proc(5), Linux)."""
    return int(Path("/proc/self/status").read_text().partition(f"{field}:")[2].split(None, 1)[0]) / 1024


async def _main(contestant: str, base_url: str, streams: int, a_second: float, tokens: int, place: str) -> dict[str, Any]:
    client: Client
    if contestant == "nbchat":
        client = WholeSessions(Path(os.environ["NBCHAT_HOME"]), place)
    else:
        client = OpenAi() if contestant == "openai" else RawAsyncio()
    client.load()
    await client.open(base_url)
    await client.ask("burst-1", lambda _: None)
    gc.collect()
    idle = _memory("VmRSS")
    many = _Many(client, streams, a_second, tokens)
    if isinstance(client, WholeSessions):
        for model in many.models:
            await client.prepare(model)
    found = await many.run()
    found["memory"] = _memory("VmHWM") - idle
    await client.aclose()
    return found


if __name__ == "__main__":
    _contestant, _url, _streams, _rate, _tokens, _place, _one_core = sys.argv[1:]
    if _one_core == "1":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(json.dumps(asyncio.run(_main(_contestant, _url, int(_streams), float(_rate), int(_tokens), _place))))
