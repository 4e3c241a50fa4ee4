"""DaemonThreads: the background loop's executor, whose threads never keep a process from ending.

Why not the standard one: the interpreter joins its threads at exit, so a keyring that waits to be unlocked, or a price table
that is being loaded, would keep a script or a kernel from exiting. Owns nothing but the threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

__all__ = ["DaemonThreads"]


class DaemonThreads(ThreadPoolExecutor):
    """A thread of its own for each call: they are few (a key, a server's start, a table) and may block for long.

    A ThreadPoolExecutor by type only, because asyncio takes no other as its default.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start `fn` on a new daemon thread."""
        future: Future[Any] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:
                    future.set_exception(error)

        threading.Thread(target=run, name="nbchat-blocking", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for nothing."""
