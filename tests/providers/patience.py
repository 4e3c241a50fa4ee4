"""What tests of attempts and deadlines share: a reader in a task of its own, and servers that refuse or stall."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nbchat.core.errors import ProviderError
from nbchat.core.events import ProviderEvent
from nbchat.core.messages import Message, TextPart
from nbchat.core.requests import ModelRequest
from nbchat.providers.endpoint import Endpoint, Timeouts
from nbchat.providers.retry import RetryPolicy
from tests.providers.raw_server import Connection, RawServer, Script, framed, serving

__all__ = ["HEAD", "LIMITS", "REQUEST", "STEADY", "Reader", "refusal", "replies", "run", "stalling"]

REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))
STEADY = RetryPolicy(jitter=0.0)


class Reader:
    """Reads one answer in a task, so that a test can wait for an event and then turn the clock."""

    def __init__(self, provider: Endpoint) -> None:
        self.events: list[ProviderEvent] = []
        self.error: ProviderError | None = None
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._read(provider))

    async def _read(self, provider: Endpoint) -> None:
        try:
            async for batch in provider.stream(REQUEST):
                self.events += batch
                self._news.set()
        except ProviderError as error:
            self.error = error
        finally:
            self._news.set()
            await provider.aclose()

    async def until(self, kind: type[ProviderEvent], count: int = 1) -> ProviderEvent:
        """Return the given one of the events of a kind once it came."""
        while sum(isinstance(event, kind) for event in self.events) < count:
            assert not self._task.done(), f"ended without {kind.__name__}: {self.error}"
            self._news.clear()
            await self._news.wait()
        return [event for event in self.events if isinstance(event, kind)][count - 1]

    async def end(self) -> ProviderError | None:
        """Wait for the end and return its error."""
        await self._task
        return self.error

    @property
    def ended(self) -> bool:
        """Whether the answer is over."""
        return self._task.done()

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


def run(script: Script | bytes, test: Callable[[RawServer], Awaitable[None]]) -> None:
    async def main() -> None:
        async with serving(script) as server:
            await asyncio.wait_for(test(server), 60)

    asyncio.run(main())


def replies(*responses: bytes) -> Script:
    """Answer each connection with the next response; the last one answers all that follow."""
    left = list(responses)

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return script


def refusal(status: str, extra: str = "", body: bytes = b'{"error":{"message":"later"}}') -> bytes:
    return framed([body], "length", head=status, kind="application/json", extra=extra)


LIMITS = Timeouts(first_token=300, between_tokens=120, after_finish=10, error_body=10)


def stalling(*pieces: bytes) -> tuple[Script, asyncio.Event]:
    """Send the pieces and then nothing; the event is set when all is sent."""
    sent = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        for piece in pieces:
            await connection.send(piece)
        sent.set()
        await connection.gone()

    return script, sent


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
