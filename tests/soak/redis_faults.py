"""400 troubles of a Redis server while an answer streams, some at a time. Run: python -m tests.soak.redis_faults --samples 400"""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.soak.command import attack
from tests.streams.redis_faults import FAULTS, trial

_AT_ONCE = 12


def run(samples: int, seed: int, directory: Path) -> str:
    """Raise what breaks a promise, with its seed; returns how often readers had to attach again, by trouble."""

    async def work() -> dict[str, int]:
        gaps, places = dict.fromkeys(FAULTS, 0), asyncio.Semaphore(_AT_ONCE)

        async def one(number: int, fault: str) -> None:
            async with places:
                try:
                    gaps[fault] += await trial(number, fault, directory / str(number))
                except BaseException as error:
                    raise AssertionError(f"seed {number}, {fault}") from error

        names = list(FAULTS)
        await asyncio.gather(*(one(seed + number, names[number % len(names)]) for number in range(samples)))
        return gaps

    return "attached again: " + ", ".join(f"{fault} {count}" for fault, count in asyncio.run(work()).items())


if __name__ == "__main__":
    attack("troubles of a Redis server", 400, run)
