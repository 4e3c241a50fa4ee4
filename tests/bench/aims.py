"""What people wait for in a large history: a search, a listing, opening a conversation. Times, so without a baseline."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from nbchat.runtime.clock import SystemClock
from nbchat.storage import Place, SqliteStore
from tests.bench.histories import LONG, VOCABULARY, fill
from tests.bench.rows import Row

_ROUNDS = 15


def run() -> list[Row]:
    """Save 100,000 messages in 10,001 conversations, and look at them through the store, each thing 15 times."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "nbchat.db"
        fill(path, count=100_000, in_long=2000, others=10_000)
        return asyncio.run(_rows(path))


async def _rows(path: Path) -> list[Row]:
    store = SqliteStore(Place(path), SystemClock())
    start = time.perf_counter()
    await store.search("anything")
    indexing = time.perf_counter() - start
    frequent, common, rare = VOCABULARY[0], VOCABULARY[300], VOCABULARY[20_000]
    rows = [Row("aims", "the first search, which makes the index of 100,000 messages", f"{indexing:.1f} s", "", indexing)]
    for what, milliseconds, look in (
        ("search for a frequent word", 20, lambda: store.search(frequent)),
        ("search for a rare word", 20, lambda: store.search(rare)),
        ("search for two words", 20, lambda: store.search(f"{frequent} {common}")),
        ("search for a phrase", 20, lambda: store.search(f'"{frequent} {VOCABULARY[1]}"')),
        ("search for two letters", 20, lambda: store.search(frequent[:2])),
        ("search for four letters", 20, lambda: store.search(rare[:4])),
        ("search in one conversation", 20, lambda: store.search(frequent, conversation_id=LONG)),
        ("listing of 10,000: the first page", 10, store.summaries),
        ("listing of 10,000: the last page", 10, lambda: store.summaries(offset=8900)),
        ("listing of 10,000: the archived", 10, lambda: store.summaries(archived=True)),
        ("listing of 10,000: one title", 10, lambda: store.summaries("title of C4999", archived=None)),
        ("opening 2,000 messages", 100, lambda: store.messages(LONG)),
    ):
        rows.append(await _row(what, milliseconds, look))
    await store.aclose()
    return rows


async def _row(what: str, milliseconds: float, look: Callable[[], Awaitable[list[Any]]]) -> Row:
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        found = await look()
        times.append((time.perf_counter() - start) * 1000)
        assert found
    typical = statistics.median(times)
    return Row("aims", f"{what}, ms", f"{typical:.1f} ms (worst {max(times):.1f})", "", typical, milliseconds)
