"""TokenBucket: how many messages may go out. Owns arithmetic only; time is given."""

from __future__ import annotations

__all__ = ["TokenBucket"]


class TokenBucket:
    """Fills with `rate` tokens a second up to `capacity`; ends of turns may overdraw it as far; debt is paid first."""

    def __init__(self, rate: float, capacity: float) -> None:
        self._rate = rate
        self._capacity = capacity
        self._tokens = capacity
        self._filled: float | None = None

    def wait(self, now: float, *, urgent: bool = False) -> float:
        """Return the seconds until one token is there; 0 is now. `now` is monotonic seconds. What is urgent waits only where the
        bucket is overdrawn by its whole capacity."""
        self._fill(now)
        # a billionth of a token is rounding, not debt: else a clock that stands still would wait for ever
        return max(1 - 1e-9 - self._tokens - (self._capacity if urgent else 0), 0.0) / self._rate

    def debt(self, now: float) -> float:
        """Return the seconds until what was overdrawn is paid for."""
        self._fill(now)
        return max(-self._tokens, 0.0) / self._rate

    def _fill(self, now: float) -> None:
        if self._filled is not None:
            self._tokens = min(self._capacity, self._tokens + (now - self._filled) * self._rate)
        self._filled = now

    def take(self, tokens: float = 1) -> None:
        """Spend, even what is not there."""
        self._tokens -= tokens
