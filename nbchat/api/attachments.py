"""Attachments as people give them in Python: a path, or bytes.

Owns the reading of files; what may be attached is `core/attachments.py`'s matter.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from nbchat.core.attachments import MOST_IMAGE, attached, check_sum, picture_kind
from nbchat.core.errors import UsageError
from nbchat.core.messages import Attachment, FilePart, ImagePart
from nbchat.core.texts import text_of

__all__ = ["Attachable", "attachments_of"]

Attachable: TypeAlias = "str | os.PathLike[str] | bytes | ImagePart | FilePart"
"""The path of a file, the bytes of a picture or of a text, or what another question had (`message.attachments`)."""


def attachments_of(given: Attachable | Iterable[Attachable]) -> tuple[Attachment, ...]:
    """Return the parts of a question, in order; one alone need not be in a list.

    Raises UsageError for what is no file, cannot be read, is neither picture nor text, or is too large.
    """
    alone = isinstance(given, str | os.PathLike | bytes | bytearray | ImagePart | FilePart)
    try:
        listed = [given] if alone else list(given)  # type: ignore[arg-type]  # told apart in the line above
    except TypeError:
        raise _no_attachment(given) from None
    return check_sum(_attachment(each, number) for number, each in enumerate(listed, 1))


def _attachment(given: object, number: int) -> Attachment:
    if isinstance(given, FilePart):  # of a file that was read in another way, say
        return FilePart(text_of(given.name, "A file's name"), text_of(given.text, "A file's content"))
    if isinstance(given, ImagePart):
        return replace(given, url=text_of(given.url, "A picture's URL"), alt=text_of(given.alt, "A picture's name"))
    if isinstance(given, bytes | bytearray):
        data = bytes(given)
        return attached(f"attachment-{number}.{picture_kind(data) or 'txt'}", data)
    if isinstance(given, str | os.PathLike):
        return _file(Path(given))
    raise _no_attachment(given)


def _file(path: Path) -> Attachment:
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(MOST_IMAGE + 1)  # more is refused anyway
    except (OSError, ValueError, RuntimeError) as error:  # a name with a NUL in it, the home of a user whom nobody knows
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{str(path)!r:.200} cannot be read: {why}.", hint="Give the path of a file, or its bytes.") from error
    return attached(path.name, data)


def _no_attachment(given: object) -> UsageError:
    hint = "Give the path of a file, its bytes, or a list of such."
    return UsageError(f"{type(given).__name__} cannot be attached.", hint=hint)
