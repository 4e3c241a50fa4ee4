"""KeyFunction: a person's function that gives a key that does not live long; asked before each request.

Owns that it is opaque, bounded in time, called once at a time, and that what goes wrong in it shows no secret. It caches nothing:
how long a token holds is what the function knows. Must not know where keys are looked up.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable
from typing import Any

from nbchat.core.errors import ConfigError
from nbchat.core.secrets import Secret

__all__ = ["KeyFunction"]

SECONDS = 10.0
"""How long a call may take, the wait for an earlier one included."""


class KeyFunction:
    """A plain function without arguments that returns the key, as a str or a Secret.

    Kept in a closure: its repr could show what it was made of (`functools.partial` does), and tracebacks print variables.
    """

    __slots__ = ("_call", "_lock")

    def __init__(self, function: Callable[[], str | Secret]) -> None:
        self._call: Callable[[], Any] = lambda: function()  # noqa: PLW0108 - the closure is what hides it
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "KeyFunction(***)"

    def key(self, provider: str) -> Secret:
        """Call the function on a thread of its own and return its key; blocks for `SECONDS` at most.

        Raises ConfigError when it takes longer, raises, or returns no key; its own error is named by its type alone.
        """
        key, trouble = self._ask(SECONDS)
        if key:
            return key
        raise ConfigError(
            f"The function that gives the key of “{provider}” {trouble}.",
            hint="Call it yourself to see what it does; nbchat calls it on a thread, without arguments, before each request.",
        )

    def _ask(self, seconds: float) -> tuple[Secret | None, str]:
        """Return the key, or what went wrong; whoever comes meanwhile waits for the end of the call."""
        end = time.monotonic() + seconds
        late = f"did not answer within {seconds:g} s"
        if not self._lock.acquire(timeout=seconds):
            return None, late
        done = threading.Event()
        outcome: list[tuple[Secret | None, str]] = []

        def run() -> None:
            try:
                outcome.append(_made_of(self._call()))
            except BaseException as error:  # also SystemExit: it is this thread's alone
                outcome.append((None, f"raised {type(error).__name__}"))
            finally:
                self._lock.release()
                done.set()

        threading.Thread(target=run, name="nbchat-key", daemon=True).start()
        return outcome[0] if done.wait(max(end - time.monotonic(), 0)) else (None, late)


def _made_of(given: Any) -> tuple[Secret | None, str]:
    """Return what a function returned as a key, or why it is none; no frame that an error could show holds it after this."""
    if isinstance(given, str | Secret):
        key = given if isinstance(given, Secret) else Secret(given)
        return (key, "") if key else (None, "returned an empty key")
    if inspect.iscoroutine(given):
        given.close()
        return None, "is a coroutine function; a plain function is needed"
    return None, f"returned {type(given).__name__} instead of a key"
