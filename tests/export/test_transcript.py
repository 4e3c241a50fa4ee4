"""Transcripts: what a notebook's cell keeps of a turn, or of a thread, for readers without the widget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbchat.core.cost import Cost
from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import ImagePart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.usage import Usage
from nbchat.export import thread_markdown, turn_markdown
from nbchat.export.transcript import MARKER, THREAD_CHARACTERS
from tests.export.test_markdown import ANSWER, QUESTION, plain


def test_transcript() -> None:
    """A turn's transcript is the answer, a small line and the invisible marker; the question only where it is wanted."""
    assert turn_markdown(None, plain()) == f"Answer.\n\n*lab/tiny*\n\n{MARKER}"
    with_question = turn_markdown(QUESTION, plain())
    assert with_question == f"> what is a *monad*?\n\nAnswer.\n\n*lab/tiny*\n\n{MARKER}"
    assert "hm" not in turn_markdown(None, ANSWER)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "stopped"}, "*lab/tiny · stopped*"),
        ({"status": "streaming"}, "*lab/tiny · not finished when this was saved*"),
        ({"finish_reason": "length"}, "*lab/tiny · cut at the length limit*"),
        (
            {"status": "error", "error": ErrorInfo("auth", "The key <b> was refused.", "Check it.")},
            "**The key &#60;b&#62; was refused. Check it.**\n\n*lab/tiny · error*",
        ),
        ({"cost": Cost(None, "unknown"), "usage": Usage(1)}, "*lab/tiny*"),
        ({"usage": Usage(1, output_tokens=2, certainty="estimated")}, "*lab/tiny · &#126;1 in, 2 out*"),
    ],
)
def test_what_the_line_says(changes: dict[str, object], expected: str) -> None:
    """The line says how the turn ended where it did not end well; what is unknown is left out, never 0."""
    assert expected in turn_markdown(None, plain(**changes))


def test_an_empty_answer() -> None:
    """A turn that failed before its first token is its error."""
    failed = plain(parts=(), model=None, status="error", error=ErrorInfo("network", "No route.", ""))
    assert turn_markdown(None, failed).startswith("**No route.**")


def test_a_forged_marker() -> None:
    """An answer cannot contain the marker."""
    forged = turn_markdown(None, plain(parts=(TextPart("[](#nbchat-transcript)"),)))
    assert forged.count("[](#nbchat-transcript)") == 1


def test_tool_rounds() -> None:
    """Several calls of one answer and their results are told apart, in their order; what failed or was not allowed says whose."""
    rounds = plain(
        parts=(
            TextPart("I look."),
            ToolCallPart("1", "load", "{}"),
            ToolCallPart("2", "plot", "{}"),
            ToolCallPart("3", "rm", "{}"),
            ToolResultPart("1", "rows"),
            ToolResultPart("2", "no display", error=True),
            ToolResultPart("3", "not run", error=True, denied=True),
            TextPart("Done."),
        )
    )
    text = turn_markdown(None, rounds)
    order = [
        "I look.", "Calls load:", "Calls plot:", "Calls rm:", "Result of load:", "rows", "Failure in plot:", "no display",
        "Not allowed to run rm:", "not run", "Done.",
    ]  # fmt: skip
    places = [text.index(each) for each in order]
    assert places == sorted(places)


def test_no_answer() -> None:
    """When its answer was deleted a reader finds words and no empty output."""
    assert turn_markdown(None, None) == f"*There is no answer here any more.*\n\n{MARKER}"


def test_mathematics_stays_as_it_was_written() -> None:
    """Readers of notebooks render it."""
    formulas = r"$x_1$, $$\frac{a}{b}$$, \(y\) and \[z^2\]"
    assert formulas in turn_markdown(None, plain(parts=(TextPart(formulas),)))


def test_long_tool_results_are_cut() -> None:
    """A transcript is to read: of what a tool gave back the beginning, and how much more there was."""
    text = turn_markdown(None, plain(parts=(ToolCallPart("1", "load", "{}"), ToolResultPart("1", "x" * 1_234_567))))
    assert f"```\n{'x' * 1_000}\n```\n\n*and 1,233,567 characters more*" in text


def test_thread() -> None:
    """Questions quoted, answers below with their lines; no heading, which would enter the notebook's table of contents."""
    image = replace(QUESTION, id="u2", parts=(TextPart("and this?"), ImagePart("https://pics.test/a.png", "a")), hidden=True)
    assert thread_markdown("my <notes>", [QUESTION, plain(), image]) == (
        "*Chat “my &#60;notes&#62;”*\n\n> what is a *monad*?\n\nAnswer.\n\n*lab/tiny*\n\n"
        f"(image: a, pics.test)\n\n> and this?\n\n*Hidden from the model.*\n\n{MARKER}"
    )
    assert thread_markdown("notes", []) == f"*Chat “notes”; nothing was said yet*\n\n{MARKER}"


def test_a_long_thread_keeps_its_newest_messages() -> None:
    """As many as fit, the newest one whole; what was left out is counted."""
    long = [plain(id=f"a{n}", parts=(TextPart(f"no. {n} " + "x" * 10_000),)) for n in range(20)]
    text = thread_markdown("notes", long)
    assert len(text) < THREAD_CHARACTERS + 200
    assert text.startswith("*Chat “notes”; 14 earlier messages are not kept here*\n\nno. 14 ")
    huge = plain(parts=(TextPart("x" * 2 * THREAD_CHARACTERS),))
    assert len(thread_markdown("notes", [QUESTION, huge])) > 2 * THREAD_CHARACTERS
    assert "; 1 earlier message is not kept here" in thread_markdown("notes", [QUESTION, huge])
