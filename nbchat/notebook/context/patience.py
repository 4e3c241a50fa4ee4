"""Patience: code of values runs on threads of its own, and is waited for so long and no longer.

Owns the threads. Who waits is never blocked beyond the time given; code that has not come back by then is told to end by an
exception (which ends a loop in Python, and not a call that sleeps), and is not begun again for the same value while it runs.
"""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

__all__ = ["Job", "Late", "finished"]


class Late(Exception):  # noqa: N818 - it says when, and is nobody's error
    """It was not done in time."""


class _Ended(BaseException):
    """Raised in code that nobody waits for any more."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done about a value."""

    value: Any
    do: Callable[[], Any]


class _Worker(threading.Thread):
    """Does one job; never keeps a process from ending."""

    def __init__(self, job: Job) -> None:
        super().__init__(name="nbchat-context", daemon=True)
        self.future: Future[Any] = Future()
        self._job = job
        self._ending = threading.Lock()
        self._over = False

    def run(self) -> None:
        """Settle the future with what the job gives or raises."""
        try:
            try:
                _settle(self.future, self._job.do())
            except BaseException as error:
                _settle(self.future, error=error)
            with self._ending:
                self._over = True
        except BaseException:  # told to end, as late as that
            return

    def end(self) -> None:
        """Raise in the job what ends it when it next runs Python; never in another thread that has this one's number since."""
        with self._ending:
            if not self._over and self.ident is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(_Ended))


_late: dict[int, _Worker] = {}
"""Who still works on a value that took too long, by the value's id, which is its own as long as somebody works on it."""


async def finished(jobs: Sequence[Job], patience: Awaitable[None]) -> list[Any]:
    """Do all jobs at once; return what each gave or raised, as soon as all are done or `patience` is over: Late for the rest."""
    workers = [None if _is_late(job.value) else _Worker(job) for job in jobs]
    futures = [asyncio.wrap_future(worker.future) for worker in workers if worker is not None]
    for worker in workers:
        if worker is not None:
            worker.start()
    ends: list[asyncio.Future[Any]] = [asyncio.gather(*futures, return_exceptions=True), asyncio.ensure_future(patience)]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for job, worker in zip(jobs, workers, strict=True):
            if worker is not None and not worker.future.done():
                _late[id(job.value)] = worker
                worker.end()
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)  # which takes their errors: asyncio prints those that nobody took
    return [Late() if worker is None else _result(worker.future) for worker in workers]


def _is_late(value: Any) -> bool:
    for number in [number for number, worker in list(_late.items()) if not worker.is_alive()]:
        _late.pop(number, None)
    return id(value) in _late


def _settle(future: Future[Any], result: Any = None, *, error: BaseException | None = None) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(result) if error is None else future.set_exception(error)


def _result(future: Future[Any]) -> Any:
    if future.cancelled() or not future.done():
        return Late()
    error = future.exception()
    return future.result() if error is None else error
