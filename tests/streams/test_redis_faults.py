"""Whatever happens to the Redis server while an answer streams: nobody waits, nothing is lost or doubled, readers heal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.contracts.values import finish_all
from tests.streams.redis_faults import FAULTS, trial


def test_everything_that_happens_to_a_server(tmp_path: Path) -> None:
    """Each trouble twice, all at once: what is waited for is the server. (Many more: python -m tests.soak redis_faults.)"""

    async def work() -> list[str | BaseException]:
        trials = [(seed, fault) for seed in range(2) for fault in FAULTS]
        running = (trial(seed, fault, tmp_path / f"{seed} {fault}") for seed, fault in trials)
        ended = await asyncio.gather(*running, return_exceptions=True)
        return [error for error in ended if isinstance(error, BaseException)]

    for error in finish_all(work()):
        assert isinstance(error, BaseException)
        raise error
