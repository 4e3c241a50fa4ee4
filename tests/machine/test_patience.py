"""Work on a busy file: tried again for a while, and no longer."""

from __future__ import annotations

import itertools

import pytest

from nbchat.machine import patience
from nbchat.machine.patience import patiently


class Clock:
    """Stands in for `time`: sleeping takes no time, but is counted."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(patience, "time", made)
    return made


def busy(error: BaseException) -> bool:
    return isinstance(error, BlockingIOError)


def test_what_is_free_soon_is_done(clock: Clock) -> None:
    """Each wait is twice as long as the one before, up to a tenth of a second."""
    attempts: list[float] = []

    def work() -> str:
        attempts.append(clock.now)
        if len(attempts) < 10:
            raise BlockingIOError
        return "done"

    assert patiently(work, 5.0, busy) == "done"
    waits = [then - first for first, then in itertools.pairwise(attempts)]
    assert waits == pytest.approx([0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.1, 0.1, 0.1])


def test_what_stays_busy_is_raised_when_the_time_is_over(clock: Clock) -> None:
    def work() -> None:
        raise BlockingIOError

    with pytest.raises(BlockingIOError):
        patiently(work, 5.0, busy)
    assert 5.0 < clock.now < 5.2


@pytest.mark.parametrize("attempts", [1, 3])
def test_what_is_not_busy_is_raised_at_once(clock: Clock, attempts: int) -> None:
    """Also where it was busy before."""
    left = [*[BlockingIOError()] * (attempts - 1), KeyError("x"), AssertionError("one attempt too many")]

    def work() -> None:
        raise left.pop(0)

    with pytest.raises(KeyError):
        patiently(work, 5.0, busy)
