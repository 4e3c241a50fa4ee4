"""B16: how many whole sessions one kernel's loop can run, each with its log, its checkpoints and its reader, on one core.

"Keeps up" is: all of them run together for two seconds at least, every final text is what was sent to that very stream, 99 of
100 words are told within half a second of their writing, and 99 of 100 timers of the loop are late by a tenth at most.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.loopback import Loopback
from tests.bench.many import measure
from tests.bench.rows import Row
from tests.support.redis_server import redis_server

__all__ = ["keeps_up", "places", "run"]

_RATE = 50
_LAG, _LOOP = 0.5, 0.1
_SPAN = 2.0
"""Seconds in which all of them ran, at least: a way that is slow to begin them has fewer to read at a time."""
_FEWEST, _MOST, _STEP = 50, 1000, 1.3
_MEMORY = 300
"""MB above idle of a thousand answers at two tokens a second."""


def run() -> list[Row]:
    """Each backend of the streams, beside the openai client, all of it beside raw asyncio."""
    with places() as found, Loopback() as url:
        ways = {"openai client": ("openai", ""), **{f"nbchat, {name}": ("nbchat", place) for name, place in found.items()}}
        most = {what: _most(url, *way) for what, way in {"raw asyncio": ("raw asyncio", ""), **ways}.items()}
        raw = most.pop("raw asyncio")
        rows = [_most_row(what, figures, raw[0], most["openai client"][0]) for what, figures in most.items()]
        slow = {what: measure(way, url, 1000, 2, 30, place=place, one_core=True) for what, (way, place) in ways.items()}
    return rows + [_slow_row(what, figures, slow["openai client"]) for what, figures in slow.items()]


@contextmanager
def places() -> Iterator[dict[str, str]]:
    """The three backends, by name: their places (NBCHAT_STREAMS)."""
    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory) / "redis") as server:
        yield {"memory": "memory:", "sqlite": f"sqlite:{Path(directory) / 'streams.db'}", "redis": server.url}


def keeps_up(figures: dict[str, Any]) -> bool:
    """Whether the client did, and the server too."""
    fast = figures["lag"] < _LAG and figures["loop"] < _LOOP and figures["server_late"] < _LOOP
    return fast and bool(figures["together"]) and figures["span"] >= _SPAN


def _most(url: str, way: str, place: str) -> tuple[int, dict[str, Any]]:
    """The most streams that it keeps up with (a thousand are enough), to a third, and the figures of that."""
    good, bad, best = 0, _FEWEST, dict[str, Any]()
    while good < _MOST and (found := _tried(url, way, place, bad)) is not None:
        good, bad, best = bad, min(bad * 2, _MOST), found
    while good and bad > good * _STEP:
        middle = (good + bad) // 2
        if (found := _tried(url, way, place, middle)) is None:
            bad = middle
        else:
            good, best = middle, found
    return good, best


def _tried(url: str, way: str, place: str, streams: int) -> dict[str, Any] | None:
    """Its figures where it keeps up, else None. A miss is tried again once: a machine has its moments."""
    for _ in range(2):
        found = measure(way, url, streams, _RATE, _RATE * (5 + streams // 100), place=place, one_core=True)
        print(f"B16: {way} {place.partition(':')[0]}, {streams} streams: {_short(found)}", file=sys.stderr, flush=True)
        if keeps_up(found):
            return found
    return None


def _most_row(what: str, most: tuple[int, dict[str, Any]], raw: int, openai: int) -> Row:
    streams, figures = most
    target = 200 if what.startswith("nbchat") else None
    return Row(
        "B16",
        f"{target or 'any number of'} sessions of 50 tokens/s on one core / the most that keep up: {what}",
        f"{streams} streams",
        f"{raw} (raw asyncio), {openai} (openai client)",
        (target or raw) / max(streams, 1),
        None if target is None else 1,
        _short(figures) if figures else "",
    )


def _slow_row(what: str, figures: dict[str, Any], openai: dict[str, Any]) -> Row:
    ours = what.startswith("nbchat")
    late = figures["loop"] > _LOOP
    return Row(
        "B16",
        f"1,000 sessions of 2 tokens/s, MB above idle: {what}",
        f"{figures['memory']:.0f} MB",
        f"{openai['memory']:.0f} MB (openai client, no sessions)",
        float("inf") if late else figures["memory"],
        _MEMORY if ours else None,
        _short(figures),
    )


def _short(figures: dict[str, Any]) -> str:
    lag, loop, cores = figures["lag"] * 1e3, figures["loop"] * 1e3, figures["cores"]
    return f"lag p99 {lag:.0f} ms, loop p99 {loop:.0f} ms, {cores:.2f} cores, {figures['memory']:.0f} MB"
