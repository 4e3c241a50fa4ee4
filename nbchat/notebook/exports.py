"""Exports: a conversation as a file, for a page that downloads it, or into the notebook's folder where pages cannot.

Owns how it is cut into messages, and the file's name. What stands in it is `nbchat/export`'s matter. On the loop, but for the
rendering: a long conversation takes longer than a frame.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbchat.core.errors import UsageError
from nbchat.export.files import file_name, render, write
from nbchat.notebook.wire import Json

if TYPE_CHECKING:
    from nbchat.notebook.view import View
    from nbchat.sessions.session import Session

__all__ = ["PIECE", "Export", "export_piece", "export_to_folder"]

PIECE = 100_000
"""Characters in a message. The Jupyter server drops what goes beyond a megabyte a second, escapes and four-byte characters
counted, so a page that asks for one after the other never asks for that much at once."""
_FORMS = {"md": ".md", "json": ".json", "ipynb": ".ipynb", "html": ".html"}


@dataclass(frozen=True, slots=True)
class Export:
    """What a page reads piece by piece: the same text to the last one, whatever is said meanwhile."""

    id: str
    name: str
    text: str

    def piece(self, number: int) -> Json:
        """Return one piece (from 0 on), how many there are, and the file's name. Raises UsageError where there is no such one."""
        count = max(-(-len(self.text) // PIECE), 1)
        if not 0 <= number < count:
            raise UsageError("This export has no such part.", hint="Export again.")
        text = self.text[number * PIECE : (number + 1) * PIECE]
        return {"of": self.id, "name": self.name, "text": text, "piece": number, "pieces": count}


async def export_piece(view: View, form: str, number: int, export: str) -> Json:
    """Return a piece of the export with this id, which the first piece makes; a view has one at a time."""
    if number == 0 and (view.exported is None or view.exported.id != export):
        session, ending = view.session, _ending(form)
        text = await asyncio.to_thread(render, ending, session.conversation, session.path, session.messages)
        name = file_name(_title(session), ending)
        view.exported = Export(export, name, text.encode("utf-8", "replace").decode("utf-8"))  # a lone surrogate goes nowhere
    if view.exported is None or view.exported.id != export:
        raise UsageError("This export is over.", hint="Export again.")
    return view.exported.piece(number)


async def export_to_folder(session: Session, form: str) -> str:
    """Write the conversation into the kernel's folder, beside the notebook, under a name that is free; return where."""
    ending = _ending(form)
    name = file_name(_title(session), ending)

    def save() -> Path:
        numbered = (f"{Path(name).stem} {number}{ending}" for number in itertools.count(2))
        path = next(path for each in itertools.chain([name], numbered) if not (path := Path.cwd() / each).exists())
        return write(path, session.conversation, session.path, session.messages)

    return str(await asyncio.to_thread(save))


def _ending(form: str) -> str:
    if form not in _FORMS:
        raise UsageError(f"nbchat cannot export as {form!r:.20}.", hint=f"Choose one of: {', '.join(_FORMS)}.")
    return _FORMS[form]


def _title(session: Session) -> str:
    return session.conversation.title or session.name
