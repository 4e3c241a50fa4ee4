"""Conversations as Markdown, and a cell's saved transcript."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost
from nbchat.core.messages import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.usage import Usage
from nbchat.export import to_markdown

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
