"""Background: the one daemon thread whose asyncio loop does all network and all session work.

Owns the thread's life: made once per process, never inherited by a forked child, ended within 2 s at exit. Must not know
what runs on it.

Why a thread: a cell that blocks (`time.sleep`, a fit, a plot) blocks the kernel's own loop; tokens must keep arriving.
Why daemon: a non-daemon thread stops the kernel from ever exiting.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from nbchat.core.errors import KernelLoopError
from nbchat.runtime.process import once_per_process
from nbchat.runtime.threads import DaemonThreads
from nbchat.runtime.waiting import result_of

__all__ = ["Background", "background"]

T = TypeVar("T")
_EXIT_SECONDS = 2.0
_log = logging.getLogger("nbchat.runtime")


class Background:
    """A thread with a loop, and the ways to reach it from any other thread."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(DaemonThreads())
        self._exit_hooks: list[Callable[[], Awaitable[None]]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nbchat", daemon=True)
        self._thread.start()
        self._started.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.call_soon(self._started.set)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    @property
    def on_loop(self) -> bool:
        """Whether the caller runs on the loop's own thread."""
        return threading.get_ident() == self._thread.ident

    @property
    def alive(self) -> bool:
        """Whether this thread is of this process and still runs."""
        return self.pid == os.getpid() and self._thread.is_alive() and not self.loop.is_closed()

    def post(self, function: Callable[..., Any], *args: Any) -> None:
        """Run `function` on the loop soon; its exceptions are logged. Any thread; never blocks."""
        self.loop.call_soon_threadsafe(self._guarded, function, args)

    @staticmethod
    def _guarded(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            function(*args)
        except Exception:
            _log.exception("a call posted to the background loop failed")

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """Run the quick, synchronous `function` on the loop and return its result (or raise what it raised)."""
        if self.on_loop:
            return function(*args)
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                done.set_result(function(*args))
            except BaseException as error:
                done.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return result_of(done)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start `coroutine` on the loop and return a future that any thread may wait for."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Start `coroutine` from any thread and keep it until it ends; its exception is logged."""
        self.post(self._spawn, coroutine)

    def _spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._spawned)

    def _spawned(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a background task failed", exc_info=error)

    def wait(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run `coroutine` on the loop and block until it ends; a KeyboardInterrupt cancels it and is raised.

        Raises KernelLoopError on the loop's own thread (it would wait for itself), TimeoutError after `timeout` seconds.
        """
        try:
            self.check_may_block()
        except KernelLoopError:
            coroutine.close()
            raise
        future = self.submit(coroutine)
        try:
            return result_of(future, timeout)
        except concurrent.futures.TimeoutError:
            if future.done():  # the coroutine's own
                raise
            future.cancel()
            raise TimeoutError(f"nothing came of it within {timeout} s.") from None  # before Python 3.11 the two differ
        except BaseException:
            future.cancel()
            raise

    def check_may_block(self) -> None:
        """Raise KernelLoopError on the loop's own thread, where whoever waits for the loop waits for ever."""
        if self.on_loop:
            raise KernelLoopError(
                "A blocking call was made on nbchat's own thread, which it would block for ever.",
                hint="Inside a callback or tool that runs there, use the async form: `await session.aask(...)`.",
            )

    def at_exit(self, hook: Callable[[], Awaitable[None]]) -> None:
        """Run the async `hook` on the loop before it stops (all hooks together have 2 s)."""
        self._exit_hooks.append(hook)

    def close(self) -> None:
        """Run the exit hooks, cancel what is left, stop the loop and join the thread; at most 2 s, idempotent."""
        if not self.alive or self.on_loop:
            return
        try:
            asyncio.run_coroutine_threadsafe(self._shut_down(), self.loop).result(_EXIT_SECONDS)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            _log.warning("the background loop did not end in time")
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_EXIT_SECONDS)

    async def _shut_down(self) -> None:
        for hook in reversed(self._exit_hooks):
            try:
                await hook()
            except Exception:
                _log.exception("an exit hook failed")
        self._exit_hooks.clear()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.loop.shutdown_asyncgens()
        await self.loop.shutdown_default_executor()


def background() -> Background:
    """Return this process's background loop, starting it when there is none (also in a forked child)."""
    return once_per_process("background", _start, lambda found: found.alive)


def _start() -> Background:
    started = Background()
    atexit.register(started.close)
    return started
