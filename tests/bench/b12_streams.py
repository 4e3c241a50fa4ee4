"""B12: how many answers at fifty tokens a second one event loop can follow."""

from __future__ import annotations

from tests.bench.ingesting import measure
from tests.bench.loopback import Loopback
from tests.bench.rows import Row

_RATE, _SECONDS = 50, 3
_LAG = 0.05
"""Seconds from the server's write to the applied event that one token in a hundred may exceed."""
_FEWEST, _MOST = 12, 3000
_NAMES = {
    "nbchat": "nbchat, bytes to applied event",
    "httpx": "httpx raw bytes + msgspec",
    "openai": "openai client, async",
}


def run() -> list[Row]:
    """Look for the most streams that each client keeps up with, to a seventh: doubled until it falls behind, then halved."""
    with Loopback() as url:
        most = {name: _most(name, url) for name in ("raw asyncio", *_NAMES)}
    raw = most["raw asyncio"]
    return [
        Row(
            "B12",
            f"raw asyncio / streams of 50 tokens/s with a lag p99 < 50 ms: {what}",
            f"{most[name]} streams",
            f"{raw}",
            raw / most[name],
            1 / 0.4 if name == "nbchat" else None,
            f"{most[name] / raw:.2f} of raw asyncio (target 0.4, stretch 0.8)" if name == "nbchat" else "",
        )
        for name, what in _NAMES.items()
    ]


def _most(name: str, url: str) -> int:
    good, bad = _FEWEST, 2 * _FEWEST
    while bad < _MOST and _keeps_up(name, url, bad):
        good, bad = bad, bad * 2
    while bad > good * 1.15:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if _keeps_up(name, url, middle) else (good, middle)
    return good


def _keeps_up(name: str, url: str, streams: int) -> bool:
    """Whether the client does, and the server too. A miss is tried again once: a machine has its moments."""
    for _ in range(2):
        found = measure(name, url, "live", streams, _RATE, _RATE * _SECONDS)
        if found["lag"] < _LAG and found["server_late"] < _LAG:
            return True
    return False
