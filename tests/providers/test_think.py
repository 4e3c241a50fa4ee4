"""Reasoning in tags: parted wherever the deltas are cut, only at the beginning, and no word of it lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.providers.think import TAGS, ThinkSplitter

PIECES = [*TAGS, *TAGS.values(), "<", "<th", "/think>", " ", "\n", "a", "word ", " " * 70]


def parted(*pieces: str) -> tuple[str, str]:
    splitter = ThinkSplitter()
    found = [*(splitter.feed(piece) for piece in pieces), splitter.flush()]
    return "".join(reasoning for reasoning, _ in found), "".join(text for _, text in found)


@pytest.mark.parametrize("opening", TAGS)
def test_every_cut(opening: str) -> None:
    """The tags go, with the white space beside them, wherever the text is cut in three."""
    text = f" \n{opening}\nso <b> on\n{TAGS[opening]}\n\nHello {opening}you{TAGS[opening]}"
    expected = ("so <b> on\n", f"Hello {opening}you{TAGS[opening]}")
    assert parted(text) == expected
    for first in range(len(text)):
        for second in range(first, len(text)):
            assert parted(text[:first], text[first:second], text[second:]) == expected


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_cuts_change_nothing_and_no_word_is_lost(pieces: list[str]) -> None:
    """The same as in one piece, and the same words in the same order but for one pair of tags."""
    text = "".join(pieces)
    reasoning, answer = parted(*pieces)
    assert (reasoning, answer) == parted(text) == parted(*text)
    opening = next((tag for tag in TAGS if reasoning and text.lstrip().startswith(tag)), "")
    close = TAGS.get(opening, "")
    said = "".join((reasoning + answer).split())
    without_tags = "".join(text.lstrip()[len(opening) :].split())
    assert said in (without_tags, without_tags.replace(close, "", 1)) or not reasoning


def test_what_is_held_is_bounded() -> None:
    """White space that does not end is text after a while; a splitter holds no more than that."""
    splitter = ThinkSplitter()
    came = [splitter.feed(" " * 10) for _ in range(20)]
    assert "".join(text for _, text in came) == " " * 200
    assert splitter.plain


def test_it_says_when_it_need_not_be_asked_any_more() -> None:
    """The way of every later delta is as short as before."""
    splitter = ThinkSplitter()
    splitter.feed("<thi")
    assert not splitter.plain
    splitter.feed("nk>a")
    assert not splitter.plain
    splitter.feed("</think>b")
    assert splitter.plain
