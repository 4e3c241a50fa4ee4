"""Attack: many answers at a time in one kernel, 200 at 50 tokens/s and 1,000 at 2: no error, no word of another, no loss.

    python -m tests.soak.many_streams [--samples 1]

A sample is both, over each backend of the streams. Measures nothing (that is B16): a busy machine makes it slow, not wrong.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.b16_sessions import places
from tests.bench.loopback import Loopback
from tests.bench.many import measure
from tests.soak.command import attack

__all__ = ["run"]

_MEMORY = 300
_ALL = ((200, 50.0, 300), (1000, 2.0, 30))


def run(samples: int, seed: int, directory: Path) -> str:
    """Attack each backend; returns what was seen."""
    with places() as found, Loopback() as url:
        seen = [_once(url, name, place) for _ in range(samples) for name, place in found.items()]
    return "; ".join(seen)


def _once(url: str, name: str, place: str) -> str:
    seen = []
    for streams, rate, tokens in _ALL:
        figures = measure("nbchat", url, streams, rate, tokens, place=place)  # raises for a word that is missing, double or wrong
        assert figures["memory"] <= _MEMORY, f"{streams} streams over {name} took {figures['memory']:.0f} MB"
        seen.append(f"{streams} in {figures['memory']:.0f} MB, lag p99 {figures['lag'] * 1e3:.0f} ms")
    return f"{name}: {', '.join(seen)}"


if __name__ == "__main__":
    attack("crowds of answers", 1, run)
