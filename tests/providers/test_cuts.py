"""A cut anywhere is detected: a seeded sample of what `python -m tests.soak.cuts` does in full."""

from __future__ import annotations

import asyncio
import random

from tests.providers.cutting import FRAMINGS, PIECES, Cut, all_cuts, play
from tests.providers.raw_server import framed

SAMPLE = 60


def test_sampled_cuts() -> None:
    """Cuts at sampled bytes, under every framing, with FIN and RST: no truncated answer passes for a whole one."""
    cuts = random.Random(20_260_101).sample(list(all_cuts()), SAMPLE)
    assert {(cut.framing, cut.ending) for cut in cuts} == {(f, e) for f in FRAMINGS for e in ("fin", "rst")}
    assert asyncio.run(play(cuts)) == []


def test_cuts_around_the_finish() -> None:
    """The bytes in which the finish reason, the usage and [DONE] stand, one by one: the answer is kept from its reason on."""
    whole = framed(PIECES, "close")
    start = whole.index(b'"finish_reason": "stop"') - 3
    assert asyncio.run(play(Cut("close", "fin", offset) for offset in range(start, start + 40))) == []
    assert asyncio.run(play(Cut("close", "fin", offset) for offset in range(len(whole) - 20, len(whole)))) == []
