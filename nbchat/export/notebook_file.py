"""A conversation as a Jupyter notebook: to read, to run the code of its answers, and to import again without a loss.

Each message becomes Markdown cells; a closed, unindented block of Python in an answer becomes a code cell that was not run,
because running it is why a scientist wants a notebook. Code in lists and in questions, and other languages, stay in the text.
The whole conversation, every branch, is the notebook's metadata "nbchat" (see `document`), which Jupyter keeps when it saves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from nbchat.core.conversations import Conversation
from nbchat.core.errors import UsageError
from nbchat.core.messages import Message, TextPart
from nbchat.export.document import to_document
from nbchat.export.facts import Branches, call_names
from nbchat.export.json_file import parsed
from nbchat.export.markdown import beginning, footer, heading_line, part_markdown
from nbchat.export.reading import NOT_OURS, from_document
from nbchat.export.safe_markdown import fenced, safe_markdown, split_fences

__all__ = ["from_notebook", "to_notebook"]

_PYTHON = frozenset({"python", "python3", "py", "ipython", "ipython3"})
_KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def to_notebook(conversation: Conversation, path: Iterable[Message], messages: Iterable[Message]) -> str:
    """Return the active path as a notebook (nbformat 4.5, JSON in ASCII) that carries the whole conversation."""
    path, messages = tuple(path), tuple(messages)
    branches = Branches.of(conversation, path, messages)
    cells = [_markdown("\n\n".join(beginning(conversation, branches)))]
    for message in path:
        cells.extend(_cells(message, branches))
    for number, cell in enumerate(cells):
        cell["id"] = f"nbchat-{number}"
    metadata = {**_KERNEL, "nbchat": to_document(conversation, messages)}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1) + "\n"


def from_notebook(text: str) -> tuple[Conversation, list[Message]]:
    """Return the conversation that a notebook carries; raises UsageError for one that carries none, or a damaged one."""
    notebook = parsed(text)
    metadata = notebook.get("metadata") if isinstance(notebook, dict) else None
    if not isinstance(metadata, dict) or "nbchat" not in metadata:
        raise UsageError("This notebook was not exported by nbchat: it carries no conversation.", hint=NOT_OURS)
    return from_document(metadata["nbchat"])


def _cells(message: Message, branches: Branches) -> Iterator[dict[str, Any]]:
    """The cells of one message: prose until code that can be run, that code, and so on; the line about it at the end."""
    blocks = [f"### {heading_line(message, branches)}"]
    for part in message.parts:
        if not isinstance(part, TextPart) or message.role != "assistant":
            blocks.append(part_markdown(part, call_names(message)))
            continue
        for piece in split_fences(part.text):
            if isinstance(piece, str):
                blocks.append(safe_markdown(piece).strip("\n"))
            elif piece.language.lower() in _PYTHON and piece.closed and not piece.indent and piece.code.strip():
                yield from _prose(blocks)
                blocks = []
                yield {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": piece.code}
            else:
                blocks.append(fenced(piece.code, piece.language))
    if message.role == "assistant":
        blocks.append(footer(message))
    yield from _prose(blocks)


def _prose(blocks: list[str]) -> Iterator[dict[str, Any]]:
    text = "\n\n".join(block for block in blocks if block.strip())
    if text:
        yield _markdown(text)


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}
