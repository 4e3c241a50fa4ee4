"""Markdown of a conversation: a file to read. What a notebook's cell keeps is `transcript`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nbchat.core.conversations import Conversation
from nbchat.core.messages import (
    Attachment,
    FilePart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from nbchat.export.facts import Branches, call_names, facts, heading, result_label, trouble
from nbchat.export.safe_markdown import clean_text, escape_text, fenced, file_language, image_text, safe_markdown

__all__ = ["attachment_line", "beginning", "footer", "heading_line", "part_markdown", "quoted", "to_markdown"]

_NO_NAMES: Mapping[str, str] = {}


def to_markdown(conversation: Conversation, path: Iterable[Message], messages: Iterable[Message] = ()) -> str:
    """Return the messages of `path`, in the order given, as a document; what models wrote is made safe (see `safe_markdown`).
    `messages` are all of the conversation: with them it says which versions there are."""
    path = tuple(path)
    branches = Branches.of(conversation, path, messages)
    blocks = beginning(conversation, branches)
    for message in path:
        blocks.append(f"## {heading_line(message, branches)}")
        blocks.extend(part_markdown(part, call_names(message)) for part in message.parts)
        if message.role == "assistant":
            blocks.append(footer(message))
    return "\n\n".join(block for block in blocks if block) + "\n"


def beginning(conversation: Conversation, branches: Branches) -> list[str]:
    """Return the title, what is on other branches, and the system prompt."""
    blocks = [f"# {escape_text(conversation.title or conversation.name)}"]
    if branches.note:
        blocks.append(f"*{branches.note}*")
    if conversation.system:
        blocks.append(quoted("System prompt", conversation.system))
    return blocks


def heading_line(message: Message, branches: Branches) -> str:
    """Return who speaks and when, and what else is to be known of the message, on one line."""
    speaker, notes = heading(message, branches)
    return f"{speaker} ({', '.join(notes)})" if notes else speaker


def part_markdown(part: Part, names: Mapping[str, str] = _NO_NAMES) -> str:
    """Return one part, made safe; `names` says whose result a result is, where that is not plain."""
    if isinstance(part, TextPart):
        return safe_markdown(part.text)
    if isinstance(part, ReasoningPart):
        return quoted("Reasoning", part.text)
    if isinstance(part, ToolCallPart):
        return f"Calls {escape_text(part.name)}:\n\n{fenced(part.arguments, 'json')}"
    if isinstance(part, ToolResultPart):
        return f"{escape_text(result_label(part, names))}:\n\n{fenced(part.text)}"
    if isinstance(part, FilePart):
        return f"File {escape_text(part.name)}:\n\n{fenced(clean_text(part.text), file_language(part.name))}"
    assert isinstance(part, ImagePart)
    return image_text(part.url, part.alt)


def attachment_line(part: Attachment) -> str:
    """Return what stands for a file where its content would be too much."""
    return f"*(file: {escape_text(part.name)})*" if isinstance(part, FilePart) else image_text(part.url, part.alt)


def quoted(label: str, text: str) -> str:
    """Return text made safe as a quotation, below its label if it has one."""
    body = safe_markdown(text)
    if label:
        body = f"**{label}**\n\n{body}"
    return "\n".join(f"> {line}".rstrip() for line in body.split("\n"))


def footer(answer: Message) -> str:
    """Return model, tokens, cost; and what went wrong, if something did."""
    line = " · ".join(escape_text(fact) for fact in facts(answer))
    blocks = [f"**{escape_text(trouble(answer))}**" if answer.error else "", f"*{line}*" if line else ""]
    return "\n\n".join(block for block in blocks if block)
