"""Conversations to files and back, the form chosen by the file's ending. A file is written whole or not at all."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from nbchat.core.conversations import Conversation
from nbchat.core.errors import UsageError
from nbchat.core.messages import Message
from nbchat.export.json_file import from_json, to_json
from nbchat.export.markdown import to_markdown
from nbchat.export.reading import NOT_OURS

__all__ = ["LARGEST_FILE", "file_name", "read", "render", "write"]

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; a larger file is not read. (A thousand long answers are some five megabytes.)"""

_LONGEST_NAME = 80
_LONGEST_BYTES = 200
"""File systems take 255, ending included."""
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{name}{number}" for name in ("COM", "LPT") for number in range(10))}

_Messages: TypeAlias = tuple[Message, ...]


def _json(conversation: Conversation, _: _Messages, messages: _Messages) -> str:
    return to_json(conversation, messages)


def _html(conversation: Conversation, path: _Messages, messages: _Messages) -> str:
    from nbchat.export.html_file import to_html  # its parser of Markdown is loaded when first needed

    return to_html(conversation, path, messages)


def _notebook(conversation: Conversation, path: _Messages, messages: _Messages) -> str:
    from nbchat.export.notebook_file import to_notebook

    return to_notebook(conversation, path, messages)


def _from_notebook(text: str) -> tuple[Conversation, list[Message]]:
    from nbchat.export.notebook_file import from_notebook

    return from_notebook(text)


_WRITERS: Mapping[str, Callable[[Conversation, _Messages, _Messages], str]] = {
    ".md": to_markdown,
    ".markdown": to_markdown,
    ".json": _json,
    ".ipynb": _notebook,
    ".html": _html,
    ".htm": _html,
}
_READERS = {".json": from_json, ".ipynb": _from_notebook}


def render(ending: str, conversation: Conversation, path_messages: Iterable[Message], all_messages: Iterable[Message]) -> str:
    """Return what `write` would put into a file of this ending (".md"). Raises UsageError for one that names no known form."""
    make = _WRITERS.get(ending.lower())
    if make is None:
        raise UsageError(f"nbchat cannot export to “{ending}”.", hint="End the name in .md, .html, .ipynb or .json.")
    shown = tuple(path_messages)
    # The running answer is known with its text only where it is shown.
    known = {message.id: message for message in (*all_messages, *shown)}
    return make(conversation, shown, tuple(known.values()))


def file_name(title: str, ending: str) -> str:
    """Return a file name made of a title that can be anything: of letters, digits, spaces and "-_.,()" alone, at most 80
    characters before the ending, never hidden, and none that Windows keeps for its devices."""
    kept = "".join(c if c.isalnum() or c in " -_.,()" else "-" for c in unicodedata.normalize("NFC", title))
    short = " ".join(kept.split())[:_LONGEST_NAME].encode("utf-8", "ignore")[:_LONGEST_BYTES]
    stem = short.decode("utf-8", "ignore").strip(" .-")
    if not stem or stem.split(".")[0].upper() in _DEVICES:
        stem = f"chat {stem}".strip()
    return f"{stem}{ending}"


def write(path: Path, conversation: Conversation, path_messages: Iterable[Message], all_messages: Iterable[Message]) -> Path:
    """Write a conversation to `path` (UTF-8), by its ending, and return it: .md and .html show the messages of the active path
    (`path_messages`), .json and .ipynb keep all of them, so that `read` gives them back.

    A file that was there is replaced. Raises UsageError for an ending that names no known form and for a place where nothing
    can be written.
    """
    text = render(path.suffix or path.name, conversation, path_messages, all_messages)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8", errors="replace")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"nbchat cannot write {path}: {error.strerror or error}.", hint="Choose another place.") from error
    return path


def read(path: Path) -> tuple[Conversation, list[Message]]:
    """Return the conversation that `write` put into a .json or .ipynb file, and all its messages under the ids that they had
    (see `document.renewed`). Raises UsageError that says what is wrong with the file."""
    parse = _READERS.get(path.suffix.lower())
    if parse is None:
        why = "is for reading and does not hold everything" if path.suffix.lower() in _WRITERS else "is no export of nbchat"
        raise UsageError(f"nbchat cannot import {path.name}: it {why}.", hint="Export to .json or .ipynb, and import that.")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise UsageError(f"{path.name} is larger than {LARGEST_FILE // 2**20} MiB: nbchat does not import it.", hint=NOT_OURS)
        return parse(data.decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"nbchat cannot read {path}: {error.strerror or error}.", hint="Is that the file?") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name} is not UTF-8: nbchat did not export it.", hint=NOT_OURS) from error
