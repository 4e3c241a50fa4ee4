"""Writer: the one thread on which all SQL of a database runs, and the futures that tell its callers.

Owns the thread, its connection's life and the translation of every failure into StorageError. Must not know any table.
A job that was handed over is done, even when its caller is cancelled meanwhile; its future resolves after the commit.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from nbchat.core.errors import ChatError, StorageError
from nbchat.storage.database import Database
from nbchat.storage.place import Place
from nbchat.storage.trouble import explain, is_busy

__all__ = ["Writer"]

T = TypeVar("T")
_Finish = Callable[[Any, BaseException | None], None]
_Job = tuple[Callable[[Database], Any], _Finish]


class Writer:
    """Runs jobs on a database, in order. The thread (a daemon: it must not keep a kernel from exiting) and the connection
    begin with the first job; after a failure that may lie in the connection, the next job gets a new one."""

    def __init__(self, place: Place, connect: Callable[[Place], Database] = Database) -> None:
        self.place = place
        self._connect = connect
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._ended: concurrent.futures.Future[None] = concurrent.futures.Future()

    def submit(self, work: Callable[[Database], T]) -> concurrent.futures.Future[T]:
        """Hand over a job. Any thread; raises StorageError when closed, or in a forked child."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        future.set_running_or_notify_cancel()

        def finish(result: T, error: BaseException | None) -> None:
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self._put(work, finish)
        return future

    async def run(self, work: Callable[[Database], T]) -> T:
        """Hand over a job and await its result; raises what the job raised, database trouble as StorageError."""
        return await self.begin(work)

    def begin(self, work: Callable[[Database], T]) -> asyncio.Future[T]:
        """Hand over a job, ahead of all that come later, and return its result to be awaited. On a loop; raises StorageError
        where it cannot be handed over."""
        # By hand, and not by `submit` and `wrap_future`: every 250 ms of every answer passes here.
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def finish(result: T, error: BaseException | None) -> None:
            with suppress(RuntimeError):  # the loop was closed; nobody waits any more
                loop.call_soon_threadsafe(_settle, future, result, error)

        self._put(work, finish)
        return future

    def _put(self, work: Callable[[Database], Any], finish: _Finish) -> None:
        if os.getpid() != self._pid:  # before the lock, which a thread of the parent may have held
            raise StorageError(
                "this process was forked from one that has the database open, so it cannot save chats.",
                hint='Start the process with the "spawn" method instead.',
            )
        with self._lock:
            if self._closed:
                raise StorageError("the database was closed.", hint="Restart the kernel.")
            if self._thread is None:
                self._thread = self._start()
            self._queue.put((work, finish))

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._work, name="nbchat-store", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # Python 3.12 and later start none while the interpreter shuts down
            raise StorageError("the database cannot be opened any more: the process is ending.") from error
        return thread

    async def aclose(self) -> None:
        """Finish the jobs that were handed over, close the connection and end the thread; idempotent."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            self._closed = True
            thread = self._thread
            self._queue.put(None)
        if thread is not None and thread.is_alive():
            # No executor: at the interpreter's exit there is none any more. The shield keeps a cancelled caller from
            # cancelling what the thread will set.
            await asyncio.shield(asyncio.wrap_future(self._ended))

    def _work(self) -> None:
        db: Database | None = None
        while (job := self._queue.get()) is not None:
            work, finish = job
            del job  # a job may hold a large answer; it must not live until the next one comes
            try:
                if db is None:
                    db = self._connect(self.place)
                result = work(db)
            except BaseException as error:
                if db is not None and self._doubtful(error):
                    _close(db)
                    db = None
                finish(None, self._readable(error))
            else:
                finish(result, None)
                del result
            del work, finish
        if db is not None:
            _close(db)
        self._ended.set_result(None)

    def _doubtful(self, error: BaseException) -> bool:
        """Whether a new connection should be made: after what may be the file's fault, unless that would lose memory."""
        if self.place.in_memory or is_busy(error):
            return False
        return isinstance(error, StorageError | OSError) or type(error).__module__ == "sqlite3"

    def _readable(self, error: BaseException) -> BaseException:
        if isinstance(error, ChatError | LookupError | TypeError | ValueError | AttributeError):
            return error
        readable = explain(error, str(self.place))
        readable.__cause__ = error
        return readable


def _settle(future: asyncio.Future[T], result: T, error: BaseException | None) -> None:
    if future.done():  # its caller was cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _close(db: Database) -> None:
    try:
        db.close()
    except Exception:  # the file is what is in trouble; there is nothing left to save on this connection
        return
