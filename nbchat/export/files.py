"""Writes a conversation to a file, its form chosen by the file's ending."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nbchat.core.conversations import Conversation
from nbchat.core.errors import UsageError
from nbchat.core.messages import Message
from nbchat.export.json_file import to_json
from nbchat.export.markdown import to_markdown

__all__ = ["write"]

_WRITERS = {".md": to_markdown, ".markdown": to_markdown, ".json": to_json}


def write(path: Path, conversation: Conversation, messages: Iterable[Message]) -> Path:
    """Write the messages to `path` (UTF-8) and return it; raises UsageError for an ending that names no known form."""
    make = _WRITERS.get(path.suffix.lower())
    if make is None:
        raise UsageError(f"nbchat cannot export to “{path.suffix or path.name}”.", hint="End the name in .md or .json.")
    path.write_text(make(conversation, messages), encoding="utf-8", errors="replace")
    return path
