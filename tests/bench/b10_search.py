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

_ROUNDS = 5
_WORDS = ((3,), (200,), (3000,), (20_000,))
"""Ranks in the vocabulary, from a word that is in most messages to one that is in some dozens."""
_PAIRS = ((0, 10_000), (50, 3000), (200, 1000), (1000, 3000))
_PHRASES = ((0, 1), (5, 50))


def run() -> list[Row]:
    """Look for four words, four pairs of words and two phrases, five times each, after a search that makes the index."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "nbchat.db"
        fill(path, count=90_000, in_long=2000, others=9000)
        ours = asyncio.run(_searches(path))
        plain = _scans(path)
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


def _words(ranks: tuple[int, ...]) -> str:
    return " ".join(VOCABULARY[rank] for rank in ranks)


async def _searches(path: Path) -> float:
    store = SqliteStore(Place(path), SystemClock())
    await store.search("anything")
    typed = [*(_words(ranks) for ranks in (*_WORDS, *_PAIRS)), *(f'"{_words(ranks)}"' for ranks in _PHRASES)]
    times = []
    for _ in range(_ROUNDS):
        for text in typed:
            start = time.perf_counter()
            hits = await store.search(text)
            times.append(time.perf_counter() - start)
            assert hits
    await store.aclose()
    return statistics.median(times)


def _scans(path: Path) -> float:
    alone = [[VOCABULARY[rank] for rank in ranks] for ranks in (*_WORDS, *_PAIRS)]
    times = []
    with closing(sqlite3.connect(path)) as db:
        for texts in (*alone, *([_words(ranks)] for ranks in _PHRASES)):
            where = " AND ".join("parts LIKE ?" for _ in texts)
            start = time.perf_counter()
            found = db.execute(f"SELECT COUNT(*) FROM messages WHERE {where}", [f"%{text}%" for text in texts]).fetchone()
            times.append(time.perf_counter() - start)
            assert found[0] > 0
    return statistics.median(times)
