"""Tasks of the sessions: begun in a context of their own.

A task keeps the context that it was begun in for as long as it is kept itself; whoever asks a question may have large things in
its context variables, which must not live as long as a session's queue, its heartbeat or a finished turn.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["begin"]

T = TypeVar("T")


def begin(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Return the task that runs `coroutine` on this loop, in an empty context. The caller keeps it."""
    loop = asyncio.get_running_loop()
    return contextvars.Context().run(loop.create_task, coroutine)
