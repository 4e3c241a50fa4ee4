"""Tasks: begun in a context of their own, or bounded in time.

A task keeps the context that it was begun in for as long as it is kept itself; whoever asks a question may have large things in
its context variables, which must not live as long as a session's queue, its heartbeat or a finished turn.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

from nbchat.sessions.ports import Clock

__all__ = ["begin", "until", "within"]

T = TypeVar("T")


def begin(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Return the task that runs `coroutine` on this loop, in an empty context. The caller keeps it."""
    loop = asyncio.get_running_loop()
    return contextvars.Context().run(loop.create_task, coroutine)


async def until(happened: asyncio.Event, seconds: float, clock: Clock) -> None:
    """Wait until this has happened, but at most so many seconds; then it may happen again."""
    waits = (asyncio.ensure_future(happened.wait()), asyncio.ensure_future(clock.sleep(seconds)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
    happened.clear()


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` gives; raises TimeoutError after so many seconds. Nothing of it runs on when this returns.

    Not `asyncio.wait_for`, which up to Python 3.11 loses a cancellation that comes in the moment of success.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
    if task.cancelled():
        raise TimeoutError(f"nothing came within {seconds:g} s")
    return task.result()
