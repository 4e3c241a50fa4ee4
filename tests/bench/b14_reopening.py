"""B14: a conversation that is opened again: until it is painted, and while somebody scrolls through it."""

from __future__ import annotations

import statistics
from typing import Literal

from tests.bench.pages import Spent, Stage, stage
from tests.bench.rows import Row

RUNS = 3
MESSAGES = 100
LONG = 300


def run() -> list[Row]:
    """Open 100 messages as the kernel sends them (the newest 64 kB) and all at once; scroll through 300; medians of three."""
    with stage() as made:
        rows = []
        for paged, what in ((False, "newest 64 kB"), (True, "all paged in")):
            runs = [_open(made, MESSAGES, paged) for _ in range(RUNS)]
            total = _median(runs, "total")
            also = f"layout {_median(runs, 'layout'):.0f}, style {_median(runs, 'style'):.0f} ms"
            rows.append(Row("B14", f"{MESSAGES} messages, {what}: painted, ms", f"{total:.0f} ms", "", total, 300, also))
        opened, scrolled = zip(*(_scroll(made, LONG) for _ in range(RUNS)), strict=True)
        heap = _median(opened, "heap") / 1e6
        rows.append(Row("B14", f"{LONG} messages: memory of scripts, MB", f"{heap:.1f} MB", "", heap))
        p99, worst = _median(scrolled, "p99"), _median(scrolled, "worst")
        also = f"layout {_median(scrolled, 'layout'):.0f} of {_median(scrolled, 'total'):.0f} ms"
        rows.append(Row("B14", f"{LONG} messages: 99 of 100 steps of scrolling, ms", f"{p99:.1f} ms", "", p99, 16, also))
        rows.append(Row("B14", f"{LONG} messages: the slowest step, ms", f"{worst:.1f} ms", "", worst, 50))
        return rows


def _open(made: Stage, count: int, paged: bool) -> Spent:
    with made.page() as page:
        page.evaluate("(given) => bench.prepare(...given)", [count, paged])
        with made.measured(page) as found:
            page.evaluate("() => bench.reopen()")
        assert page.evaluate("() => bench.messages()") > (count // 2 if paged else 10)
        return found[0]


def _scroll(made: Stage, count: int) -> tuple[Spent, Spent]:
    """Open all of it, wait until everything is drawn, and scroll from its end to its beginning."""
    with made.page() as page:
        page.evaluate("(given) => bench.prepare(...given)", [count, True])
        with made.measured(page) as opened:
            page.evaluate("() => bench.reopen()")
            page.evaluate("() => bench.idle()")
        with made.measured(page) as scrolled:
            steps = page.evaluate("() => bench.scrollUp()")
        assert steps > count / 4
        return opened[0], scrolled[0]


def _median(runs: list[Spent] | tuple[Spent, ...], what: Literal["total", "layout", "style", "heap", "p99", "worst"]) -> float:
    values: list[float] = [getattr(run, what) for run in runs]
    return statistics.median(values)
