"""Waiting: blocking waits that a KeyboardInterrupt always ends, and what awaiting takes.

Owns the slices. A signal that comes in the moment in which a thread begins to wait for a lock is noted, but does not end that
wait: CPython looks for signals before it, and is woken only by those that come during it. (So one in some thousands is lost, as
`python -m nbchat.demo` showed.) A wait without end would miss Ctrl-C for good; one in slices is late by a moment.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import time
from typing import TypeVar

from nbchat.core.errors import KernelLoopError

__all__ = ["check_may_await", "next_of", "result_of"]

T = TypeVar("T")
_SLICE = 0.5
"""Seconds: how late a KeyboardInterrupt may be."""


def result_of(future: concurrent.futures.Future[T], timeout: float | None = None) -> T:
    """Return the future's result, or raise what it raised; raises concurrent.futures.TimeoutError after `timeout` seconds (then
    the future is not done)."""
    end = float("inf") if timeout is None else time.monotonic() + timeout
    while True:
        try:
            return future.result(max(min(end - time.monotonic(), _SLICE), 0))
        except concurrent.futures.TimeoutError:
            if future.done():
                return future.result()  # it came in the last moment; or this is an error of its own
            if time.monotonic() >= end:
                raise


def next_of(items: queue.SimpleQueue[T]) -> T:
    """Return the next item, waiting for it."""
    while True:
        try:
            return items.get(timeout=_SLICE)
        except queue.Empty:
            continue


def check_may_await() -> None:
    """Raise KernelLoopError where no asyncio loop runs, as under trio: what awaits there cannot be woken."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise KernelLoopError(
            "Awaiting an answer needs a running asyncio loop, and there is none here.",
            hint="In trio: `await trio.to_thread.run_sync(session.ask, question)`; in a script: `session.ask(question)`.",
        ) from None
