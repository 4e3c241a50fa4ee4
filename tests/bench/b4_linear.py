"""B4: the bytes of an answer grow as the answer does."""

from __future__ import annotations

from nbchat.testing import ScriptedServer
from tests.bench.answers import paced, words
from tests.bench.kernels import Kernel
from tests.bench.rows import Row

_PACE = 4000
"""Tokens a second, of both answers."""


def run() -> list[Row]:
    """Stream 4,000 and 32,000 tokens at one pace, each in a fresh kernel."""
    sizes = {}
    for tokens in (4000, 32_000):
        with ScriptedServer([paced(tokens, _PACE)]) as server, Kernel() as kernel:
            kernel.connect(server)
            published = kernel.ask()
        assert "".join(message.text for message in published) == "".join(words(tokens))
        sizes[tokens] = sum(message.size for message in published)
    short, long = sizes[4000], sizes[32_000]
    return [
        Row("B4", "IOPub bytes of 32k tokens / 4k / 8", f"{long / 1000:.0f} kB", f"{short / 1000:.1f} kB", long / short / 8, 1.05)
    ]
