"""CancelToken: how a running tool learns that nobody waits for it any more. A thread cannot be killed, but it can look.

Owns the flag alone; who sets it, and when, is the sessions' matter.
"""

from __future__ import annotations

import threading

from nbchat.core.errors import ChatError, ErrorKind

__all__ = ["CancelToken", "ToolCancelled"]


class ToolCancelled(ChatError):  # noqa: N818 - what happened, and nobody's fault
    """The turn that called this tool was stopped; whatever the tool gives now is discarded."""

    kind: ErrorKind = "cancelled"


class CancelToken:
    """Given to a tool that has a parameter of this type: whether its turn was stopped. Safe to use from any thread.

    def count(token: nbchat.CancelToken) -> int:
        for n in range(10**9):
            token.check()
        return n
    """

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def __repr__(self) -> str:
        return f"<CancelToken {'cancelled' if self.cancelled else 'live'}>"

    @property
    def cancelled(self) -> bool:
        """Whether the turn was stopped."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Say that nobody waits any more. Idempotent."""
        self._event.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep for so many `seconds` (None: for ever) or until the turn is stopped; returns whether it was. Blocks the thread:
        in an async tool use `asyncio.sleep`, which a stop ends by itself."""
        return self._event.wait(seconds)

    def check(self) -> None:
        """Raise ToolCancelled when the turn was stopped."""
        if self.cancelled:
            raise ToolCancelled("The turn that called this tool was stopped.")
