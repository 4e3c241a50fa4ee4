"""Markdown of a conversation (a file to read) and of one turn (what a cell keeps when its widget is gone)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

from nbchat.core.conversations import Conversation
from nbchat.core.cost import format_cost
from nbchat.core.messages import ImagePart, Message, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.export.safe_markdown import escape_text, fenced, image_text, safe_markdown

__all__ = ["MARKER", "to_markdown", "turn_markdown"]

MARKER = "[](#nbchat-transcript)"
"""An empty link: invisible, and how a view knows a saved transcript that it stands for. Model text cannot contain it,
because links to anchors are made text there."""

_SPEAKERS = {"user": "You", "assistant": "Assistant", "system": "System", "tool": "Tool"}


def to_markdown(conversation: Conversation, messages: Iterable[Message]) -> str:
    """Return the messages, in the order given, as a document; what models wrote is made safe (see `safe_markdown`)."""
    blocks = [f"# {escape_text(conversation.title or conversation.name)}"]
    if conversation.system:
        blocks.append(_quoted("System prompt", conversation.system))
    for message in messages:
        speaker = _SPEAKERS[message.role]
        when = f" ({_date(message.created)})" if message.created else ""
        blocks.append(f"## {speaker}{when}")
        blocks.extend(_part(part) for part in message.parts)
        if message.role == "assistant":
            blocks.append(_footer(message))
    return "\n\n".join(block for block in blocks if block) + "\n"


def turn_markdown(question: Message | None, answer: Message) -> str:
    """Return a turn's transcript: the question quoted (None where the cell itself shows it), the answer made safe, one
    line about it, and the invisible marker."""
    blocks = [] if question is None else [_quoted("", question.text)]
    blocks.extend(_part(part) for part in answer.parts if not isinstance(part, ReasoningPart))
    blocks.extend((_footer(answer), MARKER))
    return "\n\n".join(block for block in blocks if block)


def _part(part: Part) -> str:
    if isinstance(part, TextPart):
        return safe_markdown(part.text)
    if isinstance(part, ReasoningPart):
        return _quoted("Reasoning", part.text)
    if isinstance(part, ToolCallPart):
        return f"Calls {escape_text(part.name)}:\n\n{fenced(part.arguments, 'json')}"
    if isinstance(part, ToolResultPart):
        return f"{'Failed' if part.error else 'Result'}:\n\n{fenced(part.text)}"
    assert isinstance(part, ImagePart)
    return image_text(part.url, part.alt)


def _quoted(label: str, text: str) -> str:
    body = safe_markdown(text)
    if label:
        body = f"**{label}**\n\n{body}"
    return "\n".join(f"> {line}".rstrip() for line in body.split("\n"))


def _footer(answer: Message) -> str:
    """Model, tokens, cost; and what went wrong, if something did."""
    facts = [escape_text(answer.model)] if answer.model else []
    usage = answer.usage
    if usage is not None and usage.input_tokens is not None and usage.output_tokens is not None:
        about = "" if usage.certainty == "reported" else "~"
        facts.append(f"{about}{usage.input_tokens:,} in, {usage.output_tokens:,} out")
    if answer.cost is not None and answer.cost.amount is not None:
        facts.append(escape_text(format_cost(answer.cost)))
    if answer.status == "streaming":
        facts.append("not finished when this was saved")
    elif answer.status != "complete":
        facts.append(answer.status)
    elif answer.finish_reason == "length":
        facts.append("cut at the length limit")
    line = f"*{' · '.join(facts)}*" if facts else ""
    if answer.error is None:
        return line
    trouble = escape_text(f"{answer.error.text} {answer.error.hint}")
    return f"**{trouble}**\n\n{line}" if line else f"**{trouble}**"


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
