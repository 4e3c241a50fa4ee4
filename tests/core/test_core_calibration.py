"""What a character is worth: nothing known, little known, much known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.calibration import Calibration
from nbchat.core.usage import Usage


def test_what_is_not_known_is_four_characters_a_token() -> None:
    """Rounded up: something is never nothing."""
    assert [Calibration().input(n) for n in (0, 1, 4, 5, 400)] == [0, 1, 1, 2, 100]


def test_a_history_outweighs_the_assumption() -> None:
    """A first "Hi" decides nothing, a page nearly everything; input and output have ratios of their own."""
    short, page = Calibration.of(Usage(9, output_tokens=2), 2, 2), Calibration.of(Usage(3000, output_tokens=9000), 3000, 3000)
    assert short.input(1000) < 400
    assert 970 < page.input(1000) <= 1000
    assert 2900 < page.output(1000) <= 3000
    assert (short + page).rows == 2


counts = st.integers(0, 10**9)


@given(st.builds(Calibration, counts, counts, counts, counts), counts, counts)
def test_more_text_is_never_fewer_tokens(known: Calibration, one: int, other: int) -> None:
    """And no history makes a negative number, or none of something."""
    less, more = sorted((one, other))
    assert 0 <= known.output(less) <= known.output(more)
    assert known.input(less + 1) > 0


def test_only_reported_counts_teach() -> None:
    """An estimate would teach its own mistakes; zero characters or tokens teach nothing."""
    assert Calibration.of(Usage(5, output_tokens=5, certainty="estimated"), 20, 20) == Calibration()
    assert Calibration.of(Usage(5, output_tokens=0), 20, 0) == Calibration(20, 5, 0, 0, 1)
    assert Calibration.of(Usage(5, output_tokens=5), None, None) == Calibration()
