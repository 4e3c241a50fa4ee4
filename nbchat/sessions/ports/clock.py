"""The port of time."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """Time, so that tests can turn it by hand."""

    def time(self) -> float:
        """Seconds since the epoch (UTC): for people and records only; it may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back: for every interval, timeout and lease within this process."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
