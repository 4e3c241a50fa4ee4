"""StreamsThread: the one thread on which all SQL of this backend runs, and the futures that tell its callers.

Owns the thread, its connection's life, the moments at which it looks for what other kernels wrote, and the translation of every
failure into StreamsError. Must not know any table.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from nbchat.sessions.ports import Clock, StreamsError
from nbchat.streams.sqlite.file import StreamsFile
from nbchat.streams.sqlite.trouble import explain, forked, is_busy, is_damage

__all__ = ["Notices", "StreamsThread"]

_log = logging.getLogger("nbchat.streams")
T = TypeVar("T")
_Finish = Callable[[Any, BaseException | None], None]
_Job = tuple[Callable[[StreamsFile], Any], asyncio.Future[Any], _Finish] | Callable[[], None]
"""Work on the file, for somebody who waits for it; or a note, which needs no file."""

_BETWEEN_SECONDS = 0.005
"""The least between two looks that follow from own writes: a thousand a second would else be followed by as many."""
_AGAIN_SECONDS = 1.0
"""How long after trouble the file is tried again while somebody waits for news."""


class Notices(Protocol):
    """What this kernel wants to hear of. On the thread alone."""

    @property
    def pace(self) -> float | None:
        """How many seconds may pass before somebody must look; None when there is nothing to look for."""
        ...

    def look(self, file: StreamsFile) -> None:
        """Tell of what is new in the file."""
        ...

    def tick(self, file: StreamsFile) -> None:
        """Do what is due by the clock."""
        ...

    def back(self, file: StreamsFile) -> None:
        """The file is there again after trouble, or another one is in its place: tell of all that matters."""
        ...


class StreamsThread:
    """Runs jobs on the file, in order, and looks for news between them. The thread (a daemon: it must not keep a kernel from
    exiting) and the connection begin with the first job; after trouble the next one gets a new connection. It ends when each of
    its `users` has let go."""

    def __init__(self, path: Path, clock: Clock, notices: Notices, *, users: int = 1) -> None:
        self.path = path
        self._clock = clock
        self._notices = notices
        self._users = users
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._file: StreamsFile | None = None
        self._looked = 0.0
        self._postponed = False
        self._trouble = False
        self._damaged: tuple[int, int] | None = None

    async def run(self, work: Callable[[StreamsFile], T], then: Callable[[T], None] | None = None) -> T:
        """Hand over a job and await its result; raises what it raised, trouble with the file as StreamsError. A job whose caller
        gave up before it began is not done.

        `then` is called with the result on the loop, in order with what is told of the file, also when the caller is gone."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T, error: BaseException | None) -> None:
            if error is None and then is not None:
                then(result)
            if not future.done():  # else its caller was cancelled meanwhile
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)

        def finish(result: T, error: BaseException | None) -> None:
            with suppress(RuntimeError):  # the loop was closed; nobody waits any more
                loop.call_soon_threadsafe(settle, result, error)

        self._put((work, future, finish))
        return await future

    def note(self, note: Callable[[], None]) -> None:
        """Have this called on the thread, which then looks what there is to tell. Nothing after the end, or after a fork."""
        with suppress(StreamsError):
            self._put(note)

    def _put(self, job: _Job) -> None:
        if os.getpid() != self._pid:  # before the lock, which a thread of the parent may have held
            raise forked()
        with self._lock:
            if not self._users:
                raise StreamsError("the file of running answers was closed.", hint="Restart the kernel.")
            if self._thread is None:
                self._thread = self._start()
            self._queue.put(job)

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._work, name="nbchat-streams", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # Python 3.12 and later start none while the interpreter shuts down
            raise StreamsError("running answers cannot be shared any more: the process is ending.") from error
        return thread

    async def release(self) -> None:
        """One of the users lets go; after the last one the jobs that were handed over are finished and the thread ends."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            self._users -= 1
            last, thread = self._users == 0, self._thread
            if last:
                self._queue.put(None)
        if last and thread is not None and thread.is_alive():
            # No executor: at the interpreter's exit there is none any more. The shield keeps a cancelled caller from cancelling
            # what the thread will set.
            await asyncio.shield(asyncio.wrap_future(self._ended))

    def _work(self) -> None:
        while True:
            try:
                job = self._queue.get(timeout=self._pace())
            except queue.Empty:
                self._look()
                continue
            if job is None:
                break
            if isinstance(job, tuple):
                self._do(*job)
            else:
                job()
                self._look()
            del job  # it may hold a large answer, and must not live until the next one comes
        if self._file is not None:
            self._file.close()
        self._ended.set_result(None)

    def _pace(self) -> float | None:
        pace = self._notices.pace
        if pace is None or (self._file is not None and not self._postponed):
            return pace
        return _BETWEEN_SECONDS if self._file is not None else max(pace, _AGAIN_SECONDS)

    def _do(self, work: Callable[[StreamsFile], Any], future: asyncio.Future[Any], finish: _Finish) -> None:
        if future.cancelled():
            return
        try:
            result = work(self._open())
        except BaseException as error:
            finish(None, explain(error, str(self.path)))
            self._give_up(error)
        else:
            # Before the next look: whoever begins to follow is told of what comes after that moment.
            finish(result, None)
            self._postponed = time.monotonic() - self._looked < _BETWEEN_SECONDS
            if not self._postponed:
                self._look()

    def _look(self) -> None:
        """Tell of what this connection or another one wrote."""
        self._postponed = False
        if self._notices.pace is None:
            return
        self._looked = time.monotonic()
        try:
            file = self._open()
            if file.changed():
                file.wrote = True
            self._look_behind(file)
            self._notices.tick(file)
            self._look_behind(file)
        except Exception as error:
            _log.debug("the file of running answers cannot be read", exc_info=True)
            self._give_up(error)

    def _look_behind(self, file: StreamsFile) -> None:
        if file.wrote:
            self._notices.look(file)
            file.wrote = False  # where the look failed, the next one is at the same

    def _open(self) -> StreamsFile:
        if self._file is not None and self._file.moved():
            self._let_go()
        if self._file is None:
            try:
                self._file = StreamsFile(self.path, self._clock, damaged=self._damaged)
                self._damaged = None
            except BaseException:
                self._trouble = True
                raise
        if self._trouble:
            if self._notices.pace is not None:
                self._notices.back(self._file)
            self._trouble = False
        return self._file

    def _give_up(self, error: BaseException) -> None:
        """After what may be the file's fault, the next job gets a new connection."""
        if self._file is None or is_busy(error):
            return
        if isinstance(error, OSError) or type(error).__module__ == "sqlite3":
            self._damaged = self._file.identity if is_damage(error) else None
            self._let_go()

    def _let_go(self) -> None:
        assert self._file is not None
        self._file.close()
        self._file, self._trouble = None, True
