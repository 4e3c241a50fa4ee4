"""Transcripts as Markdown: what a notebook's cell keeps of a turn, or of a thread, for readers without the widget.

Shorter than a file (`markdown`): no reasoning, long tool results cut, no headings, which would enter the notebook's table of
contents. What models wrote is made safe; mathematics stays as it was written, because readers of notebooks render it.
"""

from __future__ import annotations

from collections.abc import Sequence

from nbchat.core.messages import Message, Part, ReasoningPart, ToolCallPart, ToolResultPart
from nbchat.export.facts import call_names, result_label
from nbchat.export.markdown import attachment_line, footer, part_markdown, quoted
from nbchat.export.safe_markdown import escape_text, fenced

__all__ = ["BEGUN", "MARKER", "THREAD_CHARACTERS", "private_markdown", "thread_markdown", "turn_markdown"]

MARKER = "[](#nbchat-transcript)"
"""An empty link: invisible, and how a view knows a saved transcript that it stands for. Model text cannot contain it,
because links to anchors are made text there."""

BEGUN = f"*The answer is kept here when it is complete.*\n\n{MARKER}"
"""A turn's transcript until the turn ends: true for who reads it below a view, in hosts that cannot hide it there, and for who
opens a notebook that was saved before."""

THREAD_CHARACTERS = 64_000
"""How much of a thread is kept, newest first, as in a view's snapshot; its newest message is always whole."""

_TOOL_CHARACTERS = 1_000


def turn_markdown(question: Message | None, answer: Message | None) -> str:
    """Return a turn's transcript: the question quoted (None where the cell itself shows it), the answer made safe, one
    line about it, and the invisible marker. Without an answer it says so."""
    blocks = [] if question is None else _asked(question)
    blocks.extend(["*There is no answer here any more.*"] if answer is None else _answer(answer))
    return _joined(blocks)


def thread_markdown(name: str, path: Sequence[Message]) -> str:
    """Return the transcript of a thread, oldest message first: its newest messages, as many as fit, and what was left out."""
    kept: list[str] = []
    size = 0
    for message in reversed(path):
        blocks = _answer(message) if message.role == "assistant" else _asked(message)
        if message.hidden:
            blocks.append("*Hidden from the model.*")
        text = "\n\n".join(block for block in blocks if block)
        if kept and size + len(text) > THREAD_CHARACTERS:
            break
        kept.append(text)
        size += len(text)
    left = len(path) - len(kept)
    note = f"; {left} earlier message{'s are' if left != 1 else ' is'} not kept here" if left else ""
    empty = "" if path else "; nothing was said yet"
    return _joined([f"*Chat “{escape_text(name)}”{note}{empty}*", *reversed(kept)])


def private_markdown(name: str) -> str:
    """Return what is kept of a private conversation: that nothing is."""
    return _joined([f"*Chat “{escape_text(name)}”: nothing of it is kept.*"])


def _asked(question: Message) -> list[str]:
    """What a person said, and for each file what stands for it."""
    return [*map(attachment_line, question.attachments), quoted("", question.text)]


def _answer(answer: Message) -> list[str]:
    names = call_names(answer)
    blocks = [_short(part, names) for part in answer.parts if not isinstance(part, ReasoningPart)]
    return [*blocks, footer(answer)]


def _short(part: Part, names: dict[str, str]) -> str:
    """One part; of what a tool was given and gave back, the beginning."""
    if isinstance(part, ToolCallPart):
        return f"Calls {escape_text(part.name)}:\n\n{_beginning(part.arguments, 'json')}"
    if isinstance(part, ToolResultPart):
        return f"{escape_text(result_label(part, names))}:\n\n{_beginning(part.text)}"
    return part_markdown(part, names)


def _beginning(text: str, language: str = "") -> str:
    more = len(text) - _TOOL_CHARACTERS
    return fenced(text, language) if more <= 0 else f"{fenced(text[:_TOOL_CHARACTERS])}\n\n*and {more:,} characters more*"


def _joined(blocks: list[str]) -> str:
    return "\n\n".join(block for block in (*blocks, MARKER) if block)
