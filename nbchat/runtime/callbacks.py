"""Runs callbacks that people gave: on the loop of the thread that registered them while it runs (in a kernel: the main one,
where `print` reaches the notebook), else on one worker thread, in order.

A callback that raises is logged; one that blocks delays only later callbacks; none can touch a stream.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["CallbackTarget", "here"]

_log = logging.getLogger("nbchat.callbacks")


class CallbackTarget:
    """A place to run callbacks: a loop and the context in which they were registered."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._context = contextvars.copy_context()

    def run(self, callback: Callable[..., Any], *args: Any) -> None:
        """Run `callback(*args)` there soon. Any thread; never blocks, never raises. A coroutine function is awaited."""
        loop = self._loop
        # A loop that does not run (a terminal's, between two cells) would keep the callback for ever, perhaps.
        if loop is not None and loop.is_running():
            try:
                loop.call_soon_threadsafe(_guarded, loop, callback, args, context=self._context.copy())
                return
            except RuntimeError:  # closed between the check and the call
                self._loop = None
        _worker().put((self._context.copy(), None, callback, args))


def _guarded(loop: asyncio.AbstractEventLoop | None, callback: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        result = callback(*args)
        if asyncio.iscoroutine(result):
            if loop is None:
                asyncio.run(result)
            else:
                task = loop.create_task(result)
                _pending.add(task)
                task.add_done_callback(_settled)
    except Exception:
        _log.exception("a callback given to nbchat raised")


_pending: set[asyncio.Task[Any]] = set()


def _settled(task: asyncio.Task[Any]) -> None:
    _pending.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("a callback given to nbchat raised", exc_info=error)


def here() -> CallbackTarget:
    """Return the target for callbacks registered by the calling thread: its running loop if there is one."""
    try:
        return CallbackTarget(asyncio.get_running_loop())
    except RuntimeError:
        return CallbackTarget(None)


_lock = threading.Lock()
_queues: dict[int, queue.SimpleQueue[Any]] = {}


def _worker() -> queue.SimpleQueue[Any]:
    pid = os.getpid()  # a forked child has the parent's queue but not its thread
    with _lock:
        tasks = _queues.get(pid)
        if tasks is None:
            tasks = _queues[pid] = queue.SimpleQueue()
            threading.Thread(target=_work, args=(tasks,), name="nbchat-callbacks", daemon=True).start()
        return tasks


def _work(tasks: queue.SimpleQueue[Any]) -> None:
    while True:
        context, loop, callback, args = tasks.get()
        context.run(_guarded, loop, callback, args)
