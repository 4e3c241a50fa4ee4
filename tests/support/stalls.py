"""Stalls: how long the machine kept this process waiting, so that a promise in milliseconds is not the neighbours' to break.

A thread that wants to sleep 5 ms notes by how much it overslept; time in which even that could not run is nobody's fault here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Stalls", "measured_stalls"]

STEP = 0.005
LATE = 0.015
"""Seconds of oversleeping that count as a stall."""


class Stalls:
    """`since(moment)` is the sum of stalls after that moment (monotonic seconds). Made by `measured_stalls`."""

    def __init__(self) -> None:
        self._stalls: list[tuple[float, float]] = []
        self.over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        before = time.monotonic()
        while not self.over.wait(STEP):
            now = time.monotonic()
            if now - before - STEP > LATE:
                self._stalls.append((now, now - before - STEP))
            before = now

    def since(self, moment: float) -> float:
        """Return how long this process could not run after `moment`."""
        return sum(took for when, took in self._stalls if when > moment)


@contextmanager
def measured_stalls() -> Iterator[Stalls]:
    """Measure until the end of the block."""
    stalls = Stalls()
    try:
        yield stalls
    finally:
        stalls.over.set()
