"""B13: an answer that streams in the chat window, beside others' ways of showing growing Markdown in the same browser."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from tests.bench.pages import Spent, Stage, stage
from tests.bench.rows import Row

PEERS = Path(__file__).with_name("markdown_peers")
OURS, WHOLE, MEMO = "nbchat", "marked + DOMPurify", "streamdown"
TOKEN = 4
"""Characters of the texts a token."""
RUNS = 3
SPARSE = 8
"""At 8k tokens the slowest way draws every eighth update, which is counted eight times: what it costs hangs on its length."""


def run() -> list[Row]:
    """Stream 2k, 8k and 32k tokens, 13 characters an update, and single blocks of 8 and 32 kB; medians of three runs for ours."""
    with stage(PEERS) as made:
        return [*_answers(made), *_long(made), *_blocks(made)]


def _answers(made: Stage) -> Iterator[Row]:
    found = {tokens: [made.stream(OURS, "answer", tokens * TOKEN) for _ in range(RUNS)] for tokens in (2_000, 8_000, 32_000)}
    totals = {tokens: _median(run.total for run in runs) for tokens, runs in found.items()}
    aims = {8_000: 3_500}
    for tokens, runs in found.items():
        name = f"{tokens // 1000}k tokens"
        also = f"layout {_median(run.layout for run in runs):.0f}, style {_median(run.style for run in runs):.0f} ms"
        total = totals[tokens]
        yield Row("B13", f"{name}: main thread, ms", f"{total:.0f} ms", "", total, aims.get(tokens), also)
        p99, worst = (_median(getattr(run, what) for run in runs) for what in ("p99", "worst"))
        yield Row("B13", f"{name}: 99 of 100 updates, ms", f"{p99:.1f} ms", "", p99, 16)
        yield Row("B13", f"{name}: the slowest update, ms", f"{worst:.1f} ms", "", worst, 50)
    growth = totals[32_000] / totals[8_000]
    yield Row("B13", "growth from 8k to 32k", f"{totals[32_000]:.0f} ms", f"{totals[8_000]:.0f} ms", growth, 5)
    for peer, sparse, target in (
        (f"{WHOLE}, code and math", SPARSE, 1 / 40),
        (f"{WHOLE}, plain", 1, None),
        (f"{MEMO}, code and math", 1, None),
        (f"{MEMO}, plain", 1, None),
    ):
        for tokens in (2_000, 8_000):
            every = sparse if tokens == 8_000 else 1
            spent = made.stream(peer, "answer", tokens * TOKEN, sparse=every)
            aim = target if tokens == 8_000 else None
            yield _against(tokens, totals[tokens], peer, spent, every, aim)


def _against(tokens: int, ours: float, peer: str, spent: Spent, every: int, target: float | None) -> Row:
    total = spent.total * every
    how = f", every {every}th update" if every > 1 else ""
    also = f"{total / ours:.0f} times ours; p99 {spent.p99:.0f} ms, worst {spent.worst:.0f} ms"
    return Row(
        "B13", f"{tokens // 1000}k tokens beside {peer}{how}", f"{ours:.0f} ms", f"{total:.0f} ms", ours / total, target, also
    )


def _long(made: Stage) -> Iterator[Row]:
    alone, below = (_median(made.stream(OURS, "answer", 8_000, history).total for _ in range(RUNS)) for history in (0, 100))
    yield Row("B13", "2k tokens below 100 messages", f"{below:.0f} ms", f"{alone:.0f} ms alone", below / alone, 1.5)


def _blocks(made: Stage) -> Iterator[Row]:
    for kind in ("list", "table", "code", "paragraph"):
        short, long = (made.stream(OURS, kind, length) for length in (8_000, 32_000))
        also = f"p99 {long.p99:.1f} ms, worst {long.worst:.1f} ms"
        what = f"one {kind} of 32 kB, beside 8 kB"
        yield Row("B13", what, f"{long.total:.0f} ms", f"{short.total:.0f} ms", long.total / short.total, 6, also)


def _median(values: Iterator[float]) -> float:
    return statistics.median(values)
