"""When a failed request is sent again: how often, after how long, and what the server says about it.

Pure but for the dice; the only retry layer there is (layers multiply).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime

__all__ = ["RetryPolicy", "retry_after"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`retries` after the first attempt; waits of `base` * 2^n seconds up to `cap`, each changed by up to +-`jitter` of itself.

    A Retry-After up to `longest` seconds is honoured as it stands; a longer one ends the attempts (it is never cut short).
    """

    retries: int = 3
    base: float = 1.0
    cap: float = 30.0
    jitter: float = 0.2
    longest: float = 120.0

    def delay(self, failures: int, asked: float | None = None, *, dice: Callable[[], float] = random.random) -> float | None:
        """Return the seconds to wait after that many failed attempts, or None to give up; `asked` is the Retry-After."""
        if failures > self.retries:
            return None
        if asked is not None:
            return asked if asked <= self.longest else None
        wait = min(self.base * 2.0 ** (failures - 1), self.cap)
        return wait * (1 + self.jitter * (2 * dice() - 1))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that `retry-after-ms` (milliseconds) or `Retry-After` (seconds, or an HTTP date) asks for.

    `headers` has lower-case names; `now` is seconds since the epoch. None when there is none or it cannot be read.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            pass
        else:
            if 0 <= seconds < float("inf"):
                return seconds
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except (TypeError, ValueError, IndexError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return max(date.timestamp() - now, 0.0)
