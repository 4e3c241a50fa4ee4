"""Help: what `%chat?` and `%nbchat?` say is what there is."""

from __future__ import annotations

import pytest

from nbchat.notebook.help import CHAT, NBCHAT, USAGES, listing
from nbchat.notebook.magics import NbChat
from nbchat.notebook.manage import COMMANDS
from nbchat.notebook.options import NAMES, meant


def test_every_option_and_every_command_is_told() -> None:
    """And no other, each in a line of its own."""
    told = [line.split()[0].rstrip(",") for line in CHAT.splitlines() if line.startswith("  -")]
    assert {*told, "--model", "--session", "--help"} == {*NAMES, "--"}
    assert list(USAGES) == list(COMMANDS) == [line.split()[1] for line in listing().splitlines()]
    assert listing() in NBCHAT


def test_it_stands_where_a_question_mark_looks() -> None:
    """The docstrings of the magics; lines that a notebook need not wrap."""
    assert (NbChat.chat.__doc__, NbChat.nbchat.__doc__) == (CHAT, NBCHAT)
    assert max(map(len, CHAT.splitlines())) <= 130


@pytest.mark.parametrize(
    ("word", "asked"),
    [("--modle", "Did you mean --model? "), ("--dryrun", "Did you mean --dry-run? "), ("-x", ""), ("--frobnicate", "")],
)
def test_a_word_that_is_nearly_one_is_asked_back(word: str, asked: str) -> None:
    """One that is like none is not."""
    assert meant(word, NAMES) == asked
