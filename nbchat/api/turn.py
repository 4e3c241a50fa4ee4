"""Turn: the handle of one question and its answer."""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

from nbchat.core.errors import ChatError
from nbchat.core.messages import Message
from nbchat.notebook.plain import completed
from nbchat.runtime.waiting import check_may_await, next_of, result_of

if TYPE_CHECKING:
    from nbchat.runtime.loop import Background
    from nbchat.sessions.turn import Turn as CoreTurn

__all__ = ["Turn"]

_SLICE = 0.1
"""Seconds; an `await` cell is woken this often, because SIGINT does not wake a sleeping loop."""


class Turn:
    """One question and its answer, as `s.send`, `edit`, `regenerate` and `resume` return it, and `s.turn`.

    `result(timeout)` or `await turn` waits for the answer; `for delta in turn`, or `async for`, yields its text as it comes;
    `text` and `message` have what has come, `done` says whether that is all; `stop()` keeps it. `id` is known in all kernels.
    """

    def __init__(self, turn: CoreTurn, background: Background) -> None:
        self._turn = turn
        self._background = background

    @property
    def id(self) -> str:
        """The turn's id; its job's stream id too."""
        return self._turn.id

    @property
    def done(self) -> bool:
        """Whether the turn has ended (or was removed from the queue)."""
        return self._turn.future.done()

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return self._turn.content.text

    @property
    def message(self) -> Message | None:
        """The answer: final when the turn is done, else what has come so far; None while the turn waits in the queue."""
        answer = self._turn.answer
        if answer is None or self._turn.status == "ended":
            return answer
        return answer.with_parts(self._turn.content.parts)

    def stop(self) -> None:
        """Stop this turn (or take it from the queue); returns when its request is closed and its partial saved."""
        self._background.wait(self._turn.session.stop(self._turn))

    def result(self, timeout: float | None = None) -> Message:
        """Wait for the answer and return it.

        Raises ChatError, with the partial in `.message`, when the turn did not complete; TimeoutError after `timeout`
        seconds (the turn goes on). A KeyboardInterrupt stops the turn and is raised.
        """
        self._background.check_may_block()
        self._refuse_own_call()
        try:
            return completed(result_of(self._turn.future, timeout))
        except concurrent.futures.CancelledError:
            raise _removed() from None
        except concurrent.futures.TimeoutError:
            raise TimeoutError(f"The answer was not complete after {timeout} s; the turn goes on.") from None
        except KeyboardInterrupt:
            self.stop()
            raise

    def _refuse_own_call(self) -> None:
        if not self.done:
            self._turn.session.tools.refuse_own_call()

    def __await__(self) -> Generator[Any, None, Message]:
        return self._wait().__await__()

    async def _wait(self) -> Message:
        check_may_await()
        self._refuse_own_call()
        future = asyncio.wrap_future(self._turn.future)
        try:
            while not future.done():
                await asyncio.wait({future}, timeout=_SLICE)
            return completed(future.result())
        except asyncio.CancelledError:
            if self._turn.future.cancelled():
                raise _removed() from None
            raise

    def __iter__(self) -> Iterator[str]:
        """Yield the answer's text as it comes; raises at the end as `result` does. A KeyboardInterrupt stops the turn."""
        self._background.check_may_block()
        self._refuse_own_call()
        deltas: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        try:
            if first := self._background.call(self._turn.watch, deltas.put):
                yield first
            while (delta := next_of(deltas)) is not None:
                yield delta
        except KeyboardInterrupt:
            self.stop()
            raise
        finally:
            self._background.post(self._turn.unwatch, deltas.put)
        self.result()

    async def __aiter__(self) -> AsyncIterator[str]:
        """Yield the answer's text as it comes; raises at the end as `result` does."""
        check_may_await()
        self._refuse_own_call()
        deltas: asyncio.Queue[str | None] = asyncio.Queue()
        put = _put_on(asyncio.get_running_loop(), deltas)
        first = self._background.call(self._turn.watch, put)
        try:
            if first:
                yield first
            while (delta := await deltas.get()) is not None:
                yield delta
        finally:
            self._background.post(self._turn.unwatch, put)
        await self

    def __repr__(self) -> str:
        message = self.message
        state = "waits" if message is None else message.status
        return f"<Turn {self._turn.text[:40]!r}: {state}, {len(self.text)} characters>"


def _put_on(loop: asyncio.AbstractEventLoop, deltas: asyncio.Queue[str | None]) -> Callable[[str | None], None]:
    def put(delta: str | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(deltas.put_nowait, delta)

    return put


def _removed() -> ChatError:
    return ChatError("The turn was removed from the queue before it began.", kind="cancelled", hint="Ask again.")
