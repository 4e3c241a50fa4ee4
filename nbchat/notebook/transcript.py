"""Transcript: the Markdown of a turn that stays in the saved notebook, where the widget is gone.

A display of its own beside the widget, empty at first, filled at the turn's end and again when the view shows another answer
(resumed, edited, deleted): the one thing that nbchat shows from the background, with its own cell's parent header. The front end
hides it below a live view (it knows the marker).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from nbchat.core.ids import new_id
from nbchat.export.markdown import MARKER, turn_markdown

if TYPE_CHECKING:
    from nbchat.core.messages import Message
    from nbchat.notebook.services import Services
    from nbchat.sessions.turn import Turn

__all__ = ["Transcript", "keep_transcript", "transcript"]

_log = logging.getLogger("nbchat.notebook")


def transcript(answer: Message, question: Message | None = None) -> dict[str, Any]:
    """Return the MIME bundle of a turn; without the question where the cell itself shows it."""
    return {"text/markdown": turn_markdown(question, answer)}


def keep_transcript(kernel: Any, services: Services, turn: Turn) -> None:
    """Display the empty transcript in the running cell, and fill it when the turn ends. On the main thread.

    Of a private session nothing is kept, not even the display.
    """
    if not turn.session.private:
        services.background.post(services.hub.transcribe, turn, Transcript(kernel, turn.text))


class Transcript:
    """The display in one cell's output. Made on the main thread while the cell runs, then used on the loop."""

    def __init__(self, kernel: Any, asked: str) -> None:
        self._kernel = kernel
        self._asked = asked
        self._parent = kernel.get_parent()
        self._display = new_id()
        self._shown = {"text/markdown": MARKER}
        self._publish("display_data")

    def follow(self, turn: Turn) -> None:
        """Hold this turn's answer when it ends, whether or not there is a view of it by then."""

        def ended(delta: str | None) -> None:
            if delta is None and turn.answer is not None:  # without an answer it was taken from the queue
                self.show(turn.answer, turn.question)

        turn.watch(ended)

    def show(self, answer: Message | None, question: Message | None) -> None:
        """Hold this answer, and its question where that is not the cell's own; without an answer (it was deleted) nothing."""
        own = question is None or question.text == self._asked
        shown = {"text/markdown": MARKER} if answer is None else transcript(answer, None if own else question)
        if shown != self._shown:
            self._shown = shown
            self._publish("update_display_data")

    def _publish(self, kind: str) -> None:
        content = {"data": self._shown, "metadata": {}, "transient": {"display_id": self._display}}
        kernel = self._kernel
        try:
            kernel.session.send(kernel.iopub_socket, kind, content, parent=self._parent, ident=kind.encode())
        except Exception:
            _log.warning("a transcript could not be shown", exc_info=True)
