"""Conversations as Markdown, and a cell's saved transcript."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost
from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.usage import Usage
from nbchat.export import to_markdown, turn_markdown

CONVERSATION = Conversation(
    "c1", "notes", "On <b>monads</b>", "lab", "tiny", "Be brief.", {"temperature": 0.5}, "a1", 1_760_000_000.0, 1_760_000_100.0
)
QUESTION = Message("u1", "user", (TextPart("what is a *monad*?"),), created=1_760_000_000.0)
ANSWER = Message(
    "a1",
    "assistant",
    (
        ReasoningPart("hm\nhm", 1.5),
        TextPart("A *burrito* <script>x</script>.\n\n```py\na < b\n```"),
        ToolCallPart("c", "add_up", '{"a": 1}'),
        ToolResultPart("c", "```\n2"),
        ImagePart("https://pics.test/a.png", "a picture"),
    ),
    "u1",
    finish_reason="stop",
    model="lab/tiny_model",
    created=1_760_000_001.0,
    usage=Usage(1234, None, None, 56),
    cost=Cost(Decimal("0.0012"), "estimated"),
)


def test_markdown() -> None:
    """A document: title, system prompt, each message with its time, reasoning and tools told apart, tokens and cost."""
    assert to_markdown(CONVERSATION, [QUESTION, ANSWER]) == (
        "# On &#60;b&#62;monads&#60;/b&#62;\n\n"
        "> **System prompt**\n>\n> Be brief.\n\n"
        "## You (2025-10-09 08:53 UTC)\n\n"
        "what is a *monad*?\n\n"
        "## Assistant (2025-10-09 08:53 UTC)\n\n"
        "> **Reasoning**\n>\n> hm\n> hm\n\n"
        "A *burrito* &lt;script>x&lt;/script>.\n\n```py\na < b\n```\n\n"
        'Calls add&#95;up:\n\n```json\n{"a": 1}\n```\n\n'
        "Result:\n\n````\n```\n2\n````\n\n"
        "(image: a picture, pics.test)\n\n"
        "*lab/tiny&#95;model · 1,234 in, 56 out · &#126;&#36;0.0012*\n"
    )


def test_empty_conversation() -> None:
    """A conversation without messages is a title."""
    assert to_markdown(Conversation("c", "n"), []) == "# n\n"


def plain(**changes: object) -> Message:
    values: dict[str, object] = {"parts": (TextPart("Answer."),), "usage": None, "cost": None, "model": "lab/tiny", **changes}
    return replace(ANSWER, **values)  # type: ignore[arg-type]


def test_transcript() -> None:
    """A turn's transcript is the answer, a small line and the invisible marker; the question only where it is wanted."""
    marker = "[](#nbchat-transcript)"
    assert turn_markdown(None, plain()) == f"Answer.\n\n*lab/tiny*\n\n{marker}"
    with_question = turn_markdown(QUESTION, plain())
    assert with_question == f"> what is a *monad*?\n\nAnswer.\n\n*lab/tiny*\n\n{marker}"
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


def test_marks_and_branches() -> None:
    """A reader sees which version this is, what the model was not shown, what a person wrote, and that there is more."""
    other = replace(ANSWER, id="a0", parts=(TextPart("Other."),))
    gone = replace(ANSWER, id="a9", deleted=True)
    edited = plain(model=None)
    text = to_markdown(CONVERSATION, [replace(QUESTION, hidden=True), edited], [QUESTION, other, edited, gone])
    assert "## You (2025-10-09 08:53 UTC, hidden from the model)" in text
    assert "## Assistant (2025-10-09 08:53 UTC, version 2 of 2, written by hand)" in text
    assert "*One branch of the conversation; 1 message on other branches can be exported as JSON.*" in text
    assert "Other." not in text
