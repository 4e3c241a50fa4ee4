"""Gate: a point at which a scripted answer waits until a test lets it go on."""

from __future__ import annotations

import asyncio
import threading
import time

__all__ = ["Gate"]


class Gate:
    """A turnstile between a test and the server: each `release()` lets one waiting step pass, `open()` all of them for good.

        gate = Gate()
        with ScriptedServer(Reply.text("one two three", gate=gate)) as server:
            nbchat.add_provider("test", base_url=server.base_url, api_key=server.api_key)
            turn = nbchat.session("t", model="test/any").send("hi")
            gate.release()         # the first token leaves
            gate.wait_reached(2)   # and the server waits before the second
            turn.stop()

    Safe from any thread. Nothing sleeps: a token leaves when it is released.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._permits = 0
        self._open = False
        self._reached = 0
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def release(self, steps: int = 1) -> None:
        """Let this many steps pass, now or when they come."""
        with self._changed:
            self._permits += steps
        self._wake()

    def open(self) -> None:
        """Let everything pass from now on."""
        with self._changed:
            self._open = True
        self._wake()

    @property
    def reached(self) -> int:
        """How many steps have come to this gate so far, those that passed it included."""
        with self._changed:
            return self._reached

    def wait_reached(self, steps: int, timeout: float = 30.0) -> None:
        """Block until this many steps have come to the gate; raises TimeoutError after `timeout` seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while self._reached < steps:
                if not self._changed.wait(end - time.monotonic()) and self._reached < steps:
                    raise TimeoutError(f"{self._reached} of {steps} steps came to the gate within {timeout} s")

    async def passage(self) -> None:
        """Wait for a permit and use it up; one that is cancelled uses none. Called by the server."""
        loop = asyncio.get_running_loop()
        with self._changed:
            self._reached += 1
            self._changed.notify_all()
        while True:
            with self._changed:
                if self._open or self._permits:
                    self._permits -= not self._open
                    return
                waiter = loop, loop.create_future()
                self._waiting.append(waiter)
            try:
                await waiter[1]
            finally:
                with self._changed:
                    if waiter in self._waiting:
                        self._waiting.remove(waiter)

    def _wake(self) -> None:
        with self._changed:
            waiting, self._waiting = self._waiting, []
        for loop, future in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve, future)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
