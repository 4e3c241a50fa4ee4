"""Patience: code of values runs on threads of its own, and is waited for so long and no longer.

Owns the threads. Who waits is never blocked beyond the time given; code that has not come back by then is told to end by an
exception (which ends a loop in Python, and not a call that sleeps), and is not begun again for the same value while it runs.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

__all__ = ["Job", "Late", "finished"]

_log = logging.getLogger("nbchat.notebook")


class Late(Exception):  # noqa: N818 - it says when, and is nobody's error
    """It was not done in time."""


class _Ended(BaseException):
    """Raised in code that nobody waits for any more."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done about a value."""

    value: Any
    do: Callable[[], Any]


_running: dict[int, threading.Thread] = {}
"""By the value's id, which is its own as long as the thread holds it: what was not done in time."""


async def finished(jobs: Sequence[Job], patience: Awaitable[None]) -> list[Any]:
    """Do all jobs at once; return what each gave or raised, as soon as all are done or `patience` is over: Late for the rest."""
    begun = [(job, *_begin(job)) for job in jobs]
    done = asyncio.gather(*(asyncio.wrap_future(future) for _, _, future in begun), return_exceptions=True)
    ends: set[asyncio.Future[Any]] = {done, asyncio.ensure_future(patience)}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        results: list[Any] = []
        for job, thread, future in begun:
            results.append(_result(job, thread, future))
        return results
    finally:
        for end in ends:
            end.cancel()
        await asyncio.wait(ends)


def _begin(job: Job) -> tuple[threading.Thread | None, Future[Any]]:
    future: Future[Any] = Future()
    if (thread := _running.get(id(job.value))) is not None and thread.is_alive():
        future.set_exception(Late())
        return None, future

    def run() -> None:
        try:
            result = job.do()
        except BaseException as error:
            _settle(future, error=error)
        else:
            _settle(future, result)

    thread = threading.Thread(target=run, name="nbchat-context", daemon=True)
    thread.start()
    return thread, future


def _settle(future: Future[Any], result: Any = None, *, error: BaseException | None = None) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(result) if error is None else future.set_exception(error)


def _result(job: Job, thread: threading.Thread | None, future: Future[Any]) -> Any:
    if future.done() and not future.cancelled():
        return future.exception() or future.result()
    for ident in [ident for ident, each in list(_running.items()) if not each.is_alive()]:
        del _running[ident]
    if thread is not None and thread.is_alive():
        _running[id(job.value)] = thread
        _end(thread)
    return Late()


def _end(thread: threading.Thread) -> None:
    """Raise in the thread what ends it when it next runs Python."""
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_Ended))
    _log.debug("what describes a value took too long")
