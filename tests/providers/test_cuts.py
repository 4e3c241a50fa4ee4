"""A cut anywhere is detected: a seeded sample of what `python -m tests.soak.cuts` does in full."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.providers.cutting import COMBINATIONS, PIECES, TRANSPORTS, Cut, Transport, play
from tests.providers.raw_server import Ending, Framing, framed

SAMPLE = 12
"""Cuts of each combination."""


@pytest.mark.parametrize(("transport", "framing", "ending"), COMBINATIONS)
def test_sampled_cuts(transport: Transport, framing: Framing, ending: Ending) -> None:
    """Cuts at sampled bytes, by both transports, under every framing, with FIN and RST: none passes for a whole answer."""
    offsets = random.Random(f"2026 {transport} {framing} {ending}").sample(range(len(framed(PIECES, framing))), SAMPLE)
    assert asyncio.run(play(Cut(framing, ending, offset, transport) for offset in offsets)) == []


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_cuts_around_the_finish(transport: Transport) -> None:
    """The bytes in which the finish reason, the usage and [DONE] stand, one by one: the answer is kept from its reason on."""
    whole = framed(PIECES, "close")
    start = whole.index(b'"finish_reason": "stop"') - 3
    offsets = [*range(start, start + 40), *range(len(whole) - 20, len(whole))]
    assert asyncio.run(play(Cut("close", "fin", offset, transport) for offset in offsets)) == []
