"""Reach: the shared backend as this kernel reaches it: connected when first needed, never waited for without end, each
trouble told once.

Owns the knowledge whether the backend works. Must not know what is sent there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from nbchat.core.errors import BusyError, ConfigError, ErrorInfo, UsageError
from nbchat.sessions.ports import Clock, EventTransport, JobStore, LogGapError, StreamsError
from nbchat.sessions.tasks import begin, within

__all__ = ["ASK_SECONDS", "Reach", "TroubleListener"]

T = TypeVar("T")
Side = Literal["read", "write"]
TroubleListener = Callable[[ErrorInfo | None], None]
ASK_SECONDS = 1.0
"""How long anybody waits for the backend: the promise is that its trouble holds nobody up for longer."""
SEND_SECONDS = 5.0
"""How long the courier does, for whom nobody waits."""
_AGAIN_SECONDS = 1.0
_CLOSE_SECONDS = 0.5
_HINT = "Answers go on in this kernel and are saved; nothing needs to be done when this is over."
_log = logging.getLogger("nbchat.streams")


class Reach:
    """`jobs` and `log` of the backend that kernels share. `on_trouble(info)` is called on the loop when it stops working, and
    when that has another cause, `on_trouble(None)` when it works again."""

    def __init__(self, jobs: JobStore, log: EventTransport, clock: Clock, on_trouble: TroubleListener | None = None) -> None:
        self.jobs = jobs
        self.log = log
        self._clock = clock
        self._on_trouble = on_trouble
        self._broken: dict[Side, ErrorInfo] = {}
        self._told: ErrorInfo | None = None
        self._ready = False
        self._connecting: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def trouble(self) -> ErrorInfo | None:
        """What is wrong with the backend; None while it works."""
        return self._told

    async def ask(self, work: Callable[[], Awaitable[T]], otherwise: T) -> T:
        """Return what `work` gives within a second (who asks first waits another one for the connection); `otherwise` when the
        backend is in trouble, at once while that is known."""
        if "read" in self._broken or self._closed:
            return otherwise
        try:
            if not await self._connects():
                return otherwise
            return await self.call(work, ASK_SECONDS, side="read")
        except StreamsError:
            return otherwise

    async def call(self, work: Callable[[], Awaitable[T]], seconds: float = SEND_SECONDS, *, side: Side = "write") -> T:
        """Return what `work` gives; raises StreamsError when the backend is in trouble, and LogGapError, UsageError and BusyError
        as it does."""
        try:
            result = await within(seconds, self._connected(work, seconds))
        except (LogGapError, UsageError, BusyError):
            self._works(side)
            raise
        except TimeoutError:
            raise self._fails(side, StreamsError(f"it did not answer within {seconds:g} s.")) from None
        except ConfigError as error:
            raise self._fails(side, StreamsError(error.text, hint=error.hint)) from error
        except StreamsError as error:
            raise self._fails(side, error) from None
        self._works(side)
        return result

    async def _connected(self, work: Callable[[], Awaitable[T]], seconds: float) -> T:
        await self._connect(seconds)
        return await work()

    async def _connect(self, seconds: float) -> None:
        """Connect when that is first needed; raises TimeoutError where it takes longer, and goes on with it."""
        if self._ready:
            return
        if self._connecting is None or self._connecting.done():
            self._connecting = begin(self.jobs.initialize())
            self._connecting.add_done_callback(lambda task: task.cancelled() or task.exception())  # said to who waits
        await asyncio.wait([self._connecting], timeout=seconds)
        if not self._connecting.done():
            raise TimeoutError
        self._connecting.result()
        self._ready = True

    async def _connects(self) -> bool:
        """Whether there is a connection within a second: the first one loads a client. Raises StreamsError."""
        try:
            await self._connect(ASK_SECONDS)
        except TimeoutError:
            return False
        except (ConfigError, StreamsError) as error:
            raise self._fails("read", StreamsError(error.text, hint=error.hint)) from error
        return True

    def nothing_to_send(self) -> None:
        """What could not be sent is not wanted any more."""
        self._works("write")

    async def close(self) -> None:
        """Release the backend; idempotent."""
        self._closed = True
        for task in (self._looking, self._connecting):
            if task is not None:
                task.cancel()
        closing = (within(_CLOSE_SECONDS, each.close()) for each in (self.log, self.jobs))
        for result in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(result, Exception):
                _log.debug("the shared streams could not be closed in order", exc_info=result)

    # ------------------------------------------------------------ trouble

    def _fails(self, side: Side, error: StreamsError) -> StreamsError:
        text = f"Other kernels cannot follow or stop what runs here: {error.text}"
        self._broken[side] = ErrorInfo("storage", text, error.hint or _HINT)
        if side == "read" and not self._closed and (self._looking is None or self._looking.done()):
            self._looking = begin(self._look())
        self._tell()
        return error

    def _works(self, side: Side) -> None:
        if self._broken.pop(side, None) is not None:
            self._tell()

    async def _look(self) -> None:
        """Find out when it works again: whoever was turned away does not come back for it. (What is sent is sent again.)"""
        while "read" in self._broken:
            await self._clock.sleep(_AGAIN_SECONDS)
            try:
                await self.call(self.jobs.get_running_jobs, ASK_SECONDS, side="read")
            except StreamsError:
                continue
            except Exception:
                _log.exception("the shared streams could not be looked at")

    def _tell(self) -> None:
        now = next(iter(self._broken.values()), None)
        before, self._told = self._told, now
        if before == now:
            return
        if before is None and now is not None:
            _log.warning("the shared streams are in trouble: %s", now.text)
        if self._on_trouble is not None:
            try:
                self._on_trouble(now)
            except Exception:
                _log.exception("a listener for trouble with the streams failed")
