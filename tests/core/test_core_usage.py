"""Token counts: their invariants and their sums."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.usage import Certainty, Usage, sum_usage, weakest

counts = st.none() | st.integers(0, 50)
certainties = st.sampled_from(get_args(Certainty))


def made(given_counts: Any) -> Usage:
    return Usage(**given_counts)


def usable(**given_counts: Any) -> Usage | None:
    try:
        return made(given_counts)
    except ValueError:
        return None


NAMES = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
raw = dict.fromkeys(NAMES, counts)
usages = st.builds(usable, certainty=certainties, **raw)


@given(st.fixed_dictionaries(raw))
def test_a_part_is_never_more_than_its_whole(given_counts: dict[str, int | None]) -> None:
    """Contradicting counts are refused, and only those; what is unknown contradicts nothing."""
    pairs = (("cached_tokens", "input_tokens"), ("cache_write_tokens", "input_tokens"), ("reasoning_tokens", "output_tokens"))
    wrong = [
        part
        for part, whole in pairs
        if (small := given_counts[part]) is not None and (large := given_counts[whole]) is not None and small > large
    ]
    if wrong:
        with pytest.raises(ValueError, match=wrong[0]):
            made(given_counts)
    else:
        assert made(given_counts).to_json() == {**given_counts, "certainty": "reported"}


@pytest.mark.parametrize("name", NAMES)
def test_negative_counts_are_refused_by_name(name: str) -> None:
    """-1 is no way of saying unknown."""
    with pytest.raises(ValueError, match=f"{name} is -1"):
        made({name: -1})


@given(usages.filter(bool))
def test_usage_survives_json_and_unknown_fields(usage: Usage) -> None:
    """The ledger gives back what it was given, also when a later version wrote more."""
    assert Usage.from_json({**usage.to_json(), "audio_tokens": 3}) == usage


def test_a_total_needs_both_sides() -> None:
    """Unknown plus something is unknown."""
    assert Usage(3, output_tokens=4).total_tokens == 7
    assert Usage(3).total_tokens is Usage(output_tokens=4).total_tokens is None
    assert Usage(0, output_tokens=0).total_tokens == 0


@given(st.lists(usages, max_size=8))
def test_a_sum_is_never_more_certain_than_what_went_into_it(given_usages: list[Usage | None]) -> None:
    """It never raises, its counts are the sums of the known ones, and what one request lacks shows in its certainty."""
    total = sum_usage(given_usages)
    known = [u for u in given_usages if u is not None]
    for name in ("input_tokens", "output_tokens"):
        there = [n for u in known if (n := getattr(u, name)) is not None]
        assert getattr(total, name) == (sum(there) if there or not given_usages else None)
    whole = [u for u in known if u.total_tokens is not None]
    if len(whole) < len(given_usages):
        assert total.certainty in ("partial", "unknown")
    elif given_usages and {u.certainty for u in whole} == {"reported"}:
        assert total.certainty == "reported"


@given(st.lists(usages, max_size=6).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_requests_does_not_matter(both: tuple[list[Usage | None], list[Usage | None]]) -> None:
    """Sums are the same in any order."""
    assert sum_usage(both[0]) == sum_usage(both[1])


def test_a_cached_count_without_its_input_does_not_break_a_sum() -> None:
    """5 cached of nobody knows how many, and 3 read: the sum is 3 with nothing said of the cache, and partial."""
    assert sum_usage([Usage(cached_tokens=5), Usage(3, output_tokens=1)]) == Usage(3, output_tokens=1, certainty="partial")


def test_the_sum_of_no_requests_is_zero_and_of_silent_ones_unknown() -> None:
    """Nothing was used before the first request; a request of which nobody said anything is not nothing."""
    assert sum_usage([]) == Usage(0, 0, 0, 0, 0)
    assert sum_usage([None, Usage()]) == Usage(certainty="unknown")


def test_the_weakest_certainty_wins_and_something_unknown_among_known_is_partial() -> None:
    """The whole table of pairs, in both orders."""
    order = ("reported", "estimated", "partial", "unknown")
    for a, b in itertools.product(get_args(Certainty), repeat=2):
        expected = "partial" if "unknown" in (a, b) and a != b else max(a, b, key=order.index)
        assert weakest([a, b]) == weakest([b, a]) == expected
    assert weakest([]) == "reported"
