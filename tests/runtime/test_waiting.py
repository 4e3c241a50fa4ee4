"""A wait is ended by a KeyboardInterrupt also where the signal does not wake it."""

from __future__ import annotations

import concurrent.futures
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from nbchat.runtime.loop import Background
from nbchat.runtime.waiting import next_of, result_of

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals for single threads")


@contextmanager
def noticed_by_another_thread() -> Iterator[None]:
    """Within it a SIGINT comes that another thread takes: it is noted for the main thread, and does not wake it. (As one that
    comes in the moment before the main thread sleeps.)"""
    entered = threading.Event()

    def take() -> None:
        entered.wait()
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever ran before, or started this
    taker = threading.Thread(target=take)
    taker.start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        threading.Timer(0.1, entered.set).start()  # the main thread sleeps by then
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        entered.set()
        taker.join()
        signal.signal(signal.SIGINT, handler)


async def _for_ever() -> None:
    import asyncio

    await asyncio.Event().wait()


def _of_the_loop() -> None:
    background = Background()
    try:
        background.wait(_for_ever())
    finally:
        background.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "wait",
    [
        pytest.param(lambda: result_of(concurrent.futures.Future[None]()), id="a future"),
        pytest.param(lambda: next_of(queue.SimpleQueue[None]()), id="a queue"),
        pytest.param(_of_the_loop, id="the loop"),
    ],
)
def test_an_interrupt_that_wakes_nobody_ends_the_wait(wait: Callable[[], object]) -> None:
    """It is late by a slice at most; a wait without end would sleep for good."""
    with noticed_by_another_thread(), pytest.raises(KeyboardInterrupt):
        wait()


def test_results_errors_and_time_limits() -> None:
    """As the future's own `result`; an error that is a TimeoutError itself is no time limit."""
    done: concurrent.futures.Future[int] = concurrent.futures.Future()
    with pytest.raises(concurrent.futures.TimeoutError):
        result_of(done, 0)
    threading.Timer(0.05, done.set_result, [7]).start()
    assert result_of(done) == 7
    assert result_of(done, 0) == 7
    failed: concurrent.futures.Future[int] = concurrent.futures.Future()
    failed.set_exception(TimeoutError("its own"))
    with pytest.raises(TimeoutError, match="its own"):
        result_of(failed)
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    items.put(1)
    assert next_of(items) == 1
