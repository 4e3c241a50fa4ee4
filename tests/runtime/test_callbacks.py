"""People's callbacks."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from nbchat.runtime.callbacks import here


def test_callbacks_run_on_the_loop_that_registered_them() -> None:
    """In a kernel that is the main loop, where print reaches the notebook."""

    async def main() -> None:
        target, ran = here(), asyncio.Event()
        threads: list[int] = []

        def callback() -> None:
            threads.append(threading.get_ident())
            ran.set()

        threading.Thread(target=target.run, args=(callback,)).start()
        await asyncio.wait_for(ran.wait(), 30)
        assert threads == [threading.get_ident()]

    asyncio.run(main())


def test_without_a_loop_they_run_in_order_on_a_worker() -> None:
    """A script has no loop; order stays."""
    target, seen, done = here(), list[int](), threading.Event()
    for number in range(50):
        target.run(seen.append, number)
    target.run(done.set)
    assert done.wait(30)
    assert seen == list(range(50))


def test_a_closed_loop_falls_back_to_the_worker() -> None:
    """A target outlives the loop of `asyncio.run`."""

    async def main() -> object:
        return here()

    target, done = asyncio.run(main()), threading.Event()
    target.run(done.set)  # type: ignore[attr-defined]
    assert done.wait(30)


def test_a_loop_that_does_not_run_falls_back_to_the_worker() -> None:
    """A terminal's loop stands still between two cells; a callback cannot wait for the next one. Coroutines work there too."""

    async def main() -> object:
        return here()

    async def callback() -> None:
        await asyncio.sleep(0)
        done.set()

    loop, done = asyncio.new_event_loop(), threading.Event()
    try:
        target = loop.run_until_complete(main())
        target.run(callback)  # type: ignore[attr-defined]
        assert done.wait(30)
    finally:
        loop.close()


def test_one_that_raises_is_logged_and_the_next_one_runs(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in a callback reaches the log, nothing else."""
    target, done = here(), threading.Event()
    with caplog.at_level(logging.ERROR, "nbchat.callbacks"):
        target.run(lambda: 1 // 0)
        target.run(done.set)
        assert done.wait(30)
    assert "ZeroDivisionError" in caplog.text


def test_a_coroutine_function_is_awaited() -> None:
    """Async callbacks work on both kinds of target."""
    done = threading.Event()

    async def callback() -> None:
        await asyncio.sleep(0)
        done.set()

    here().run(callback)
    assert done.wait(30)
