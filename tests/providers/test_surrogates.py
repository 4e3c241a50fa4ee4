"""Characters that were cut in half between two deltas."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from nbchat.providers.surrogates import SurrogateJoiner, has_surrogate

ANY = st.text(alphabet=st.one_of(st.characters(categories=["Cs"]), st.characters(categories=["L", "So"])), max_size=12)


@given(ANY, st.lists(st.integers(0, 12), max_size=4))
def test_cuts_change_nothing(text: str, cuts: list[int]) -> None:
    """However a text is cut, what comes out is the same, and it can be encoded."""
    whole = SurrogateJoiner()
    expected = whole.join(text) + whole.flush()
    marks = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    joiner = SurrogateJoiner()
    pieces = [joiner.join(text[a:b]) for a, b in itertools.pairwise(marks)]
    assert "".join(pieces) + joiner.flush() == expected
    for piece in pieces:
        piece.encode()


@given(st.text())
def test_good_text_passes(text: str) -> None:
    """Text without lone halves is not changed."""
    assert not has_surrogate(text)
    assert SurrogateJoiner().join(text) == text


def test_halves() -> None:
    """Two halves are one character, a half alone is U+FFFD, and none is lost."""
    joiner = SurrogateJoiner()
    assert [joiner.join("a\ud83d"), joiner.join("\ude00b"), joiner.join("\ude00"), joiner.join("\ud83d")] == [
        "a",
        "😀b",
        "\ufffd",
        "",
    ]
    assert joiner.flush() == "\ufffd"
    assert joiner.flush() == ""
