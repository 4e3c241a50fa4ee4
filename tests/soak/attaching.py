"""A kernel streams, another one comes at any moment: what it shows is the answer, to the byte.

`python -m tests.soak.attaching [--samples 200] [--seed N] [--streams URL]` runs the full number; the tests run a seeded sample.

The answers come from a process of their own, through the streams as kernels have them; this process attaches to them before
their first batch, in the middle, and after their end.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from nbchat.core.events import Event, ReasoningDelta, TextDelta, TurnEnd
from nbchat.core.messages import Part, ReasoningPart, TextPart
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import EventLogEntry, Job, OtherKernels
from nbchat.streams.joining import join_streams
from tests.contracts.streams_base import END, START, a_job

ROOT = Path(__file__).parents[2]
BATCHES = 80
PACE = 0.005
"""Seconds between two batches: an answer takes half a second."""
AT_ONCE = 10
"""How many readers come to each answer."""
PATIENCE = 30.0

Kind = type[TextDelta | ReasoningDelta]


def batch(stream: str, number: int) -> list[TextDelta | ReasoningDelta]:
    """What an answer goes on with: of all sizes, in several scripts."""
    chance = random.Random(f"{stream} {number}")
    words = chance.choices(("grüße ", "\U0001f600", "line\n", "字", "a" * 40, f"{number} "), k=chance.randrange(1, 5))
    kind: Kind = ReasoningDelta if number < BATCHES // 4 else TextDelta
    return [kind(word) for word in words]


def whole(stream: str) -> tuple[str, str]:
    """Reasoning and text of an answer."""
    events = [event for number in range(BATCHES) for event in batch(stream, number)]
    return (
        "".join(event.text for event in events if isinstance(event, ReasoningDelta)),
        "".join(event.text for event in events if isinstance(event, TextDelta)),
    )


# ---------------------------------------------------------------- the child


async def stream_for_ever(url: str) -> None:
    """Stream one answer after the other."""
    streams = join_streams(url, SystemClock(), owner="me", kernel="child")
    for answer in range(10**6):
        stream = f"answer-{answer}"
        await streams.jobs.create_job(a_job(stream))
        await streams.log.append(stream, 1, [START])
        for number in range(BATCHES):
            await asyncio.sleep(PACE)
            await streams.log.append(stream, 1, batch(stream, number))
        await streams.log.append(stream, 1, [END])
        await streams.jobs.update_job(stream, 1, status="complete")


# ---------------------------------------------------------------- the judge


class Shown:
    """What one reader shows: the state with which it began, and all that came since."""

    def __init__(self) -> None:
        self.reasoning = self.text = ""
        self.entries = self.gaps = 0
        self.seq = 0
        self.lost = False
        self.ended = asyncio.Event()
        self._early: list[EventLogEntry] | None = []

    def begin(self, parts: tuple[Part, ...], seq: int, end: Event | None) -> None:
        """Take over what had come."""
        self.reasoning = "".join(part.text for part in parts if isinstance(part, ReasoningPart))
        self.text = "".join(part.text for part in parts if isinstance(part, TextPart))
        self.seq = seq
        if end is not None:
            self.ended.set()
        early, self._early = self._early or [], None
        for entry in early:
            self.entered(entry)

    def entered(self, entry: EventLogEntry) -> None:
        if self._early is not None:
            self._early.append(entry)
            return
        assert entry.after == self.seq, f"{entry.after} follows {self.seq}"
        self.entries, self.seq = self.entries + 1, entry.seq
        for event in entry.events:
            if isinstance(event, ReasoningDelta):
                self.reasoning += event.text
            elif isinstance(event, TextDelta):
                self.text += event.text
            elif isinstance(event, TurnEnd):
                self.ended.set()

    def missed(self) -> None:
        self.lost = True
        self.ended.set()


async def attach_once(others: OtherKernels, job: Job, wait: float) -> str:
    """Come to an answer after so many seconds, and read it to its end; returns when that was. Raises where it differs."""
    await asyncio.sleep(wait)
    when, shown = await read(others, job)
    gaps = 0
    while shown.lost:
        gaps += 1
        _, shown = await read(others, job)
    assert (shown.reasoning, shown.text) == whole(job.stream_id), job.stream_id
    return when if not gaps else f"{when}, with a gap"


async def read(others: OtherKernels, job: Job) -> tuple[str, Shown]:
    """Attach, and read to the end or to a gap; returns also when that was."""
    shown = Shown()
    found = None
    for _ in range(200):  # its log may not have begun
        found = await others.attach(job, on_entry=shown.entered, on_gap=shown.missed)
        if found is not None:
            break
        await asyncio.sleep(0.01)
    assert found is not None, "there is no log"
    state, held = found
    shown.begin(state.aggregated_content, state.last_seq, state.final_event)
    await asyncio.wait_for(shown.ended.wait(), PATIENCE)
    held.unsubscribe()
    return "after its end" if state.final_event else "at its beginning" if state.last_seq <= 1 else "in the middle", shown


async def judge(url: str, samples: int, chance: random.Random) -> dict[str, int]:
    """Attach so many times, some to each answer that begins; returns how often when."""
    streams = join_streams(url, SystemClock(), owner="me", kernel="judge")
    assert streams.others is not None
    begun: asyncio.Queue[Job] = asyncio.Queue()

    def seen(job: Job) -> None:
        if job.status == "running":
            begun.put_nowait(job)

    held = streams.others.watch(seen)
    await streams.others.running("none")  # the watch has begun
    command = [sys.executable, "-m", "tests.soak.attaching", "--child", url]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    reading = list[asyncio.Task[str]]()
    try:
        while len(reading) < samples:
            job = await asyncio.wait_for(begun.get(), PATIENCE)
            for _ in range(min(AT_ONCE, samples - len(reading))):
                wait = chance.uniform(0, BATCHES * PACE * 1.5)
                reading.append(asyncio.ensure_future(attach_once(streams.others, job, wait)))
        return dict(Counter(await asyncio.gather(*reading)))
    finally:
        child.kill()
        await child.wait()
        held.unsubscribe()
        await streams.close()


def run(samples: int, seed: int, url: str) -> dict[str, int]:
    """Attach `samples` times; returns how often when. Raises AssertionError for a broken promise."""
    return asyncio.run(judge(url, samples, random.Random(seed)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--streams", help="what NBCHAT_STREAMS is set to (a file of its own)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        asyncio.run(stream_for_ever(arguments.child))
        return
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    with tempfile.TemporaryDirectory() as directory:
        began = time.perf_counter()
        found = run(arguments.samples, seed, arguments.streams or f"sqlite:{Path(directory) / 'streams.db'}")
        took = time.perf_counter() - began
    print(f"attached {arguments.samples} times (seed {seed}) in {took:.0f} s: all equal, {found}")


if __name__ == "__main__":
    main()
