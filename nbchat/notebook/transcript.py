"""Transcript: the Markdown of a turn that stays in the saved notebook, where the widget is gone.

A display of its own beside the widget, empty at first and filled once, at the turn's end: the one thing that nbchat shows from
the background, with its own cell's parent header. The front end hides it below a live view (it knows the marker).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from nbchat.core.ids import new_id
from nbchat.export.markdown import MARKER, turn_markdown

if TYPE_CHECKING:
    from nbchat.core.messages import Message
    from nbchat.runtime.loop import Background
    from nbchat.sessions.turn import Turn

__all__ = ["keep_transcript", "transcript"]

_log = logging.getLogger("nbchat.notebook")


def transcript(answer: Message) -> dict[str, Any]:
    """Return the MIME bundle of a turn; without the question, which the cell itself shows."""
    return {"text/markdown": turn_markdown(None, answer)}


def keep_transcript(kernel: Any, background: Background, turn: Turn) -> None:
    """Display the empty transcript in the running cell, and fill it when the turn ends. On the main thread."""
    parent = kernel.get_parent()
    display_id = new_id()
    _publish(kernel, "display_data", {"text/markdown": MARKER}, display_id, parent)

    def fill(delta: str | None) -> None:
        if delta is None:
            background.post(_fill, kernel, turn, display_id, parent)

    background.post(turn.watch, fill)


def _fill(kernel: Any, turn: Turn, display_id: str, parent: Any) -> None:
    if turn.answer is not None:  # None: it was taken from the queue
        _publish(kernel, "update_display_data", transcript(turn.answer), display_id, parent)


def _publish(kernel: Any, kind: str, data: dict[str, Any], display_id: str, parent: Any) -> None:
    content = {"data": data, "metadata": {}, "transient": {"display_id": display_id}}
    try:
        kernel.session.send(kernel.iopub_socket, kind, content, parent=parent, ident=kind.encode())
    except Exception:
        _log.warning("a transcript could not be shown", exc_info=True)
