"""B2: what a token costs while fifty answers come at fifty tokens a second each: here waking up is what costs."""

from __future__ import annotations

import statistics

from tests.bench.ingesting import measure
from tests.bench.loopback import Loopback
from tests.bench.rows import Row

_STREAMS, _RATE, _SECONDS, _RUNS = 50, 50, 5, 3
_NAMES = {
    "nbchat": "nbchat, bytes to applied event (stretch 1.3)",
    "thin": "nbchat's connections alone, raw bytes + msgspec",
    "nbchat stock": "nbchat over httpx's own transport (the fallback)",
    "httpx": "httpx raw bytes + msgspec",
    "openai": "openai client, async",
}


def run() -> list[Row]:
    """Stream fifty answers at a time to each client, in processes of their own, three times in turn; the span that counts is
    the one in which all fifty run. The lag is from the server's write to the applied event."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ("raw asyncio", *_NAMES)}
    with Loopback() as url:
        for number in range(_RUNS):
            for name in list(runs)[:: -1 if number % 2 else 1]:
                runs[name].append(measure(name, url, "live", _STREAMS, _RATE, _RATE * _SECONDS))
    found = {name: {key: statistics.median(run[key] for run in each) for key in each[0]} for name, each in runs.items()}
    raw = found["raw asyncio"]
    return [
        Row(
            "B2",
            f"50 streams x 50 tokens/s: {what} / raw asyncio",
            f"{found[name]['cpu'] * 1e6:.0f} us a token",
            f"{raw['cpu'] * 1e6:.0f} us",
            found[name]["cpu"] / raw["cpu"],
            2.8 if name == "nbchat" else None,
            f"lag p50 {found[name]['lag_median'] * 1e3:.1f} ms, p99 {found[name]['lag'] * 1e3:.1f} (raw {raw['lag'] * 1e3:.1f})",
        )
        for name, what in _NAMES.items()
    ]
