"""A server of which one address or another keeps its caller waiting, and an answer that is read from it meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from nbchat.core.errors import ProviderError
from nbchat.core.events import ProviderEvent, TextDelta
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import Provider
from nbchat.core.requests import ModelRequest
from nbchat.providers.endpoint import Endpoint
from nbchat.providers.retry import RetryPolicy
from tests.providers.raw_server import HELLO, Connection, RawServer, Script, framed, serving
from tests.support.clock import ManualClock

__all__ = ["CHAT", "LLAMA", "Answer", "Server", "js", "refusal", "run"]

REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))
LLAMA: dict[str, dict[str, Any]] = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
CHAT = "/v1/chat/completions"


def refusal(body: Any, extra: str = "", status: str = "503 Service Unavailable") -> bytes:
    """A response that refuses the request for now."""
    return framed([json.dumps(body).encode()], "length", head=status, kind="application/json", extra=extra)


def js(body: Any) -> bytes:
    """A response with this JSON."""
    return framed([json.dumps(body).encode()], "length", kind="application/json")


class Server:
    """Answers each address with the next of its responses, the last one for ever; None hangs until `go`."""

    def __init__(self, **answers: list[bytes | None]) -> None:
        self.answers = {"/" + path.replace("__", "/"): list(responses) for path, responses in answers.items()}
        self.asked: list[str] = []
        self.go = asyncio.Event()
        self.news = asyncio.Event()

    async def script(self, connection: Connection) -> None:
        """Serve one connection."""
        await connection.request()
        path = connection.head.split(" ")[1]
        self.asked.append(path)
        self.news.set()
        left = self.answers.get(path, [framed([b"{}"], "length", head="404 No")])
        response = left.pop(0) if len(left) > 1 else left[0]
        if response is None:
            left_alone = asyncio.ensure_future(connection.gone())
            going = asyncio.ensure_future(self.go.wait())
            await asyncio.wait({left_alone, going}, return_when=asyncio.FIRST_COMPLETED)
            left_alone.cancel(), going.cancel()
            response = framed(HELLO, "length")
        await connection.send(response)

    async def until(self, path: str, count: int) -> None:
        """Wait until this address was asked that often."""
        while self.asked.count(path) < count:
            self.news.clear()
            await self.news.wait()


class Answer:
    """One answer as it comes, read in a task."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.events: list[ProviderEvent] = []
        self.error: ProviderError | None = None
        self.news = asyncio.Event()
        self.task = asyncio.create_task(self._read(endpoint))

    async def _read(self, endpoint: Endpoint) -> None:
        try:
            async for batch in endpoint.stream(REQUEST):
                self.events += batch
                self.news.set()
        except ProviderError as error:
            self.error = error
        finally:
            self.news.set()
            await endpoint.aclose()

    async def until(self, kind: type[ProviderEvent], count: int = 1) -> Any:
        """Return the given one of the events of a kind once it came."""
        while len(found := [event for event in self.events if isinstance(event, kind)]) < count:
            assert not self.task.done(), f"ended without {kind.__name__}: {self.error}"
            self.news.clear()
            await self.news.wait()
        return found[count - 1]

    @property
    def text(self) -> str:
        """What came of the answer."""
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))


def run(
    server: Callable[[], Server],
    test: Callable[[Server, Answer, ManualClock, RawServer], Awaitable[None]],
    preset: str = "custom",
) -> None:
    """Play `test` while an answer of this server is read; the clock stands until the test turns it."""

    async def main() -> None:
        playing = server()
        script: Script = playing.script
        async with serving(script) as running:
            clock = ManualClock()
            provider = Provider("lab", running.base_url, preset)
            endpoint = Endpoint(lambda: provider, lambda: (provider, None), clock, retry=RetryPolicy(retries=1, jitter=0.0))
            await asyncio.wait_for(test(playing, Answer(endpoint), clock, running), 60)

    asyncio.run(main())
