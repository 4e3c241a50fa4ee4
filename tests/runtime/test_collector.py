"""The collector's first threshold while many answers run."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from nbchat.runtime.collector import Collector


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_it_is_higher_while_many_run_and_restored_after() -> None:
    """The older generations keep their thresholds."""
    gc.set_threshold(700, 9, 8)
    collector = Collector()
    for running, expected in ((1, 700), (50, 10_000), (1000, 10_000), (49, 700), (0, 700), (80, 10_000), (0, 700)):
        collector.set(running)
        assert gc.get_threshold() == (expected, 9, 8)


@pytest.mark.parametrize("first", [0, 10_000, 50_000])
def test_off_or_higher_stays(first: int) -> None:
    """0 is how somebody switches it off."""
    gc.set_threshold(first, 10, 10)
    collector = Collector()
    for running in (100, 0):
        collector.set(running)
        assert gc.get_threshold()[0] == first


def test_what_somebody_else_sets_meanwhile_stays() -> None:
    """Theirs is the last word."""
    gc.set_threshold(700, 10, 10)
    collector = Collector()
    collector.set(100)
    gc.set_threshold(2000, 20, 20)
    collector.set(0)
    assert gc.get_threshold() == (2000, 20, 20)
