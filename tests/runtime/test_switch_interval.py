"""The switch interval while streams run."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from nbchat.runtime.switch_interval import SwitchInterval


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_it_is_a_millisecond_while_busy_and_restored_after() -> None:
    """Saying it twice changes nothing."""
    sys.setswitchinterval(0.005)
    interval = SwitchInterval()
    for busy, expected in ((True, 0.001), (True, 0.001), (False, 0.005), (False, 0.005), (True, 0.001), (False, 0.005)):
        interval.set(busy)
        assert sys.getswitchinterval() == pytest.approx(expected)


def test_what_somebody_else_sets_stays() -> None:
    """Neither a shorter one before, nor another one meanwhile is touched."""
    interval = SwitchInterval()
    sys.setswitchinterval(0.0002)
    interval.set(True)
    assert sys.getswitchinterval() == pytest.approx(0.0002)
    interval.set(False)
    sys.setswitchinterval(0.005)
    interval.set(True)
    sys.setswitchinterval(0.02)
    interval.set(False)
    assert sys.getswitchinterval() == pytest.approx(0.02)
