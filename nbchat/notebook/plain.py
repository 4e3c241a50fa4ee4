"""Waiting for a turn, and printing it as plain text as it comes. Blocks the calling thread; an interrupt stops the turn."""

from __future__ import annotations

import concurrent.futures
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nbchat.core.errors import ChatError, ErrorInfo
from nbchat.runtime.waiting import next_of, result_of

if TYPE_CHECKING:
    from nbchat.core.messages import Message
    from nbchat.runtime.loop import Background
    from nbchat.sessions.turn import Turn

__all__ = ["completed", "stopping", "stream_text", "wait_for"]

_KEPT = "What had come is kept: resume() goes on with it."


def stream_text(background: Background, turn: Turn, write: Callable[[str], object]) -> Message:
    """Write the answer's text as it comes and return the answer, whatever became of it.

    Raises ChatError when the turn was taken from the queue.
    """
    deltas: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    delta: str | None = background.call(turn.watch, deltas.put)
    while delta is not None:
        if delta:
            write(delta)
        delta = next_of(deltas)
    write("\n")
    return wait_for(turn)


def wait_for(turn: Turn) -> Message:
    """Wait for the turn's end and return its answer, whatever became of it; raises ChatError when it left the queue unasked."""
    try:
        return result_of(turn.future)
    except concurrent.futures.CancelledError:
        raise ChatError(
            "The question was taken from the queue before it was sent.", kind="cancelled", hint="Ask again."
        ) from None


@contextmanager
def stopping(background: Background, turn: Turn) -> Iterator[None]:
    """A KeyboardInterrupt anywhere in this block stops the turn (its request is closed, its partial saved) and is raised."""
    try:
        yield
    except KeyboardInterrupt:
        background.wait(turn.session.stop(turn))
        raise


def completed(message: Message) -> Message:
    """Return the answer if it is complete, else raise ChatError with it."""
    if message.status == "complete":
        return message
    error = message.error or ErrorInfo("cancelled", f"The answer was {message.status} before it was complete.", _KEPT)
    raise ChatError(error.text, kind=error.kind, hint=error.hint, message=message)
