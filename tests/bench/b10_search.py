"""B10: a search through 90,000 messages, beside a LIKE that reads them all."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from nbchat.runtime.clock import SystemClock
from nbchat.storage import Place, SqliteStore
from tests.bench.histories import VOCABULARY, fill
from tests.bench.rows import Row

_RANKS = (0, 3, 10, 50, 200, 1000, 3000, 10_000, 20_000)
"""From a word that is in nearly every message to one that is in some dozens."""
_ROUNDS = 5


def run() -> list[Row]:
    """Look for nine words, from frequent to rare, five times each, after a search that makes the index."""
    words = [VOCABULARY[rank] for rank in _RANKS]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "nbchat.db"
        fill(path, count=90_000, in_long=2000, others=9000)
        ours = asyncio.run(_searches(path, words))
        plain = _scans(path, words)
    return [
        Row(
            "B10",
            "search, p50 / LIKE over 90,000 messages",
            f"{ours * 1000:.2f} ms",
            f"{plain * 1000:.0f} ms",
            ours / plain,
            0.01,
        )
    ]


async def _searches(path: Path, words: list[str]) -> float:
    store = SqliteStore(Place(path), SystemClock())
    await store.search("anything")
    times = []
    for _ in range(_ROUNDS):
        for word in words:
            start = time.perf_counter()
            hits = await store.search(word)
            times.append(time.perf_counter() - start)
            assert hits
    await store.aclose()
    return statistics.median(times)


def _scans(path: Path, words: list[str]) -> float:
    times = []
    with closing(sqlite3.connect(path)) as db:
        for word in words:
            start = time.perf_counter()
            found = db.execute("SELECT COUNT(*) FROM messages WHERE parts LIKE ?", (f"%{word}%",)).fetchone()
            times.append(time.perf_counter() - start)
            assert found[0] > 0
    return statistics.median(times)
