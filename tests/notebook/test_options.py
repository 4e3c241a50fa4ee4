"""Options of %chat: only before the question, and never taken from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.errors import UsageError
from nbchat.notebook.options import Options, parse


def test_options_stand_before_the_question() -> None:
    """What follows the first word that is no option is the question, dashes and all."""
    options, question = parse(
        '-m lab/tiny -s notes --new --system "Be brief." --temperature 0.5 --max-tokens 9 --wait -o x hi -m no'
    )
    assert question == "hi -m no"
    assert options == Options("lab/tiny", "notes", True, "Be brief.", {"temperature": 0.5, "max_tokens": 9}, True, "x")
    assert parse("--model=lab/tiny --no-widget why?") == (Options(model="lab/tiny", no_widget=True), "why?")


@pytest.mark.parametrize("question", ["- a list", "-5 + 3 = ?", "--- rule", "-> arrow", "-", "—dash", "", "  spaced  "])
def test_a_question_may_begin_with_a_dash_that_is_no_option(question: str) -> None:
    """Lists, numbers, rules and arrows need no `--`."""
    assert parse(question) == (Options(), question.lstrip(" \t"))


def test_two_dashes_end_the_options() -> None:
    """And take one blank; everything behind is the question."""
    assert parse("--wait -- --model is an option?") == (Options(wait=True), "--model is an option?")
    assert parse("--  -- x") == (Options(), " -- x")
    assert parse("--") == (Options(), "")


@given(st.text(st.characters(exclude_characters="\n\r")))
def test_behind_two_dashes_anything_is_the_question(question: str) -> None:
    """Byte for byte."""
    assert parse(f"-m lab/tiny -- {question}") == (Options(model="lab/tiny"), question)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--foo hi", "no option --foo"),
        ("-x hi", "no option -x"),
        ("-mlab/tiny hi", "no option -mlab/tiny"),
        ("--wait=yes hi", "no option --wait=yes"),
        ("--wet-run hi", "no option --wet-run"),
        ("--budget much hi", "A budget is an amount"),
        ("--budget -1 hi", "A budget is an amount"),
        ("-m", "-m needs a value"),
        ("--temperature warm hi", "--temperature is a number"),
        ("--temperature -1 hi", "--temperature is a number"),
        ("--max-tokens 0 hi", "--max-tokens is a whole number"),
        ("--max-tokens 1.5 hi", "--max-tokens is a whole number"),
        ("-o 1x hi", "-o takes the name of a variable"),
        ("--system 'open hi", "begins with ' and does not end"),
        ("-s '' hi", "-s needs a value"),
    ],
)
def test_a_mistake_is_named(line: str, says: str) -> None:
    """Nothing is guessed and nothing sent."""
    with pytest.raises(UsageError, match=says):
        parse(line)


@given(st.text())
def test_no_line_breaks_the_parser(line: str) -> None:
    """It returns or raises UsageError."""
    try:
        _, question = parse(line)
    except UsageError:
        return
    assert line.endswith(question)
