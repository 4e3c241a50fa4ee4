"""Transcripts: the Markdown that stays in the saved notebook, where the widget is gone.

A display of its own beside the widget, because updating the widget's own output would build its view anew. A turn's says at
first that there is no answer yet and is filled at the turn's end and again when the view shows another answer (resumed,
edited, deleted); a thread's holds its newest messages and is filled at each end and change. It is the one thing that nbchat
shows from the background, with its own cell's parent header. The front end hides it below a live view (it knows the marker).
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbchat.core.ids import new_id
from nbchat.export.transcript import BEGUN, private_markdown, thread_markdown, turn_markdown

if TYPE_CHECKING:
    from nbchat.core.messages import Message
    from nbchat.sessions.ports import Clock
    from nbchat.sessions.turn import Turn

__all__ = ["ThreadTranscript", "Transcript", "TurnTranscript", "transcript"]

PAUSE = 1.0
"""Seconds between two updates of a thread's: a loop that deletes a thousand messages must not send a thousand."""

_log = logging.getLogger("nbchat.notebook")


def transcript(answer: Message, question: Message | None = None) -> dict[str, Any]:
    """Return the MIME bundle of a turn; without the question where the cell itself shows it."""
    return {"text/markdown": turn_markdown(question, answer)}


class Transcript(ABC):
    """One display, in as many cells as its view was displayed in; an update reaches them all."""

    def __init__(self, kernel: Any, markdown: str) -> None:
        self._kernel = kernel
        self._parent: Any = None
        self._id = new_id()
        self._markdown = markdown

    def display(self) -> None:
        """Show what is held, in the cell that runs. On the main thread."""
        from IPython.display import publish_display_data

        self._parent = self._kernel.get_parent()
        publish_display_data({"text/markdown": self._markdown}, transient={"display_id": self._id})  # type: ignore[no-untyped-call]

    @abstractmethod
    def show(self, path: Sequence[Message]) -> None:
        """Hold these messages of a view, oldest first. On the loop."""

    def _hold(self, markdown: str) -> None:
        if markdown == self._markdown:
            return
        self._markdown = markdown
        if self._parent is None:  # it is not displayed yet
            return
        content = {"data": {"text/markdown": markdown}, "metadata": {}, "transient": {"display_id": self._id}}
        kernel, kind = self._kernel, "update_display_data"
        try:
            kernel.session.send(kernel.iopub_socket, kind, content, parent=self._parent, ident=kind.encode())
        except Exception:
            _log.warning("a transcript could not be shown", exc_info=True)


class TurnTranscript(Transcript):
    """What the cell of a turn keeps: its answer, and its question where that is not the cell's own (`asked`)."""

    def __init__(self, kernel: Any, asked: str) -> None:
        super().__init__(kernel, BEGUN)
        self._asked = asked

    def follow(self, turn: Turn) -> None:
        """Hold this turn's answer when it ends, whether or not there is a view of it by then."""

        def ended(delta: str | None) -> None:
            if delta is None and turn.answer is not None:  # without an answer it was taken from the queue
                self.show([each for each in (turn.question, turn.answer) if each is not None])

        turn.watch(ended)

    def show(self, path: Sequence[Message]) -> None:
        """Hold the answer among these, and the question before it; none where it was deleted."""
        question = next((message for message in path if message.role == "user"), None)
        answer = next((message for message in path if message.role == "assistant"), None)
        own = answer is None or question is None or question.text == self._asked
        self._hold(turn_markdown(None if own else question, answer))


class ThreadTranscript(Transcript):
    """What the cells of a thread keep: its newest messages, as many as fit; of a private conversation nothing."""

    def __init__(self, kernel: Any, name: str, path: Sequence[Message], clock: Clock) -> None:
        super().__init__(kernel, thread_markdown(name, path))
        self._name = name
        self._private = False
        self._clock = clock
        self._path: Sequence[Message] = path
        self._pause: asyncio.Task[None] | None = None
        self._due = False

    def turn_to(self, name: str, *, private: bool) -> None:
        """What it is shown from now on is another conversation's; what it holds is not changed by this."""
        self._name, self._private = name, private

    def show(self, path: Sequence[Message]) -> None:
        """Hold these messages: at once, or when the last update is `PAUSE` seconds old."""
        self._path = () if self._private else path
        if self._pause is not None and not self._pause.done():
            self._due = True
            return
        self._hold(self._text())
        self._pause = asyncio.get_running_loop().create_task(self._later())

    async def _later(self) -> None:
        await self._clock.sleep(PAUSE)
        while self._due:
            self._due = False
            self._hold(self._text())
            await self._clock.sleep(PAUSE)

    def _text(self) -> str:
        return private_markdown(self._name) if self._private else thread_markdown(self._name, self._path)
