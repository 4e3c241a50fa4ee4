"""Pace: held-back streams are found by the moments at which their pieces come, and no honest one is suspected."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.providers.pace import Arrival, Verdict, bursts_of, judge


def steady(count: int, rate: float, first: float, *, each: int = 1) -> list[Arrival]:
    """`count` events at `rate` a second, `each` at a time, the first after so many seconds."""
    return [(first + n * each / rate, each) for n in range(count // each)]


def flushed(count: int, rate: float, first: float, every: int) -> list[Arrival]:
    """The same stream behind a buffer that holds `every` events."""
    return [(first + min(n + every, count) / rate, min(every, count - n)) for n in range(0, count, every)]


CASES: dict[str, tuple[list[Arrival], Verdict]] = {
    "no stream": ([], "whole"),
    "three pieces for all": ([(2.0, 1), (2.4, 1), (2.8, 2)], "few"),
    "eleven at once": ([(3.0, 11)], "few"),
    "everyday": (steady(82, 50, 0.6), "streams"),
    "slow": (steady(82, 5, 2.0), "streams"),
    "secret reasoning first": (steady(82, 150, 9.0), "streams"),
    "fast": (steady(82, 500, 0.3), "streams"),
    "fast, after loading": (steady(82, 1500, 4.0), "streams"),
    "very fast, answered at once": ([(0.2, 82)], "streams"),
    "a server that sends several at a time": (steady(80, 100, 0.8, each=16), "streams"),
    "a network that stalls once": ([*steady(40, 50, 0.5), (2.3, 25), *steady(17, 50, 2.35)], "streams"),
    "held to the end": ([(2.1, 82)], "held"),
    "held to the end, by pieces of one release": ([(2.1, 40), (2.103, 30), (2.104, 12)], "held"),
    "held to the end, a round trip for the rest": ([(2.1, 55), (2.25, 27)], "held"),
    "nginx, 4 kB": (flushed(82, 50, 0.4, 16), "held"),
    "nginx, 8 kB": (flushed(82, 50, 0.4, 32), "held"),
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    """What the field has, and what it means."""
    arrivals, verdict = CASES[name]
    assert judge(arrivals) == verdict


def test_a_busy_process_blames_nobody() -> None:
    """What came while nobody could look looks held; it is, where no model is so fast, or no lateness so long."""
    assert judge([(2.1, 82)], lag=0.5) == "busy"
    assert judge([(2.1, 60), (2.13, 22)], lag=0.1) == "busy"
    assert judge([(2.1, 82)], lag=0.1) == "held"
    assert judge(flushed(82, 50, 0.4, 16), lag=0.3) == "busy"
    assert judge(flushed(82, 50, 0.4, 32), lag=0.3) == "held"
    assert judge(steady(82, 50, 0.6), lag=0.5) == "streams"


def test_bursts_are_windows_not_chains() -> None:
    """A steady stream is many bursts, however small its gaps."""
    assert len(bursts_of(steady(80, 100, 0.5))) > 20
    assert [burst.events for burst in bursts_of([(1.0, 2), (1.01, 3), (1.5, 1)])] == [5, 1]
    assert [round(burst.silence, 2) for burst in bursts_of([(1.0, 2), (1.01, 3), (1.5, 1)])] == [1.0, 0.49]


@given(
    rate=st.floats(1, 1200),
    first=st.floats(0.01, 60),
    jitter=st.floats(0, 0.2),
    seed=st.integers(0, 2**32),
)
def test_no_stream_of_single_pieces_is_suspected(rate: float, first: float, jitter: float, seed: int) -> None:
    """Any rate up to 1,200 a second, any wait, and a network that delays each piece by up to 200 ms but keeps their order."""
    chance, at = random.Random(seed), 0.0
    arrivals: list[Arrival] = []
    for n in range(82):
        at = max(at, first + n / rate + chance.uniform(0, jitter))
        arrivals.append((at, 1))
    assert judge(arrivals) == "streams"


@given(rate=st.floats(20, 70), first=st.floats(0.3, 5), every=st.integers(20, 200))
def test_every_buffer_of_a_buffering_proxy_is_found(rate: float, first: float, every: int) -> None:
    """Models of everyday speed behind 5 kB or more."""
    assert judge(flushed(82, rate, first, every)) == "held"
