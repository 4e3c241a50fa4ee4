"""How somebody's function is run so that it can neither block nor end the loop: on a thread of its own, or as a task.

Owns threads, tasks and what becomes of exceptions; must not know why a function runs, or who waits for it.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

from nbchat.core.cancelling import CancelToken
from nbchat.core.tools import failure_text, result_text

__all__ = ["Outcome", "awaited", "in_thread"]

Outcome: TypeAlias = tuple[str, bool]
"""A result's text, and whether it is an error."""


def in_thread(function: Callable[[], Any], token: CancelToken, name: str) -> asyncio.Future[Any]:
    """Call `function` on a daemon thread of its own; the future gets the outcome, or what it gave that is yet to be awaited.

    Not the loop's executor: the loop may be closed before a tool returns, and its futures would complain of that.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def finish(outcome: Any) -> None:
        if token.cancelled and inspect.iscoroutine(outcome):
            outcome.close()
        if not future.done():
            future.set_result(outcome)

    def work() -> None:
        try:
            value = function()
            outcome = value if inspect.isawaitable(value) else (result_text(value), False)
        except BaseException as error:  # whatever it is, it was raised in a tool
            outcome = failure_text(error), True
        with suppress(RuntimeError):  # the loop was closed meanwhile: there is nobody to tell
            loop.call_soon_threadsafe(finish, outcome)

    try:
        threading.Thread(target=work, name=f"nbchat-tool-{name}", daemon=True).start()
    except RuntimeError as error:  # no more threads to be had
        finish((failure_text(error), True))
    return future


async def awaited(start: Callable[[], Awaitable[Any]], token: CancelToken, name: str) -> Outcome:
    """Return what comes of an awaitable. Nothing that it raises gets out: a SystemExit would end the loop."""
    try:
        value = await start()
        if isinstance(value, str):
            return result_text(value), False
        outcome: Outcome = await in_thread(lambda: result_text(value), token, name)  # may take long, and run any code
        return outcome
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and token.cancelled:
            raise
        return failure_text(error), True
