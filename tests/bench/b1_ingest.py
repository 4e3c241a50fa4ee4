"""B1: what a burst costs from its bytes to the events that a turn has applied, beside other clients and a raw socket."""

from __future__ import annotations

import statistics

from tests.bench.ingesting import measure
from tests.bench.loopback import CHUNK_BYTES, Loopback
from tests.bench.rows import Row

_TOKENS = 20_000
_RUNS = 3
_NAMES = {
    "raw socket": "raw socket + msgspec",
    "raw asyncio": "raw asyncio + msgspec",
    "thin": "nbchat's connections alone, raw bytes + msgspec (stretch 1.5)",
    "nbchat": "nbchat, bytes to applied event (stretch 1.5)",
    "nbchat stock": "the same over httpx's own transport (the fallback)",
    "nbchat app": "nbchat whole: session, event log, checkpoints in SQLite",
    "httpx": "httpx raw bytes + msgspec",
    "httpx-sse": "httpx + httpx-sse + json",
    "openai sync": "openai client, sync",
    "openai": "openai client, async",
}


def run() -> list[Row]:
    """Stream 20,000 chunks of 250 bytes to each client in a process of its own, five times after one warm-up; three such
    processes each, forwards and backwards in turn. CPU is user + system of the client's process, per chunk."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in _NAMES}
    with Loopback() as url:
        for number in range(_RUNS):
            for name in list(_NAMES)[:: -1 if number % 2 else 1]:
                runs[name].append(measure(name, url, "burst", _TOKENS))
    found = {name: {key: statistics.median(run[key] for run in each) for key in each[0]} for name, each in runs.items()}
    cpu = {name: figures["cpu"] for name, figures in found.items()}
    openai = min(cpu["openai"], cpu["openai sync"])
    return [
        _compared("nbchat, bytes to applied event / openai client (its cheaper one)", cpu["nbchat"], openai, 1 / 8),
        _compared("nbchat, bytes to applied event / httpx raw bytes + msgspec", cpu["nbchat"], cpu["httpx"], 1.5),
        _compared("nbchat, bytes to applied event / raw socket + msgspec", cpu["nbchat"], cpu["raw socket"], 8),
        *(_row(what, found[name], cpu["raw socket"]) for name, what in _NAMES.items()),
    ]


def _compared(what: str, ours: float, theirs: float, target: float) -> Row:
    return Row("B1", what, f"{ours * 1e6:.1f} us a chunk of {CHUNK_BYTES} B", f"{theirs * 1e6:.1f} us", ours / theirs, target)


def _row(what: str, figures: dict[str, float], raw: float) -> Row:
    also = (
        f"first token {figures['first_warm'] * 1e3:.1f} ms, cold {figures['first_cold'] * 1e3:.0f}; "
        f"peak memory +{figures['import_memory']:.1f} MB import, +{figures['memory']:.1f} streaming; "
        f"import {figures['import_cpu'] * 1e3:.0f} ms CPU"
    )
    return Row("B1", what, f"{figures['cpu'] * 1e6:.1f} us a chunk", f"{raw * 1e6:.1f} us", figures["cpu"] / raw, also=also)
